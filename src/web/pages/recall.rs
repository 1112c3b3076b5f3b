//! The page behind a recall link: whoever has the link takes a departure back, once, without a sign-in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::fault::Result;
use crate::id::CaseId;
use crate::secret::SecretString;
use crate::web::desk::reason;
use crate::web::look::blocking;
use crate::web::shown::{When, Words};
use crate::web::visit::{Client, Fields};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    case: CaseId,
    expires: When,
    action: String,
}

#[derive(Debug, Serialize)]
struct Done {
    title: &'static str,
    case: CaseId,
    stopped: bool,
    /// Doors that had been closed; a person opens them again.
    doors: usize,
    /// Where they do it, after a sign-in.
    undo: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entered {
    reason: String,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Path(token): Path<String>,
) -> Response {
    if let Err(fault) = web.signin.admit(from) {
        return page::fault(&web, None, &fault);
    }
    let (app, secret) = (Arc::clone(&web.app), SecretString::from(token.clone()));
    match blocking(move || app.recall_behind(&secret)).await {
        Ok((case, expires)) => {
            let words = Words::new(web.pages.zone(), web.app.clock.now());
            let page = Page {
                title: "Take a departure back",
                case,
                expires: words.when(expires),
                action: crate::web::shown::path(&["recall", &token]),
            };
            page::answer(&web, None, "recall", &page)
        }
        Err(fault) => page::fault(&web, None, &fault),
    }
}

pub(super) async fn take_back(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Path(token): Path<String>,
    Fields(entered): Fields<Entered>,
) -> Response {
    match redeem(&web, from, token, &entered.reason).await {
        Ok(done) => page::answer(&web, None, "recalled", &done),
        Err(fault) => page::fault(&web, None, &fault),
    }
}

async fn redeem(
    web: &Arc<Web>,
    from: Option<std::net::IpAddr>,
    token: String,
    why: &str,
) -> Result<Done> {
    web.signin.admit(from)?;
    let (app, why) = (Arc::clone(&web.app), reason(why)?);
    let runtime = tokio::runtime::Handle::current();
    let recalled =
        blocking(move || runtime.block_on(app.redeem_recall(&SecretString::from(token), &why)))
            .await?;
    Ok(Done {
        title: "The departure was taken back",
        undo: super::undo::at(&recalled.case),
        case: recalled.case,
        stopped: recalled.stopped,
        doors: recalled.undo.len(),
    })
}
