//! Templates and the answers made of them.
//!
//! Values are escaped for HTML wherever they are put, and only once: what a page's template made of them is
//! all that the layout takes as it is. Strict mode makes a value that is missing an error instead of
//! a gap. The only scripts are our own files: the policy of the guard allows no other.

use std::sync::Arc;

use axum::response::{Html, IntoResponse, Redirect, Response};
use handlebars::{Context, Handlebars, RenderError};
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use super::Web;
use super::visit::Visit;
use crate::access::Ability;
use crate::fault::{Fault, Kind, Result};
use crate::signin::SignIn;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates/page"]
struct Files;

/// The templates of the pages.
pub struct Pages {
    engine: Handlebars<'static>,
    zone: TimeZone,
    /// What every page shows until it is acknowledged.
    bells: Option<Arc<SignIn>>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl Pages {
    /// Reads every template.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn new(zone: TimeZone) -> Result<Self> {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        // What hides or reorders is written out on every page, whoever forgot it.
        engine.register_escape_fn(crate::hostile::html);
        for file in Files::iter().filter(|file| file.ends_with(".hbs")) {
            let bytes = Files::get(&file).map(|file| file.data).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let name = file.trim_end_matches(".hbs");
            engine
                .register_template_string(name, text)
                .map_err(|error| {
                    Fault::failed("template", "A page's template cannot be read.")
                        .at(format!("templates/page/{file}"))
                        .caused_by(error)
                })?;
        }
        Ok(Self {
            engine,
            zone,
            bells: None,
        })
    }

    /// Shows break-glass sign-ins on every page, until an administrator has acknowledged them.
    #[must_use]
    pub fn with_bells(self, signin: Arc<SignIn>) -> Self {
        Self {
            bells: Some(signin),
            ..self
        }
    }

    /// The zone that times are shown in beside UTC.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A page: `templates/page/NAME.hbs` with `visit` and `page` as data, within the layout.
    ///
    /// The layout comes last, and takes what the page's own template made as it is: a template that is
    /// called without a part of the data of its own copies all of it, and each value again where it is read.
    ///
    /// # Errors
    /// The template does not fit the data.
    pub fn render(
        &self,
        name: &str,
        visit: Option<&Visit>,
        page: &impl Serialize,
    ) -> Result<String> {
        let mut data = self.data(name, visit, page)?;
        let body = self.fill(name, &data)?;
        if let Value::Object(data) = data.data_mut() {
            data.insert("body".to_owned(), Value::String(body));
        }
        self.fill("layout", &data)
    }

    /// A part of a page, without the layout.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn part(&self, name: &str, visit: &Visit, page: &impl Serialize) -> Result<String> {
        self.fill(name, &self.data(name, Some(visit), page)?)
    }

    fn data(&self, name: &str, visit: Option<&Visit>, page: &impl Serialize) -> Result<Context> {
        let visit = visit.map(|visit| {
            json!({
                "bells": self.ringing(),
                "name": visit.principal.person.name,
                "roles": visit.principal.roles(),
                "administers": visit.principal.has(Ability::Administer),
                "csrf": visit.csrf,
            })
        });
        Context::wraps(Data { visit, page }).map_err(|error| misfit(name, error))
    }

    fn fill(&self, name: &str, data: &Context) -> Result<String> {
        let filled = self.engine.render_with_context(name, data);
        filled.map_err(|error| misfit(name, error))
    }

    fn ringing(&self) -> Vec<Value> {
        let bells = self.bells.as_ref().map(|signin| signin.bells());
        let bells = bells.unwrap_or_default().into_iter();
        bells
            .map(|bell| {
                let at = crate::time::utc_and_zone(bell.at, &self.zone);
                json!({ "person": bell.person, "at": at })
            })
            .collect()
    }
}

/// What the template of a page is filled with.
#[derive(Serialize)]
struct Data<'a, P> {
    visit: Option<Value>,
    page: &'a P,
}

fn misfit(name: &str, error: RenderError) -> Fault {
    Fault::failed("template", "A page cannot be rendered.")
        .at(format!("templates/page/{name}.hbs"))
        .caused_by(error)
}

/// A page as an answer.
pub fn answer(
    web: &Arc<Web>,
    visit: Option<&Visit>,
    name: &str,
    page: &impl Serialize,
) -> Response {
    match web.pages.render(name, visit, page) {
        Ok(text) => Html(text).into_response(),
        Err(error) => fault(web, visit, &error),
    }
}

/// A part of a page, for a page that is shown already; or why there is none.
pub fn part(web: &Arc<Web>, visit: &Visit, name: &str, page: Result<impl Serialize>) -> Response {
    match page.and_then(|page| web.pages.part(name, visit, &page)) {
        Ok(text) => Html(text).into_response(),
        Err(error) => fault(web, Some(visit), &error),
    }
}

/// A page as an answer, where it may have failed.
pub fn answered(
    web: &Arc<Web>,
    visit: &Visit,
    name: &str,
    page: Result<impl Serialize>,
) -> Response {
    match page {
        Ok(page) => answer(web, Some(visit), name, &page),
        Err(error) => fault(web, Some(visit), &error),
    }
}

/// What is no page, such as a file to be saved; or why there is none.
pub fn given(web: &Arc<Web>, visit: &Visit, made: Result<impl IntoResponse>) -> Response {
    match made {
        Ok(made) => made.into_response(),
        Err(error) => fault(web, Some(visit), &error),
    }
}

/// Where to look after a form was taken in; or why it was not.
pub fn then(web: &Arc<Web>, visit: &Visit, path: Result<String>) -> Response {
    match path {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(error) => fault(web, Some(visit), &error),
    }
}

/// What went wrong, where, and what to do next, as a page.
pub fn fault(web: &Arc<Web>, visit: Option<&Visit>, fault: &Fault) -> Response {
    let status = status(fault);
    if status.is_server_error() {
        tracing::error!(code = fault.code(), "a page could not be made");
    }
    let page = json!({
        "title": "This did not work",
        "code": fault.code(),
        "what": fault.what(),
        "place": fault.place(),
        "hints": fault.hints(),
    });
    let text = web.pages.render("fault", visit, &page);
    (status, Html(text.unwrap_or_default())).into_response()
}

/// The status that a fault is answered with.
pub fn status(fault: &Fault) -> StatusCode {
    match (fault.code(), fault.kind()) {
        (
            "no-case" | "no-gate" | "no-notice" | "no-page" | "no-clock" | "no-instant"
            | "no-determination" | "no-evidence" | "no-message" | "no-invitation" | "recall-link",
            _,
        ) => StatusCode::NOT_FOUND,
        ("may-not" | "may-not-decide" | "form" | "signin-refused" | "idp-refused", _) => {
            StatusCode::FORBIDDEN
        }
        ("idp-away", _) => StatusCode::BAD_GATEWAY,
        ("too-many", _) => StatusCode::TOO_MANY_REQUESTS,
        // What the log refuses is what a form asked for.
        ("illegal-transition", _) | (_, Kind::Input) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Kind::Waiting | Kind::OpenDoors | Kind::Owned) => StatusCode::CONFLICT,
        (_, Kind::Failed | Kind::Evidence) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A file that is not a template, with its media type.
pub fn asset(name: &str) -> Option<(&'static str, Vec<u8>)> {
    let media_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    Some((media_type, Files::get(name)?.data.into_owned()))
}

/// `attachment` with a name that is safe on any system: plain, and in full (RFC 6266).
pub fn attachment(name: &str) -> String {
    let name = crate::hostile::file_name(name);
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let full: String = name
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_alone_puts_something_on_a_page_as_it_is_and_that_is_the_page() {
        let mut raw = Vec::new();
        for file in Files::iter().filter(|file| file.ends_with(".hbs")) {
            let text = Files::get(&file).unwrap().data;
            let text = String::from_utf8(text.into_owned()).unwrap();
            // As the engine reads it: white space and marks of white space mean nothing here.
            let text = text.replace([' ', '~', '\n'], "");
            let open = text.match_indices("{{{").chain(text.match_indices("{{&"));
            let said = |(at, _)| text.get(at..).unwrap_or_default().chars().take(10);
            raw.extend(open.map(|place| format!("{file} {}", said(place).collect::<String>())));
        }
        assert_eq!(raw, ["layout.hbs {{{body}}}"]);
    }

    #[test]
    fn a_page_without_a_title_is_no_page() {
        let pages = Pages::new(TimeZone::UTC).unwrap();
        let fault = json!({ "code": "x", "what": "x", "place": null, "hints": [] });
        let untitled = pages.render("fault", None, &fault).unwrap_err();
        assert_eq!(untitled.place(), Some("templates/page/layout.hbs"));
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let said = attachment("../a\"b\r\nset-cookie: x=é.html");
        assert_eq!(
            said,
            "attachment; filename=\"a_b__set-cookie__x=_.html\"; filename*=UTF-8''a_b__set-cookie_%20x%3D%C3%A9.html"
        );
        assert!(http::HeaderValue::from_str(&said).is_ok());
    }
}
