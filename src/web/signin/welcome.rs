//! The page that an invitation leads to: a passphrase and an authenticator app, once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;
use serde_json::json;

use super::{shown, signed_in, with_refusal};
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::signin::Ticket;
use crate::web::visit::{Client, Fields};
use crate::web::{Web, page};

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Path(ticket): Path<String>,
) -> Response {
    if let Err(fault) = web.signin.admit(from) {
        return page::fault(&web, None, &fault);
    }
    form(&web, &ticket, None).await
}

#[derive(Deserialize)]
pub(super) struct Entered {
    #[serde(deserialize_with = "super::secret")]
    passphrase: SecretString,
    #[serde(deserialize_with = "super::secret")]
    again: SecretString,
    code: String,
}

pub(super) async fn enrol(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Path(text): Path<String>,
    Fields(entered): Fields<Entered>,
) -> Response {
    if let Err(fault) = web.signin.admit(from) {
        return page::fault(&web, None, &fault);
    }
    if entered.passphrase.expose_secret() != entered.again.expose_secret() {
        let fault = Fault::input("passphrase", "The two passphrases differ.");
        return form(&web, &text, Some(&fault)).await;
    }
    let Some(ticket) = Ticket::parse(&text) else {
        return form(&web, &text, None).await;
    };
    let enrolled = web.wait_hashing(move |signin| {
        signin.enrol(&ticket, &entered.passphrase, &entered.code, from)
    });
    match enrolled.await {
        Ok(opened) => signed_in(&web, &headers, &opened, "/").await,
        Err(fault) => form(&web, &text, Some(&fault)).await,
    }
}

async fn form(web: &Arc<Web>, text: &str, refused: Option<&Fault>) -> Response {
    let welcome = match Ticket::parse(text) {
        Some(ticket) => web.wait(move |signin| signin.welcome(&ticket)).await,
        None => Err(Fault::input("no-invitation", "This is no invitation.")
            .hint("open the whole link, as an administrator gave it to you")),
    };
    let welcome = match welcome {
        Ok(welcome) => welcome,
        Err(fault) => return page::fault(web, None, &fault),
    };
    let picture = match picture(&welcome.url) {
        Ok(picture) => picture,
        Err(fault) => return page::fault(web, None, &fault),
    };
    let page = json!({
        "title": "Welcome",
        "name": welcome.person.name,
        "expires": shown(web, Some(welcome.expires)),
        "action": format!("/welcome/{text}"),
        "picture": picture,
        "secret": welcome.secret,
    });
    with_refusal(web, "welcome", page, refused)
}

/// A QR code, black on white whatever the page's colours: phones read no other.
fn picture(text: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| {
        Fault::failed("picture", "The picture for the app could not be drawn.").caused_by(error)
    })?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(232, 232)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    Ok(format!(
        "data:image/svg+xml;base64,{}",
        STANDARD.encode(drawn)
    ))
}
