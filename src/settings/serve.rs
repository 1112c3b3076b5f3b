//! `[serve]`: where the daemon listens, with which certificate, and how others reach it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fault::{Fault, Result};
use crate::secret::SecretRef;

/// Where the daemon listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// Address and port. Without `tls` it speaks plain HTTP, and then on loopback only.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// The certificate that it shows.
    pub tls: Option<Tls>,
    /// How people reach its pages: `https://cordon.company.example`. Alerts link to it.
    pub public_url: Option<String>,
    /// Who reads `/metrics` from another machine sends this as a bearer token.
    pub metrics_token: Option<SecretRef>,
    /// How long a message is kept after it is settled.
    #[serde(default = "default_days")]
    pub keep_messages_days: u16,
}

/// A certificate and its key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate and those between it and its authority, PEM. Relative to the configuration.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: SecretRef,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: default_listen(),
            tls: None,
            public_url: None,
            metrics_token: None,
            keep_messages_days: default_days(),
        }
    }
}

const fn default_days() -> u16 {
    90
}

fn default_listen() -> String {
    "127.0.0.1:8470".to_owned()
}

impl Serve {
    /// The address, as it was checked when the file was read.
    ///
    /// # Errors
    /// It is none, or other machines reach it and would be answered without TLS.
    pub fn address(&self) -> Result<SocketAddr> {
        let address: SocketAddr = self.listen.parse().map_err(|error| {
            Fault::input("config", "[serve] `listen` is not an address with a port.")
                .at(self.listen.escape_debug())
                .caused_by(error)
                .hint("write `127.0.0.1:8470`")
        })?;
        if address.ip().is_loopback() || self.tls.is_some() {
            return Ok(address);
        }
        Err(Fault::input(
            "config",
            "[serve] `listen` is an address that other machines reach, and there is no `tls`.",
        )
        .at(address)
        .hint("give `tls` a certificate and its key")
        .hint("or listen on 127.0.0.1, and put a proxy with TLS in front of it"))
    }

    /// Where people reach the pages, without a slash at its end.
    ///
    /// # Errors
    /// It is no address of the web, or one whose pages could be read on the way.
    pub fn public_url(&self) -> Result<Option<String>> {
        let Some(text) = &self.public_url else {
            return Ok(None);
        };
        let refused = |why: &str| {
            Fault::input("config", format!("[serve] `public_url` {why}."))
                .at(text.escape_debug())
                .hint("write `https://cordon.company.example`")
        };
        let url = url::Url::parse(text)
            .map_err(|error| refused("is not an address of the web").caused_by(error))?;
        let here = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(refused("names no host")),
        };
        if url.scheme() != "https" && !(here && url.scheme() == "http") {
            return Err(refused("does not begin with https://"));
        }
        let extra = url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
            || url.path() != "/";
        if extra {
            return Err(refused("has more than scheme, host and port"));
        }
        Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Takes a relative certificate as one beside the configuration.
    pub(super) fn beside(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls
            && tls.certificate.is_relative()
        {
            tls.certificate = folder.join(&tls.certificate);
        }
    }

    /// What can be checked without files and secrets.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let days = || {
            let what = "[serve] `keep_messages_days` is at least 1.";
            (self.keep_messages_days > 0)
                .then_some(())
                .ok_or_else(|| Fault::input("config", what))
        };
        let checked = self.address().map(drop);
        checked
            .and_then(|()| self.public_url().map(drop))
            .and_then(|()| days())
            .map_err(|fault| {
                let inner = fault.place().unwrap_or_default().to_owned();
                fault.at(format!("{} [serve] {inner}", path.display()))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_one_whose_pages_nobody_reads_on_the_way() {
        let url = |text: &str| {
            let serve = Serve {
                public_url: Some(text.to_owned()),
                ..Serve::default()
            };
            serve.public_url().map_err(|fault| fault.to_string())
        };
        for (given, taken) in [
            (
                "https://cordon.company.example",
                "https://cordon.company.example",
            ),
            (
                "https://company.example:8443/",
                "https://company.example:8443",
            ),
            ("http://127.0.0.1:8470", "http://127.0.0.1:8470"),
            ("http://localhost:8470", "http://localhost:8470"),
        ] {
            assert_eq!(url(given).unwrap().as_deref(), Some(taken));
        }
        for refused in [
            "cordon.company.example",
            "http://cordon.company.example",
            "ftp://cordon.company.example",
            "https://user:secret@cordon.company.example",
            "https://cordon.company.example/?next=a",
            "https://cordon.company.example/#a",
            "https://company.example/cordon/",
            "mailto:desk@company.example",
            "",
        ] {
            assert!(url(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn other_machines_are_answered_over_tls_only() {
        let tls = Some(Tls {
            certificate: "cert.pem".into(),
            key: SecretRef::Env("KEY".into()),
        });
        let address = |listen: &str, tls: &Option<Tls>| {
            let serve = Serve {
                listen: listen.to_owned(),
                tls: tls.clone(),
                ..Serve::default()
            };
            serve.address().is_ok()
        };
        for listen in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:127.0.0.1]:1"] {
            assert!(!address(listen, &None), "{listen}");
            assert!(address(listen, &tls), "{listen}");
        }
        assert!(address("127.0.0.1:1", &None) && address("[::1]:1", &None));
    }
}
