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

/// A section that the addressee's form takes as a list of entries, each into fields of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// The section of the body.
    pub section: String,
    /// The most entries that the form takes.
    pub most: usize,
    /// Whether it takes amounts as digits alone, without a currency sign and without commas.
    #[serde(default)]
    pub digits: bool,
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

impl Answers {
    /// The stages, counted from 1.
    fn stages(&self) -> &[u8] {
        match self {
            Self::One(stage) => std::slice::from_ref(stage),
            Self::Several(stages) => stages,
        }
    }
}

/// Another obligation that the same paper to the same addressee meets: an `[[also]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// The obligation, as the catalogue of obligations names it.
    pub obligation: String,
    /// The stages of it that are answered.
    pub stage: Answers,
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
    /// Further obligations that one filing of it meets too, where national law and the law behind it, or
    /// a voluntary and a mandatory record, ask the same paper of the same addressee.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// The language that goes out.
    #[serde(default)]
    pub language: Language,
    /// Whether it is privileged.
    #[serde(default)]
    pub privilege: Confidence,
    /// Whether telling others of it can be an offence: only its list reads it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tipping_off: bool,
    /// Who may have it, by role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distribution: Vec<String>,
    /// Where it stands in lists: `us`, `eu`, `de`, `private`, ….
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The fields of the addressee's form, where the sections do not say them.
    #[serde(default, rename = "field", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The sections that are lists of entries in the addressee's form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entries>,
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

    /// The obligations that it answers, each with the stages of it: its own first.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let own = self.obligation.as_deref().zip(self.stage.as_ref());
        let also = self.also.iter();
        let also = also.map(|one| (one.obligation.as_str(), &one.stage));
        own.into_iter()
            .chain(also)
            .map(|(obligation, stage)| (obligation, stage.stages()))
    }

    /// Whether it answers this stage of an obligation.
    pub fn is_answer_to(&self, obligation: &str, stage: u8) -> bool {
        let mut answers = self.answers();
        answers.any(|(id, stages)| id == obligation && stages.contains(&stage))
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
        if self.is_restricted() && self.distribution.is_empty() {
            return Err(
                bad("A privileged or confidential notice has to say who may have it.")
                    .hint("like `distribution = [\"legal\"]`"),
            );
        }
        self.check_answers()?;
        self.fields
            .iter()
            .try_for_each(|field| self.check_field(field))
    }

    fn check_answers(&self) -> Result<()> {
        let bad = |what: &str| Fault::failed("template", what.to_owned());
        if self.obligation.is_some() != self.stage.is_some() {
            return Err(bad(
                "A notice names its obligation with the stage that it answers, or neither.",
            )
            .hint("like `obligation = \"de.bsig.32\"` and `stage = 2`"));
        }
        if self.obligation.is_none() && !self.also.is_empty() {
            return Err(bad(
                "A notice names its own obligation before an `[[also]]`.",
            ));
        }
        let mut named: Vec<&str> = Vec::new();
        for (id, stages) in self.answers() {
            if !is_obligation(id) {
                return Err(bad(&format!("`{id}` is not the id of an obligation."))
                    .hint("like `eu.gdpr.33`"));
            }
            if named.contains(&id) {
                return Err(bad(&format!("A notice names the obligation `{id}` twice."))
                    .hint("several stages stand in one list: `stage = [1, 2]`"));
            }
            let twice = |(place, stage): (usize, &u8)| {
                stages.iter().skip(place + 1).any(|one| one == stage)
            };
            if stages.is_empty() || stages.contains(&0) || stages.iter().enumerate().any(twice) {
                return Err(bad(&format!("The stages of `{id}` are no list of stages."))
                    .hint("each once, counted from 1, like `stage = [1, 2]`"));
            }
            named.push(id);
        }
        Ok(())
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

    /// Whether it is counsel's: it carries a banner, and privileged facts can stand in it.
    pub fn is_privileged(&self) -> bool {
        self.privilege == Confidence::Privileged
    }

    /// Whether only its list of readers has it, and what it keeps is kept as counsel's: it is privileged,
    /// or telling others of it can be an offence.
    pub fn is_restricted(&self) -> bool {
        self.is_privileged() || self.tipping_off
    }

    /// Whether people of this role are on its list of readers, or approve it.
    pub fn lists(&self, role: &str) -> bool {
        let named = |all: &[String]| all.iter().any(|one| one == role);
        named(&self.distribution) || named(&self.approval.roles)
    }

    /// Whether Cordon can mail it: it is for an address, or for people of the house.
    pub fn goes_by_mail(&self) -> bool {
        matches!(self.channel, Channel::Mail | Channel::Inside)
    }

    /// Whether it tells what is suspected only where a person said so: it leaves for a private party.
    pub fn asks_before_suspicion(&self) -> bool {
        self.group == "private" && self.channel != Channel::Inside
    }

    /// What keeps it from others than its list of readers, in one word.
    pub fn kept_from_others(&self) -> Option<&'static str> {
        if self.tipping_off {
            return Some("confidential");
        }
        self.is_privileged().then_some("privileged")
    }

    /// How lists of evidence name it: one that nobody may be told of has no name there.
    pub fn said(&self, template: &str) -> String {
        if self.tipping_off {
            return "a confidential notice".to_owned();
        }
        format!("notice `{template}`")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(end: &str) -> Result<About> {
        let head = "title = 'T'\naddressee = 'A'\nchannel = 'mail'\nsubject = 'S'\nbasis = 'B'\ncautions = []\napproval = { roles = ['legal'], people = 1 }\n";
        About::read("x", &format!("{head}{end}"))
    }

    #[test]
    fn one_paper_answers_stages_of_several_obligations() {
        let own = "obligation = 'de.bsig.32'\nstage = 3\n";
        let also = "[[also]]\nobligation = 'eu.nis2.23'\nstage = [2, 3]\n";
        let about = read(&format!("{own}{also}")).ok();
        let answers = about
            .as_ref()
            .map(|about| about.answers().collect::<Vec<_>>());
        let expected: Vec<(&str, &[u8])> = vec![("de.bsig.32", &[3]), ("eu.nis2.23", &[2, 3])];
        assert_eq!(answers, Some(expected));
        assert!(about.is_some_and(
            |about| about.is_answer_to("eu.nis2.23", 2) && !about.is_answer_to("eu.nis2.23", 1)
        ));
        assert!(read("").is_ok_and(|about| about.answers().count() == 0));
    }

    #[test]
    fn what_an_answer_cannot_be_is_refused() {
        let also = |id: &str, stage: &str| {
            format!(
                "obligation = 'xx.a'\nstage = 1\n[[also]]\nobligation = '{id}'\nstage = {stage}\n"
            )
        };
        assert!(read(&also("xx.b", "1")).is_ok());
        let alone = "[[also]]\nobligation = 'xx.b'\nstage = 1\n".to_owned();
        let half = "obligation = 'xx.a'\n".to_owned();
        for (text, said) in [
            (also("xx.a", "2"), "twice"),
            (also("b", "1"), "not the id"),
            (also("xx.b", "0"), "no list of stages"),
            (also("xx.b", "[]"), "no list of stages"),
            (also("xx.b", "[1, 1]"), "no list of stages"),
            (alone, "before an"),
            (half, "or neither"),
        ] {
            let told = read(&text).err().map(|fault| fault.to_string());
            assert!(
                told.as_ref().is_some_and(|told| told.contains(said)),
                "{text}: {told:?}"
            );
        }
    }
}
