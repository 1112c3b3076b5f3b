//! What a file is by its first bytes: a small table, enough to say "this is not what it says".

/// A kind of file: offset and bytes, media type, whether it holds other files.
type Kind = (usize, &'static [u8], &'static str, bool);

const KINDS: &[Kind] = &[
    (0, b"PK\x03\x04", "application/zip", true),
    (0, b"PK\x05\x06", "application/zip", true),
    (0, b"Rar!\x1a\x07", "application/vnd.rar", true),
    (
        0,
        b"7z\xbc\xaf\x27\x1c",
        "application/x-7z-compressed",
        true,
    ),
    (0, b"\x1f\x8b", "application/gzip", true),
    (0, b"BZh", "application/x-bzip2", true),
    (0, b"\xfd7zXZ\0", "application/x-xz", true),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd", true),
    (0, b"MSCF", "application/vnd.ms-cab-compressed", true),
    (257, b"ustar", "application/x-tar", true),
    (32_769, b"CD001", "application/x-iso9660-image", true),
    (0, b"conectix", "application/x-vhd", true),
    (0, b"vhdxfile", "application/x-vhdx", true),
    (0, b"%PDF-", "application/pdf", false),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "application/x-ole-storage",
        false,
    ),
    (0, b"{\\rtf", "application/rtf", false),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", false),
    (0, b"\xff\xd8\xff", "image/jpeg", false),
    (0, b"GIF8", "image/gif", false),
    (8, b"WEBP", "image/webp", false),
    (4, b"ftyp", "video/mp4", false),
    (0, b"\x1aE\xdf\xa3", "video/webm", false),
    (0, b"OggS", "audio/ogg", false),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3", false),
    (0, b"PAR1", "application/vnd.apache.parquet", false),
    (0, b"# v2 git bundle", "application/x-git-bundle", true),
    (0, b"# v3 git bundle", "application/x-git-bundle", true),
    (
        0,
        b"MZ",
        "application/vnd.microsoft.portable-executable",
        false,
    ),
    (0, b"\x7fELF", "application/x-elf", false),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary", false),
    (
        0,
        b"L\0\0\0\x01\x14\x02\0",
        "application/x-ms-shortcut",
        false,
    ),
    (0, b"#!", "text/x-shellscript", false),
    (0, b"-----BEGIN PGP", "application/pgp-encrypted", false),
];

/// Names that mean an archive even when the first bytes are not known.
const ARCHIVES: [&str; 20] = [
    "zip", "rar", "7z", "gz", "tgz", "bz2", "xz", "zst", "tar", "cab", "iso", "img", "vhd", "vhdx",
    "jar", "ace", "arj", "lzh", "wim", "dmg",
];

/// What the first bytes say, and whether it is an archive by its bytes or its name.
pub(super) fn guess(content: &[u8], name: &str) -> (Option<&'static str>, bool) {
    let by_bytes = KINDS.iter().find(|(at, magic, ..)| {
        content
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(magic))
    });
    let mut guessed = by_bytes.map(|(_, _, kind, _)| *kind);
    let mut archive = by_bytes.is_some_and(|(.., archive)| *archive);
    if guessed == Some("application/zip") && is_office(content) {
        guessed = Some("application/vnd.openxmlformats-officedocument");
        archive = false;
    }
    let extension = name
        .rsplit_once('.')
        .map(|(_, end)| end.to_ascii_lowercase());
    let named = extension.is_some_and(|end| ARCHIVES.contains(&end.as_str()));
    (guessed, archive || named)
}

/// An Office document is a ZIP whose first entry is known. Only the name of the entry is read.
fn is_office(content: &[u8]) -> bool {
    let name = content.get(30..).unwrap_or_default();
    name.starts_with(b"[Content_Types].xml") || name.starts_with(b"_rels/.rels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_more_than_a_name() {
        assert_eq!(
            guess(b"PK\x03\x04rest", "a.zip"),
            (Some("application/zip"), true)
        );
        assert_eq!(
            guess(b"PK\x03\x04rest", "a.jpg"),
            (Some("application/zip"), true)
        );
        assert_eq!(
            guess(b"MZ\x90", "a.pdf").0,
            Some("application/vnd.microsoft.portable-executable")
        );
        assert_eq!(guess(b"", "a.7z"), (None, true));
        assert_eq!(guess(b"id,name\n", "a.csv"), (None, false));
        let mut tar = vec![0; 257];
        tar.extend_from_slice(b"ustar\0");
        assert_eq!(guess(&tar, "x"), (Some("application/x-tar"), true));
        let mut office = b"PK\x03\x04".to_vec();
        office.resize(30, 0);
        office.extend_from_slice(b"[Content_Types].xml");
        assert!(!guess(&office, "a.docx").1);
    }
}
