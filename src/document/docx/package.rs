//! The package: parts in a zip, written the same each time and read with limits.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::fault::{Fault, Result};

/// No Word file of a notice has so many parts.
const MOST_PARTS: usize = 2_000;

/// The longest part that is read, unpacked: 32 MiB.
const LONGEST_PART: u64 = 32 << 20;

/// The most that one file unpacks to, all parts that are read together: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// XML of a Word file packs to a tenth or less; a thousandth is an attack.
const MOST_RATIO: u64 = 400;

/// Packs parts in their order, with the first time that zip can say and no trace of the machine.
pub(super) fn pack(files: &mut Vec<(&'static str, String)>) -> Result<Vec<u8>> {
    let failed = |error| Fault::failed("docx", "The Word file cannot be packed.").caused_by(error);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files.drain(..) {
        zip.start_file(name, options).map_err(failed)?;
        zip.write_all(text.as_bytes())
            .map_err(|error| failed(error.into()))?;
    }
    Ok(zip.finish().map_err(failed)?.into_inner())
}

/// The parts that a reading needs, and the names of all.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub parts: BTreeMap<String, String>,
    pub names: Vec<String>,
}

fn refused(what: impl Into<String>) -> Fault {
    Fault::input("docx-refused", what).hint("save it in Word or LibreOffice as .docx again")
}

/// Unpacks the XML of a Word file; nothing else is unpacked, and nothing is written anywhere.
pub(super) fn unpack(bytes: &[u8]) -> Result<Package> {
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(refused(
            "This is an old or encrypted Word file, not a .docx that can be read.",
        ));
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| refused("This is not a Word file: it is no zip.").caused_by(error))?;
    if zip.len() > MOST_PARTS {
        return Err(refused(format!("The file has {} parts.", zip.len())));
    }
    let mut package = Package::default();
    let mut total = 0;
    for index in 0..zip.len() {
        let file = (zip.by_index_raw(index))
            .map_err(|error| refused("The file is damaged.").caused_by(error))?;
        let name = (file.name())
            .map_err(|error| refused("A part of the file has no name.").caused_by(error))?
            .into_owned();
        let (size, packed) = (file.size(), file.compressed_size());
        drop(file);
        let wanted = name.starts_with("word/") || name.starts_with("docProps/") || name == TYPES;
        let xml = has_end(&name, ".xml") || has_end(&name, ".rels");
        let asked = wanted && xml && !name.contains("..") && !name.contains('\\');
        package.names.push(name.clone());
        if !asked {
            continue;
        }
        if size > LONGEST_PART || size / packed.max(1) > MOST_RATIO {
            return Err(refused("A part of the file unpacks to far more than it says.").at(name));
        }
        if package.parts.contains_key(&name) {
            return Err(refused("Two parts of the file have one name.").at(name));
        }
        let text = content(&mut zip, index, &name, MOST_BYTES - total)?;
        total += text.len() as u64;
        package.parts.insert(name, text);
    }
    if package.parts.contains_key("word/document.xml") {
        Ok(package)
    } else {
        Err(refused("This is not a Word file: it holds no text.").at("word/document.xml"))
    }
}

const TYPES: &str = "[Content_Types].xml";

fn has_end(name: &str, end: &str) -> bool {
    let from = name.len().saturating_sub(end.len());
    name.get(from..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn content(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    name: &str,
    left: u64,
) -> Result<String> {
    let file = (zip.by_index(index)).map_err(|error| {
        refused("A part of the file cannot be unpacked.")
            .at(name)
            .caused_by(error)
    })?;
    let most = LONGEST_PART.min(left);
    let mut bytes = Vec::new();
    // What the file says about its sizes is not believed.
    (file.take(most + 1).read_to_end(&mut bytes)).map_err(|error| {
        refused("A part of the file is damaged.")
            .at(name)
            .caused_by(error)
    })?;
    if bytes.len() as u64 > most {
        return Err(refused("The file unpacks to far more than a notice can be.").at(name));
    }
    text(bytes).ok_or_else(|| refused("A part of the file is no text.").at(name))
}

/// UTF-8, or UTF-16 with its mark: the two encodings that the standard allows.
fn text(bytes: Vec<u8>) -> Option<String> {
    let units = |from: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = (bytes.chunks_exact(2))
            .filter_map(|pair| Some(from([*pair.first()?, *pair.get(1)?])))
            .collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => units(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => units(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}
