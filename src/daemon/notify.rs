//! Tells systemd how the daemon stands: one datagram to the socket that it names (sd_notify(3)).

use std::os::unix::net::UnixDatagram;

/// Sends one state, such as `READY=1`. Without a socket, or with one that does not listen, nothing
/// happens: that is the manager's affair and stops nobody.
pub(super) fn say(state: &str) {
    if let Some(socket) = crate::settings::notify_socket() {
        send(&socket, state).ok();
    }
}

fn send(socket: &str, state: &str) -> std::io::Result<()> {
    let from = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return from.send_to_addr(state.as_bytes(), &address).map(drop);
    }
    from.send_to(state.as_bytes(), socket).map(drop)
}
