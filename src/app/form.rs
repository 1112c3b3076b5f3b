//! A notice as a file: as Word, as Markdown, or as the plain text that goes out.

use std::str::FromStr;

use super::desk::Desk;
use super::dispatch::media_type;
use crate::canon::Digest;
use crate::document::docx;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::NoticeId;
use crate::notice;

/// A form that a notice is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Word, with its open comments and suggestions.
    Docx,
    /// Markdown, whole, as it is kept.
    Md,
    /// What goes out, as it is copied into a form.
    Txt,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Docx, Self::Md, Self::Txt];

    /// Its word, which is how the names of its files end.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Md => "md",
            Self::Txt => "txt",
        }
    }

    /// What its files are.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Md => "text/markdown; charset=utf-8",
            Self::Docx | Self::Txt => media_type(&format!("x.{}", self.word())),
        }
    }
}

impl FromStr for Form {
    type Err = Fault;

    fn from_str(word: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|form| form.word() == word);
        known.ok_or_else(|| {
            Fault::input("form-unknown", "A notice is not given in this form.")
                .at(hostile::one_line(word, 60))
                .hint(format!("forms: {}", Self::ALL.map(Self::word).join(", ")))
        })
    }
}

/// A notice in a form.
#[derive(Debug)]
pub struct NoticeFile {
    /// A name for the file: letters that every system takes.
    pub name: String,
    /// What it is.
    pub media_type: &'static str,
    /// The hash of the text that it was made of.
    pub text: Digest,
    /// Its bytes. Hostile where they quote.
    pub bytes: Vec<u8>,
}

impl Desk {
    /// The text as it stands, in a form.
    ///
    /// # Errors
    /// There is no such notice, its text is damaged, or the file cannot be made.
    pub fn notice_file(&self, id: &NoticeId, form: Form) -> Result<NoticeFile> {
        let (record, text) = self.notice(id)?;
        let name = format!(
            "{}-{}.{}",
            record.template,
            record.text.short(),
            form.word()
        );
        let bytes = match form {
            Form::Docx => docx::write(&self.sheet(id, &record, &text)?)?,
            Form::Md => text.into_bytes(),
            Form::Txt => notice::plain(&text).into_bytes(),
        };
        Ok(NoticeFile {
            name: hostile::file_name(&name),
            media_type: form.media_type(),
            text: record.text,
            bytes,
        })
    }
}
