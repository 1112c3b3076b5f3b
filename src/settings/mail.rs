//! The mail server for notices, who signs and for whom is encrypted.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fault::{Fault, Result};
use crate::notice::send::{Security, Server, dkim, domain_of, seal};
use crate::secret::SecretRef;

/// The most that is read of a certificate or key of a recipient, bytes.
const KEY: u64 = 1 << 20;

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `tls` (from the first byte), `starttls`, or `none` (loopback only).
    #[serde(default = "default_security")]
    pub security: String,
    /// The sender.
    pub from: String,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretRef>,
    /// A certificate authority of the company, `file:PATH`.
    pub ca: Option<Public>,
    /// Who signs for the sender's domain.
    pub dkim: Option<Dkim>,
    /// For whom mail is encrypted.
    #[serde(default, rename = "recipient")]
    pub recipients: Vec<Recipient>,
    /// Where what comes back is filed.
    pub bounces: Option<Bounces>,
}

/// The signature for the sender's domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that signs: that of the sender, or one above it.
    pub domain: String,
    /// Under which name its public half stands there.
    pub selector: String,
    /// The private key, PEM.
    pub key: SecretRef,
}

/// A recipient with a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// A certificate, PEM or DER.
    pub smime: Option<Public>,
    /// An OpenPGP public key.
    pub pgp: Option<Public>,
}

/// The maildir for what comes back.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounces {
    /// A maildir, with `new` and `cur` in it.
    pub folder: PathBuf,
}

/// Who may approve and who may send.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Whoever approved a notice does not send it too.
    #[serde(default)]
    pub sender_is_not_approver: bool,
    /// Whoever wrote a text as it stands does not approve it.
    #[serde(default)]
    pub author_is_not_approver: bool,
}

/// A file that is no secret: `file:PATH`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Public(PathBuf);

impl TryFrom<String> for Public {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Self(PathBuf::from(path))),
            _ => Err(format!(
                "`{}` names no file: write `file:PATH`",
                text.escape_debug()
            )),
        }
    }
}

impl Public {
    fn read(&self) -> Result<Vec<u8>> {
        let failed =
            || Fault::input("config", "A file of [mail] cannot be read.").at(self.0.display());
        let about = std::fs::metadata(&self.0).map_err(|error| failed().caused_by(error))?;
        if !about.is_file() || about.len() > KEY {
            return Err(failed().hint("it is no file, or larger than a key or certificate is"));
        }
        std::fs::read(&self.0).map_err(|error| failed().caused_by(error))
    }
}

fn default_security() -> String {
    "tls".to_owned()
}

impl Mail {
    /// A path that is not absolute is meant beside the configuration.
    pub(super) fn beside(&mut self, folder: &Path) {
        let mut files: Vec<&mut PathBuf> = self.ca.iter_mut().map(|file| &mut file.0).collect();
        for one in &mut self.recipients {
            files.extend(one.smime.iter_mut().map(|file| &mut file.0));
            files.extend(one.pgp.iter_mut().map(|file| &mut file.0));
        }
        files.extend(self.bounces.iter_mut().map(|bounces| &mut bounces.folder));
        for file in files {
            *file = folder.join(&*file);
        }
    }

    /// What can be told to be wrong before anything is sent.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let bad = |what: String| Fault::input("config", what).at(path.display());
        let from = domain_of(&self.from)?;
        if let Some(dkim) = &self.dkim {
            let domain = dkim.domain.to_ascii_lowercase();
            if from != domain && !from.ends_with(&format!(".{domain}")) {
                let what =
                    format!("[mail.dkim] signs for `{domain}`, and the sender is of `{from}`.");
                return Err(bad(what)
                    .hint("sign for the domain of `from`, or receivers count it for nothing"));
            }
        }
        for one in &self.recipients {
            crate::notice::send::check_address(&one.address)?;
            if one.smime.is_some() == one.pgp.is_some() {
                let what = format!(
                    "[[mail.recipient]] `{}` needs one key.",
                    one.address.escape_debug()
                );
                return Err(bad(what).hint("give `smime` or `pgp`, not both"));
            }
        }
        Ok(())
    }

    /// The mail server as configured.
    ///
    /// # Errors
    /// No such protection, or a password or file that cannot be had.
    pub fn server(&self) -> Result<Server> {
        let security = match self.security.as_str() {
            "tls" => Security::Tls,
            "starttls" => Security::StartTls,
            "none" => Security::None,
            other => {
                let what = format!("`{}` is no way to protect mail.", other.escape_debug());
                return Err(Fault::input("config", what)
                    .at("[mail] security")
                    .hint("write tls, starttls, or none on loopback"));
            }
        };
        let login = match (&self.user, &self.password) {
            (Some(user), Some(password)) => {
                Some((user.clone(), super::secrets::resolve(password)?))
            }
            _ => None,
        };
        Ok(Server {
            host: self.host.clone(),
            port: self.port,
            security,
            ca: self.ca.as_ref().map(Public::read).transpose()?,
            login,
        })
    }

    /// Who signs for the sender's domain.
    ///
    /// # Errors
    /// The key cannot be had or used.
    pub fn signer(&self) -> Result<Option<dkim::Signer>> {
        let of = |dkim: &Dkim| {
            let key = super::secrets::resolve(&dkim.key)?;
            dkim::Signer::new(&dkim.domain, &dkim.selector, &key)
        };
        self.dkim.as_ref().map(of).transpose()
    }

    /// The keys of recipients.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn keys(&self) -> Result<Vec<seal::RecipientKey>> {
        let mut keys = Vec::new();
        for one in &self.recipients {
            let forms = [(seal::Form::Smime, &one.smime), (seal::Form::Pgp, &one.pgp)];
            for (form, file) in forms {
                if let Some(file) = file {
                    keys.push(seal::RecipientKey {
                        address: one.address.clone(),
                        form,
                        bytes: file.read()?,
                    });
                }
            }
        }
        Ok(keys)
    }
}
