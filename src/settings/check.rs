//! What a configuration may not say although it can be read: names that mean nothing here. A typo
//! that is taken silently protects nobody, or leaves a gate that nobody can pass.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::access::Role;
use crate::fault::{Fault, Result};
use crate::playbook::advice;
use crate::providers::SPECS;

/// The ways to protect the connection to the mail server.
const SECURITIES: [&str; 3] = ["tls", "starttls", "none"];
/// The hosts that mail may be sent to without protection.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The names of a configuration, each with its place.
#[derive(Debug, Deserialize)]
struct Names {
    #[serde(default)]
    protected: BTreeMap<Spanned<String>, Vec<String>>,
    #[serde(default)]
    people: Vec<Person>,
    mail: Option<Spanned<Mail>>,
    #[serde(default)]
    company: BTreeMap<Spanned<String>, toml::Value>,
}

#[derive(Debug, Deserialize)]
struct Person {
    name: String,
    roles: Spanned<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
struct Mail {
    host: Spanned<String>,
    security: Option<Spanned<String>>,
    from: Spanned<String>,
    user: Option<IgnoredAny>,
    password: Option<IgnoredAny>,
}

/// Whether notices can say this of the company; else why not, and what to do.
fn company(name: &str) -> Result<(), (String, String)> {
    let shown = name.escape_debug();
    let what = format!("No notice says `{shown}` of the company.");
    match crate::notice::dictionary::entry(&format!("company.{name}")) {
        Ok(known) if known.source == crate::notice::dictionary::Origin::Company => Ok(()),
        Ok(_) => Err((
            what,
            "it is recorded in the case: `cordon fact record`".to_owned(),
        )),
        Err(fault) => Err((what, fault.hints().join("; "))),
    }
}

/// Refuses names that mean nothing: providers, roles, the mail server's protection and sender.
///
/// # Errors
/// The first of them, with its line and what was probably meant.
pub(super) fn names(text: &str, path: &Path) -> Result<()> {
    // What cannot be read was told before, with its place.
    let Ok(names) = toml::from_str::<Names>(text) else {
        return Ok(());
    };
    let refuse = |span: Range<usize>, what: String| {
        let line = super::line_of(text, span.start);
        let place = format!("{} line {line}", path.display());
        Fault::input("config", what).at(place)
    };
    for name in names.company.keys() {
        company(name.get_ref()).map_err(|(what, hint)| refuse(name.span(), what).hint(hint))?;
    }
    for provider in names.protected.keys() {
        let name = provider.get_ref().as_str();
        let known = SPECS.iter().map(|spec| spec.name);
        if !known.clone().any(|known| known == name) {
            let what = format!(
                "[protected] names `{}`, which is no provider: nothing would be protected there.",
                name.escape_debug()
            );
            return Err(refuse(provider.span(), what).hint(advice(name, known)));
        }
    }
    let roles = Role::ALL.map(Role::name);
    for person in &names.people {
        if person.roles.get_ref().is_empty() {
            let what = format!("`{}` has no role, and could approve nothing.", person.name);
            return Err(refuse(person.roles.span(), what).hint(advice("", roles)));
        }
        for role in person.roles.get_ref() {
            let name = role.get_ref().as_str();
            if name.parse::<Role>().is_err() {
                let what = format!(
                    "`{}` of `{}` is no role: they could do nothing with it.",
                    name.escape_debug(),
                    person.name
                );
                return Err(refuse(role.span(), what).hint(advice(name, roles)));
            }
        }
    }
    match &names.mail {
        Some(mail) => check_mail(mail, refuse),
        None => Ok(()),
    }
}

fn check_mail(mail: &Spanned<Mail>, refuse: impl Fn(Range<usize>, String) -> Fault) -> Result<()> {
    let section = mail.span();
    let mail = mail.get_ref();
    if let Some(security) = &mail.security {
        let name = security.get_ref().as_str();
        if !SECURITIES.contains(&name) {
            let what = format!("`{}` is no way to protect mail.", name.escape_debug());
            return Err(refuse(security.span(), what).hint(advice(name, SECURITIES)));
        }
        if name == "none" && !LOOPBACK.contains(&mail.host.get_ref().as_str()) {
            let what = "Mail without TLS is sent on loopback only.".to_owned();
            return Err(refuse(security.span(), what)
                .hint("set `security = \"tls\"` or `\"starttls\"`, or `host = \"127.0.0.1\"`"));
        }
    }
    if mail.host.get_ref().trim().is_empty() {
        return Err(
            refuse(mail.host.span(), "The mail server has no name.".into())
                .hint("give its host name in `host`"),
        );
    }
    if let Err(why) = crate::notice::send::check_address(mail.from.get_ref()) {
        let from = mail.from.get_ref().escape_debug();
        let what = format!("The sender `{from}` is not a mail address.");
        return Err(refuse(mail.from.span(), what)
            .caused_by(why)
            .hint("write it as `case-desk@company.example`"));
    }
    if mail.user.is_some() != mail.password.is_some() {
        let what = "`user` and `password` of [mail] go together: one alone logs nobody in.";
        return Err(refuse(section, what.to_owned()).hint("give both, or neither"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::settings::{Settings, sample::SAMPLE};

    /// The place and the whole of what is said.
    fn refused(text: &str) -> (String, String) {
        let fault = Settings::parse(text, Path::new("cordon.toml")).unwrap_err();
        assert_eq!(fault.code(), "config", "{fault}");
        let said = format!("{fault} {}", fault.hints().join(" "));
        (fault.place().unwrap_or_default().to_owned(), said)
    }

    #[test]
    fn a_name_that_means_nothing_is_refused_with_its_line_and_what_was_meant() {
        let person = |roles: &str| {
            format!(
                "zone = \"UTC\"\n[[people]]\nname = \"Bo\"\nroles = {roles}\nemails = [\"bo@x.test\"]\nkey = \"k\"\n"
            )
        };
        let mail = |rest: &str| format!("[mail]\nhost = \"smtp.x.test\"\nport = 465\n{rest}");
        let from = "from = \"desk@x.test\"\n";
        for (text, line, said) in [
            (
                "[protected]\nokta = []\ngithbu = [\"root\"]\n".to_owned(),
                3,
                "did you mean `github`?",
            ),
            (
                "zone = \"UTC\"\nprotected = { slack = [\"a\"] }\n".to_owned(),
                2,
                "known here: github, okta",
            ),
            (
                person("[\"legal\", \"incident_laed\"]"),
                4,
                "did you mean `incident_lead`?",
            ),
            (person("[]"), 4, "has no role"),
            (
                mail(&format!("security = \"tsl\"\n{from}")),
                4,
                "did you mean `tls`?",
            ),
            (mail(&format!("security = \"none\"\n{from}")), 4, "loopback"),
            (mail("from = \"notmail\"\n"), 4, "case-desk@company.example"),
            (mail(&format!("{from}user = \"desk\"\n")), 1, "give both"),
        ] {
            let (place, told) = refused(&text);
            assert_eq!(place, format!("cordon.toml line {line}"), "{text}{told}");
            assert!(told.contains(said), "{text}{told}");
        }
    }

    #[test]
    fn what_is_right_is_taken() {
        let text = "[protected]\ngithub = [\"root\"]\nokta = [\"glass@x.test\"]\n[mail]\nhost = \"127.0.0.1\"\nport = 25\nsecurity = \"none\"\nfrom = \"Case desk <desk@x.test>\"\n";
        Settings::parse(text, Path::new("cordon.toml")).unwrap();
        Settings::parse(SAMPLE, Path::new("cordon.toml")).unwrap();
    }
}
