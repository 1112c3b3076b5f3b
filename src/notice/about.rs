//! The metadata of a notice: `notice.toml`.

use serde::{Deserialize, Serialize};

use super::dictionary::{self, Privilege};
use super::words::{self, Language};
use crate::case::event::Quorum;
use crate::fault::{Fault, Result};
use crate::playbook::ROLES;

/// How a notice goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By mail, from Cordon.
    Mail,
    /// A person copies it into a form.
    Portal,
    /// A person sends it on paper.
    Post,
    /// It stays in the house.
    Inside,
}

impl Channel {
    /// Its word in `notice.toml`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Portal => "portal",
            Self::Post => "post",
            Self::Inside => "inside",
        }
    }
}

/// Whether a notice is privileged.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It is not; privileged facts cannot stand in it.
    #[default]
    None,
    /// It is: it carries a banner and is exported apart.
    Privileged,
}

/// One field of a form, filled by a fact or by a section of the body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What the form calls it.
    pub name: String,
    /// The most characters that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The fact that fills it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The section of the body that fills it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}

/// Which stages of an obligation a notice answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Answers {
    /// `stage = 3`
    One(u8),
    /// `stage = [1, 2]`: one filing meets them all.
    Several(Vec<u8>),
}

/// The metadata of a notice: `notice.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it is.
    pub title: String,
    /// To whom.
    pub addressee: String,
    /// How it goes out.
    pub channel: Channel,
    /// The subject line of the mail, neutral.
    pub subject: String,
    /// The basis, and what is not a duty.
    pub basis: String,
    /// What a person has to know before sending.
    pub cautions: Vec<String>,
    /// Whose approval the text needs.
    pub approval: Quorum,
    /// The obligation that it serves, as the catalogue of obligations names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligation: Option<String>,
    /// The stages of it that it answers: one, or several that one filing meets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Answers>,
    /// The language that goes out.
    #[serde(default)]
    pub language: Language,
    /// Whether it is privileged.
    #[serde(default)]
    pub privilege: Confidence,
    /// Who may have it, by role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distribution: Vec<String>,
    /// Where it stands in lists: `us`, `eu`, `de`, `private`, ….
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The fields of the addressee's form, where the sections do not say them.
    #[serde(default, rename = "field", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// Whether the words are an id like `eu.gdpr.33`.
pub(super) fn is_obligation(id: &str) -> bool {
    let part = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        !part.is_empty() && part.bytes().all(plain)
    };
    id.split('.').count() >= 2 && id.split('.').all(part)
}

impl About {
    /// Reads and checks the metadata of a notice.
    ///
    /// # Errors
    /// It says what cannot be; the fault names the file and the reason.
    pub(super) fn read(name: &str, text: &str) -> Result<Self> {
        let place = format!("templates/notice/{}/notice.toml", name.escape_debug());
        let about: Self = toml::from_str(text).map_err(|error| {
            Fault::failed("template", "The metadata of a notice cannot be read.")
                .at(&place)
                .caused_by(error)
        })?;
        about.check().map_err(|fault| fault.at(place))?;
        Ok(about)
    }

    /// The stages of its obligation that it answers.
    pub fn stages(&self) -> &[u8] {
        match &self.stage {
            None => &[],
            Some(Answers::One(stage)) => std::slice::from_ref(stage),
            Some(Answers::Several(stages)) => stages,
        }
    }

    fn check(&self) -> Result<()> {
        let bad = |what: &str| Fault::failed("template", what.to_owned());
        let known = |role: &String| ROLES.contains(&role.as_str());
        let Quorum { roles, people } = &self.approval;
        if roles.is_empty() || !roles.iter().all(known) || *people == 0 {
            return Err(bad(
                "The metadata of a notice asks nobody for an approval, or a role that does not exist.",
            )
            .hint(format!("roles: {}", ROLES.join(", "))));
        }
        let lines = [&self.title, &self.addressee, &self.subject, &self.basis];
        let broken = |line: &&String| line.trim().is_empty() || line.contains('\n');
        if lines.iter().any(broken) || self.cautions.iter().any(|line| line.contains('\n')) {
            return Err(bad(
                "Title, addressee, subject, basis and each caution of a notice are one line each.",
            ));
        }
        if let Some(role) =
            (self.distribution.iter()).find(|role| !words::exists(&format!("role.{role}")))
        {
            let what = format!("The distribution names `{role}`, which has no words.");
            return Err(bad(&what).hint("words.*.toml names them as `role.…`"));
        }
        if self.is_privileged() && self.distribution.is_empty() {
            return Err(bad("A privileged notice has to say who may have it.")
                .hint("like `distribution = [\"legal\"]`"));
        }
        if let Some(id) = self.obligation.as_ref().filter(|id| !is_obligation(id)) {
            return Err(
                bad(&format!("`{id}` is not the id of an obligation.")).hint("like `eu.gdpr.33`")
            );
        }
        let stages = self.stages();
        if self.obligation.is_some() == stages.is_empty() || stages.contains(&0) {
            return Err(bad(
                "A notice names its obligation with the stage that it answers, or neither.",
            )
            .hint("like `obligation = \"de.bsig.32\"` and `stage = 2`"));
        }
        self.fields
            .iter()
            .try_for_each(|field| self.check_field(field))
    }

    fn check_field(&self, field: &Field) -> Result<()> {
        let bad =
            |what: &str| Fault::failed("template", format!("The field `{}` {what}.", field.name));
        match (&field.fact, &field.section) {
            (Some(fact), None) => {
                let known = dictionary::entry(fact)?;
                self.may_hold(&known.key, known.privilege)
            }
            (None, Some(_)) => Ok(()),
            _ => Err(bad("is filled by a fact or by a section, one of them")),
        }
    }

    /// Whether it is counsel's: its banner, its list of readers and its evidence are kept so.
    pub fn is_privileged(&self) -> bool {
        self.privilege == Confidence::Privileged
    }

    /// Whether a fact of this privilege may stand in the notice.
    ///
    /// # Errors
    /// The fact is privileged and the notice is not.
    pub(super) fn may_hold(&self, key: &str, privilege: Privilege) -> Result<()> {
        if privilege == Privilege::Privileged && !self.is_privileged() {
            return Err(Fault::failed(
                "privileged-fact",
                format!("The fact `{key}` is privileged and this notice is not."),
            )
            .hint("leave it out, or make the notice privileged: `privilege = \"privileged\"`"));
        }
        Ok(())
    }
}
