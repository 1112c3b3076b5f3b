//! A notice as a file: as Word, as PDF, as Markdown, or as the plain text that goes out.

use std::str::FromStr;

use super::desk::Desk;
use super::dispatch::media_type;
use crate::canon::Digest;
use crate::document::{Sheet, docx};
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::NoticeId;
use crate::notice;

/// Whether this build makes PDF files.
pub const PDF: bool = cfg!(feature = "pdf");

/// A form that a notice is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Word, with its open comments and suggestions.
    Docx,
    /// PDF/A-2b, as the text stands. Only a build with the feature `pdf` makes it.
    Pdf,
    /// Markdown, whole, as it is kept.
    Md,
    /// What goes out, as it is copied into a form.
    Txt,
}

impl Form {
    /// Those that this build makes.
    pub const ALL: &[Self] = if PDF {
        &[Self::Docx, Self::Pdf, Self::Md, Self::Txt]
    } else {
        &[Self::Docx, Self::Md, Self::Txt]
    };

    /// Every form, also those that another build makes.
    pub const KNOWN: [Self; 4] = [Self::Docx, Self::Pdf, Self::Md, Self::Txt];

    /// Their words, for a sentence that lists them.
    pub fn words(between: &str) -> String {
        let words: Vec<&str> = Self::ALL.iter().map(|form| form.word()).collect();
        words.join(between)
    }

    /// Its word, which is how the names of its files end.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Pdf => "pdf",
            Self::Md => "md",
            Self::Txt => "txt",
        }
    }

    /// What its files are.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Md => "text/markdown; charset=utf-8",
            Self::Docx | Self::Pdf | Self::Txt => media_type(&format!("x.{}", self.word())),
        }
    }
}

impl FromStr for Form {
    type Err = Fault;

    fn from_str(word: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|form| form.word() == word);
        known.copied().ok_or_else(|| {
            if word == Self::Pdf.word() {
                return lacks_pdf();
            }
            Fault::input("form-unknown", "A notice is not given in this form.")
                .at(hostile::one_line(word, 60))
                .hint(format!("forms: {}", Self::words(", ")))
        })
    }
}

fn lacks_pdf() -> Fault {
    Fault::input("form-not-built", "This build makes no PDF files.")
        .at("pdf")
        .hint(format!(
            "build it with `cargo build --release --features pdf`, or take one of: {}",
            Form::words(", ")
        ))
}

#[cfg(feature = "pdf")]
fn paper(sheet: &Sheet) -> Result<Vec<u8>> {
    crate::document::pdf::write(sheet)
}

#[cfg(not(feature = "pdf"))]
fn paper(_: &Sheet) -> Result<Vec<u8>> {
    Err(lacks_pdf())
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
            Form::Pdf => paper(&self.sheet(id, &record, &text)?)?,
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
