//! TLS: the certificate that the daemon shows, and its exchange while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::fault::{Fault, Result};
use crate::secret::ExposeSecret as _;
use crate::settings::secrets;
use crate::settings::serve::Tls;

/// The certificate as configured. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Certificate {
    tls: Tls,
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// One of them cannot be had, or they do not belong together.
    pub fn read(tls: &Tls) -> Result<Self> {
        Ok(Self {
            shown: Arc::new(Shown(RwLock::new(load(tls)?))),
            tls: tls.clone(),
        })
    }

    /// Reads them again. New connections are shown what was read; when it cannot be, what was shown
    /// before.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn reload(&self) -> Result<()> {
        let new = load(&self.tls)?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// What makes TLS 1.2 or 1.3 of a connection.
    ///
    /// # Errors
    /// The cryptography of this build has neither.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map_err(|error| {
                Fault::failed("tls", "This build has no TLS that is safe.").caused_by(error)
            })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shown) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().map_or_else(
        || Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        Arc::clone,
    )
}

fn load(tls: &Tls) -> Result<Arc<CertifiedKey>> {
    let place = format!("[serve] tls, {}", tls.certificate.display());
    let refused = |what: &str| Fault::input("tls", what).at(&place);
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| refused("The certificate cannot be read.").caused_by(error))?;
    if certificates.is_empty() {
        return Err(refused("The file holds no certificate.")
            .hint("it has to hold a block `-----BEGIN CERTIFICATE-----`"));
    }
    let pem = secrets::resolve(&tls.key)?;
    // The cause is left out: it could quote what the file holds.
    let key = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| {
        Fault::input("tls", "The key is not a private key in PEM.")
            .at(format!("[serve] tls, {}", tls.key))
            .hint("it has to hold a block `-----BEGIN PRIVATE KEY-----`")
    })?;
    CertifiedKey::from_der(certificates, key, &provider())
        .map(Arc::new)
        .map_err(|error| refused("Certificate and key cannot be used together.").caused_by(error))
}
