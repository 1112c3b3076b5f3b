//! Sending: mail over SMTP through lettre. Only what was approved, to whom a person said.

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::Outgoing;
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret as _, SecretString};

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`; without it nothing is sent.
    StartTls,
    /// None; allowed on loopback only.
    None,
}

/// The mail server.
#[derive(Debug)]
pub struct Server {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub security: Security,
    /// User and password.
    pub login: Option<(String, SecretString)>,
}

/// A mail that is ready to go: exactly these bytes are kept as evidence and sent.
#[derive(Debug, Clone)]
pub struct Mail {
    message: Message,
    /// Its Message-ID, chosen before it leaves so that a crash cannot send it twice unseen.
    pub message_id: String,
}

impl Mail {
    /// Builds the mail for what goes out of an approved text.
    ///
    /// # Errors
    /// An address that is not one.
    pub fn compose(
        outgoing: &Outgoing,
        from: &str,
        to: &[String],
        message_id: &str,
    ) -> Result<Self> {
        let mut builder = Message::builder()
            .from(mailbox(from)?)
            .subject(crate::hostile::one_line(&outgoing.subject, 200))
            .message_id(Some(message_id.to_owned()));
        if to.is_empty() {
            return Err(Fault::input("no-recipient", "A mail needs a recipient.")
                .hint("name one with `--to`"));
        }
        for address in to {
            builder = builder.to(mailbox(address)?);
        }
        let message = builder
            .header(ContentType::TEXT_PLAIN)
            .body(outgoing.body.clone())
            .map_err(|error| {
                Fault::failed("mail", "The mail could not be built.").caused_by(error)
            })?;
        Ok(Self {
            message,
            message_id: message_id.to_owned(),
        })
    }

    /// The bytes that go over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        self.message.formatted()
    }
}

/// Whether a mail can be sent from, or to, this address.
///
/// # Errors
/// It is not one.
pub fn check_address(address: &str) -> Result<()> {
    mailbox(address).map(|_| ())
}

fn mailbox(address: &str) -> Result<Mailbox> {
    address
        .parse()
        .map_err(|error: lettre::address::AddressError| {
            Fault::input("address", "This is not a mail address.")
                .at(address.escape_debug())
                .caused_by(error)
        })
}

impl Server {
    /// Hands the mail to the server; the answer is what the server said.
    ///
    /// # Errors
    /// The server cannot be reached or refuses. A fault with code `mail-unclear` means that the
    /// server may have taken it: look for the Message-ID there before sending again.
    pub async fn send(&self, mail: &Mail) -> Result<String> {
        let transport = self.transport()?;
        let response = transport
            .send(mail.message.clone())
            .await
            .map_err(|error| {
                // A permanent or transient refusal is an answer; anything else may have happened after DATA.
                if error.is_permanent() || error.is_transient() {
                    Fault::failed("mail-refused", "The mail server refused the mail.")
                        .at(&self.host)
                        .caused_by(error)
                } else {
                    Fault::failed("mail-unclear", "The mail server gave no clear answer.")
                        .at(&self.host)
                        .caused_by(error)
                        .hint(format!(
                            "look for Message-ID {} in the server's log before sending again",
                            mail.message_id
                        ))
                }
            })?;
        let lines: Vec<&str> = response.message().collect();
        Ok(format!("{} {}", response.code(), lines.join(" ")))
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>> {
        let relay = |result: Result<
            lettre::transport::smtp::AsyncSmtpTransportBuilder,
            lettre::transport::smtp::Error,
        >| {
            result.map_err(|error| {
                Fault::input("mail", "The mail server cannot be used.")
                    .at(&self.host)
                    .caused_by(error)
            })
        };
        let builder = match self.security {
            Security::Tls => relay(AsyncSmtpTransport::<Tokio1Executor>::relay(&self.host))?,
            Security::StartTls => relay(AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(
                &self.host,
            ))?,
            Security::None if matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1") => {
                AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            }
            Security::None => {
                return Err(
                    Fault::input("mail", "Mail without TLS is sent on loopback only.")
                        .at(&self.host)
                        .hint("set `security = \"tls\"` or `\"starttls\"`"),
                );
            }
        };
        let builder = builder
            .port(self.port)
            .timeout(Some(std::time::Duration::from_mins(1)));
        Ok(match &self.login {
            Some((user, password)) => builder
                .credentials(Credentials::new(
                    user.clone(),
                    password.expose_secret().to_owned(),
                ))
                .build(),
            None => builder.build(),
        })
    }
}
