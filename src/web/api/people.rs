//! Who can sign in, and tokens: seen and taken away.
//!
//! What makes a way in, an invitation, a break-glass code or a token, is not here: with it, a token that
//! was stolen would outlive its revocation. People make these in the pages and at the terminal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Asked, Nothing, Paged};
use super::{Operation, now};
use crate::access::{Ability, Via};
use crate::fault::{Fault, Result};
use crate::signin::Standing;
use crate::signin::token::Token;
use crate::time::Timestamp;

/// Somebody.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Somebody {
    /// Their name, as the configuration has it.
    name: String,
}

/// A token, without the cases that it is for: whoever reads may not know of them.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenLine {
    /// The beginning of its digest.
    id: String,
    /// What it is for. Hostile text.
    name: String,
    /// Whom it acts for.
    person: String,
    /// The role that it acts in.
    role: String,
    /// For how many cases it is; `null` for every case of the person.
    cases: Option<usize>,
    /// When it was made.
    made: Timestamp,
    /// Until when it is good.
    expires: Timestamp,
    /// When it was last used, to the minute.
    used: Option<Timestamp>,
}

impl From<Token> for TokenLine {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            person: token.person,
            role: token.role,
            cases: token.cases.map(|cases| cases.len()),
            made: token.made,
            expires: token.expires,
            used: token.used,
        }
    }
}

/// What was taken away.
#[derive(Debug, Serialize, JsonSchema)]
struct Revoked {
    /// Whose access, or which token.
    revoked: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Administer, SeeBrief, SeeProgram};
    vec![
        Operation::get::<Paged<Standing>>(
            "/people",
            "list_people",
            "Who can sign in, how far they are, and their last sign-in.",
            SeeProgram,
            people,
        )
        .paged(),
        Operation::post::<Somebody, Revoked>(
            "/people/revoke",
            "revoke_person",
            "Take away everything that somebody could sign in with, their sessions and tokens too.",
            Administer,
            |asked| now(revoke(&asked)),
        ),
        Operation::get::<Paged<TokenLine>>(
            "/tokens",
            "list_tokens",
            "Every token: whose, in which role, until when, and when it was last used.",
            SeeProgram,
            |asked| tokens(asked, None),
        )
        .paged(),
        Operation::post::<Nothing, Revoked>(
            "/tokens/{token}/revoke",
            "revoke_token",
            "Revoke anybody's token.",
            Administer,
            |asked| now(revoke_token(&asked, None)),
        ),
        Operation::get::<Paged<TokenLine>>(
            "/me/tokens",
            "list_own_tokens",
            "The tokens of whoever asks.",
            SeeBrief,
            |asked| tokens(asked, Some(asked.name()?)),
        )
        .paged(),
        Operation::post::<Nothing, Revoked>(
            "/me/tokens/{token}/revoke",
            "revoke_own_token",
            "Revoke a token of whoever asks, also the one that asks.",
            SeeBrief,
            |asked| {
                now(asked
                    .name()
                    .and_then(|name| revoke_token(&asked, Some(name))))
            },
        ),
    ]
}

/// A token for some cases tells and does nothing beside them.
fn for_all_cases(asked: &Asked) -> Result<()> {
    match asked.principal()?.via {
        Via::Token { cases: Some(_), .. } => {
            let what = "This token is for some cases, and this is about none of them.";
            Err(Fault::input("may-not", what).hint("ask with a token for every case"))
        }
        _ => Ok(()),
    }
}

fn people(asked: &Asked) -> Result<Value> {
    for_all_cases(asked)?;
    asked.page(&asked.web.signin.standing()?, |one| one.name.clone())
}

fn revoke(asked: &Asked) -> Result<Value> {
    for_all_cases(asked)?;
    let Somebody { name } = asked.body()?;
    asked.web.signin.revoke(&name, asked.name()?)?;
    Ok(json!(Revoked { revoked: name }))
}

fn tokens(asked: &Asked, of: Option<&str>) -> Result<Value> {
    for_all_cases(asked)?;
    let tokens = asked.web.signin.tokens(of)?.into_iter();
    let tokens: Vec<TokenLine> = tokens.map(TokenLine::from).collect();
    asked.page(&tokens, |one| one.id.clone())
}

fn revoke_token(asked: &Asked, of: Option<&str>) -> Result<Value> {
    asked.body::<Nothing>()?;
    let (id, by) = (asked.param("token"), asked.name()?);
    if asked.token()? != id {
        for_all_cases(asked)?;
    }
    let revoked = asked.web.signin.revoke_token(id, of, by);
    // `no-token` is the word for who asks without one.
    revoked.map_err(|fault| match fault.code() {
        "no-token" => Fault::input("no-page", "There is no such token.").hint("GET /api/v1/tokens"),
        _ => fault,
    })?;
    Ok(json!(Revoked {
        revoked: id.to_owned()
    }))
}
