//! The conversation with the mail server, step by step: what the server has taken, what it has not,
//! and where nobody can know.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use super::Mail;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::secret::{ExposeSecret as _, SecretString};

/// How long the server may take to be ready for the text (RFC 5321, 4.5.3.2.1 to .4).
const READY: Duration = Duration::from_mins(5);
/// How long it may take to answer to the text (RFC 5321, 4.5.3.2.6).
const TAKEN: Duration = Duration::from_mins(10);
/// The longest answer that is kept, characters.
const REPLY: usize = 500;

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
    /// A certificate authority of the company beside those of the system, PEM.
    pub ca: Option<Vec<u8>>,
    /// User and password.
    pub login: Option<(String, SecretString)>,
}

/// How a handing over ended. Each but the last is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server took it: its code, and its words with its queue id. Hostile text.
    Taken(String),
    /// It was not taken, and may be later: the server said 4xx or was not reached. Hostile text.
    Later(String),
    /// It was not taken, and will not be: the server said 5xx. Hostile text.
    Refused(String),
    /// The whole text was on its way and no answer came: the server may have it, or not.
    Unclear(String),
}

impl Server {
    /// Hands the mail to the server.
    ///
    /// # Errors
    /// Only what is wrong before anything is said: plain mail beyond loopback, or a certificate authority
    /// that cannot be read.
    pub async fn send(&self, mail: &Mail) -> Result<Answer> {
        let loopback = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.security == Security::None && !loopback {
            return Err(
                Fault::input("mail", "Mail without TLS is sent on loopback only.")
                    .at(&self.host)
                    .hint("set `security = \"tls\"` or `\"starttls\"`"),
            );
        }
        let tls = match self.security {
            Security::None => None,
            Security::Tls | Security::StartTls => Some(self.tls()?),
        };
        let ready = tokio::time::timeout(READY, self.ready(mail, tls)).await;
        let mut connection = match ready {
            Err(_) => return Ok(Answer::Later("the server was not ready in time".to_owned())),
            Ok(Err(error)) => return Ok(before_text(&error)),
            Ok(Ok(connection)) => connection,
        };
        // From here on the server may have it without our knowing.
        let taken = tokio::time::timeout(TAKEN, connection.message(mail.bytes())).await;
        let answer = match taken {
            Err(_) => Answer::Unclear("no answer came in time after the text".to_owned()),
            Ok(Err(error)) if error.is_transient() => Answer::Later(told(&error)),
            Ok(Err(error)) if error.is_permanent() => Answer::Refused(told(&error)),
            Ok(Err(error)) => Answer::Unclear(told(&error)),
            Ok(Ok(response)) => Answer::Taken(reply(&response)),
        };
        // What the answer was stands, whatever becomes of the farewell.
        let _ = tokio::time::timeout(Duration::from_secs(5), connection.quit()).await;
        Ok(answer)
    }

    /// Everything up to the server's word that it waits for the text. Nothing is taken before.
    async fn ready(
        &self,
        mail: &Mail,
        tls: Option<TlsParameters>,
    ) -> std::result::Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let hello = ClientId::default();
        let at_once = tls.clone().filter(|_| self.security == Security::Tls);
        let address = (self.host.as_str(), self.port);
        let within = Some(Duration::from_mins(1));
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, within, &hello, at_once, None).await?;
        if let Some(tls) = tls.filter(|_| self.security == Security::StartTls) {
            connection.starttls(tls, &hello).await?;
        }
        if let Some((user, password)) = &self.login {
            let login = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &login).await?;
        }
        let from = From::new(mail.envelope.from().cloned(), Vec::new());
        connection.command(from).await?;
        for one in mail.envelope.to() {
            // One recipient that is refused stops the mail for all: a part of a sending is no sending.
            connection
                .command(Rcpt::new(one.clone(), Vec::new()))
                .await?;
        }
        connection.command(Data).await?;
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters> {
        let bad = |error: lettre::transport::smtp::Error| {
            Fault::input("mail", "The mail server cannot be used.")
                .at(&self.host)
                .caused_by(error)
        };
        let mut builder: TlsParametersBuilder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.ca {
            let authority = Certificate::from_pem(pem).map_err(|error| {
                Fault::input(
                    "mail-ca",
                    "The certificate authority of the mail server cannot be read.",
                )
                .at("[mail] ca")
                .caused_by(error)
                .hint("give a certificate as PEM")
            })?;
            builder = builder.add_root_certificate(authority);
        }
        builder.build().map_err(bad)
    }
}

fn before_text(error: &lettre::transport::smtp::Error) -> Answer {
    if error.is_permanent() {
        Answer::Refused(told(error))
    } else {
        Answer::Later(told(error))
    }
}

/// The error with its causes, one line.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    one_line(&text, REPLY)
}

fn reply(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    one_line(&format!("{} {}", response.code(), lines.join(" ")), REPLY)
}
