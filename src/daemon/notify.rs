//! Tells systemd how the daemon stands: one datagram to the socket that it names (sd_notify(3)).

use std::os::unix::net::UnixDatagram;

/// Sends one state, such as `READY=1`. Without a socket, or with one that does not listen, nothing
/// happens: that is the manager's affair and stops nobody.
pub(super) fn say(state: &str) {
    if let Some(socket) = crate::settings::notify_socket() {
        send(&socket, state).ok();
    }
}

/// What tells systemd, twice in the time that it asks for, that whoever waits on this still comes round.
pub(super) struct Watchdog(Option<tokio::time::Interval>);

impl Watchdog {
    /// Silent unless systemd asks.
    pub(super) fn new() -> Self {
        Self(crate::settings::watchdog().map(|within| tokio::time::interval(within / 2)))
    }

    /// Says once more that we live, when it is time.
    pub(super) async fn alive(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
                say("WATCHDOG=1");
            }
            None => std::future::pending().await,
        }
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
