//! A notice on paper: PDF/A-2b, fonts embedded, the same bytes for the same sheet. With the feature
//! `pdf`, through typst.
//!
//! The text goes to typst as data (`sys.inputs`), never as markup. A PDF shows the text as it stands:
//! comments and suggestions are for Word.

mod data;
mod fonts;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Smart, Value};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use self::fonts::Reach;
use super::Sheet;
use crate::fault::{Fault, Result};

const TEMPLATE: &str = include_str!("../../templates/document/sheet.typ");

/// A sheet as a PDF/A-2b file. The same sheet gives the same bytes.
///
/// What the embedded fonts cannot draw is written out as `[U+4E2D]`: they have Latin, Greek, Cyrillic,
/// Hebrew, Arabic and Armenian letters, and none of China, Japan, Korea, India or Thailand.
///
/// # Errors
///
/// `pdf`, when the sheet cannot be set.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>> {
    // PDF/A has no glyph for what is missing, so that nothing can vanish: where letters join into one
    // that no font has, the file is refused, and is set once more with single letters alone.
    set(sheet, Reach::All).or_else(|_| set(sheet, Reach::Plain))
}

fn set(sheet: &Sheet, reach: Reach) -> Result<Vec<u8>> {
    let paper = Paper::of(sheet, reach)?;
    let warned = typst::compile::<PagedDocument>(&paper);
    // Nothing of one notice stays in memory for the next.
    typst::comemo::evict(0);
    let document = warned.output.map_err(|errors| failed(&errors))?;
    let standards = PdfStandards::new(&[PdfStandard::A_2b])
        .map_err(|error| Fault::failed("pdf", error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{} {}", sheet.reference, sheet.bind)),
        creator: Smart::Custom(Some("Cordon".to_owned())),
        timestamp: made(sheet).map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| failed(&errors))
}

/// The time that the file says it was made.
fn made(sheet: &Sheet) -> Option<Datetime> {
    let at = sheet.at.to_zoned(jiff::tz::TimeZone::UTC);
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    Datetime::from_ymd_hms(
        i32::from(at.year()),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
}

fn failed(errors: &[SourceDiagnostic]) -> Fault {
    let said: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    Fault::failed(
        "pdf",
        format!("The PDF cannot be set: {}.", said.join("; ")),
    )
    .hint("export it as Word or as plain text, and tell us")
}

/// The world that typst sees: one template, its data, its fonts; no files, no network, no clock.
#[derive(Debug)]
struct Paper {
    library: LazyHash<Library>,
    main: Source,
}

impl Paper {
    fn of(sheet: &Sheet, reach: Reach) -> Result<Self> {
        let path = VirtualPath::new("sheet.typ")
            .map_err(|_| Fault::failed("pdf", "The template has no place."))?;
        let id = FileId::new(RootedPath::new(VirtualRoot::Project, path));
        let text = data::of(sheet, reach).to_string();
        let mut inputs = Dict::new();
        inputs.insert("sheet".into(), Value::Str(text.into()));
        Ok(Self {
            library: LazyHash::new(Library::builder().with_inputs(inputs).build()),
            main: Source::new(id, TEMPLATE.to_owned()),
        })
    }
}

impl World for Paper {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        fonts::book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            Ok(self.main.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::at(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
