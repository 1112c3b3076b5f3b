//! The parts around the text: styles, numbering, header, footer, settings, properties.

use std::fmt::Write as _;

use super::super::{Sheet, sheet::Words};
use super::body::List;
use super::{BIND, NAMES, XML, date, esc};

const TYPES: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

pub(super) fn content_types() -> String {
    let mut out = format!(
        "{XML}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    );
    for (part, kind) in [
        ("document", "document.main"),
        ("styles", "styles"),
        ("numbering", "numbering"),
        ("settings", "settings"),
        ("fontTable", "fontTable"),
        ("header1", "header"),
        ("footer1", "footer"),
        ("footnotes", "footnotes"),
        ("comments", "comments"),
        ("commentsExtended", "commentsExtended"),
    ] {
        let _ = write!(
            out,
            "<Override PartName=\"/word/{part}.xml\" ContentType=\"{TYPES}.{kind}+xml\"/>"
        );
    }
    out.push_str(
        "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>\
         <Override PartName=\"/docProps/app.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.extended-properties+xml\"/>\
         <Override PartName=\"/docProps/custom.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.custom-properties+xml\"/>\
         </Types>",
    );
    out
}

pub(super) fn package_relations() -> String {
    relations(&[
        (&format!("{RELATIONS}/officeDocument"), "word/document.xml"),
        (
            &format!("{PACKAGE}/relationships/metadata/core-properties"),
            "docProps/core.xml",
        ),
        (
            &format!("{RELATIONS}/extended-properties"),
            "docProps/app.xml",
        ),
        (
            &format!("{RELATIONS}/custom-properties"),
            "docProps/custom.xml",
        ),
    ])
}

/// The header is `rId5` and the footer `rId6`: the section names them.
pub(super) fn document_relations() -> String {
    let of = |name: &str| format!("{RELATIONS}/{name}");
    relations(&[
        (&of("styles"), "styles.xml"),
        (&of("numbering"), "numbering.xml"),
        (&of("settings"), "settings.xml"),
        (&of("fontTable"), "fontTable.xml"),
        (&of("header"), "header1.xml"),
        (&of("footer"), "footer1.xml"),
        (&of("footnotes"), "footnotes.xml"),
        (&of("comments"), "comments.xml"),
        (
            "http://schemas.microsoft.com/office/2011/relationships/commentsExtended",
            "commentsExtended.xml",
        ),
    ])
}

fn relations(all: &[(&str, &str)]) -> String {
    let mut out = format!("{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (number, (kind, target)) in all.iter().enumerate() {
        let _ = write!(
            out,
            "<Relationship Id=\"rId{}\" Type=\"{kind}\" Target=\"{target}\"/>",
            number + 1
        );
    }
    out.push_str("</Relationships>");
    out
}

/// A paragraph style: id, name, what stands in its `w:pPr`, what in its `w:rPr`.
const STYLES: &[(&str, &str, &str, &str)] = &[
    (
        "BodyText",
        "Body Text",
        "<w:spacing w:after=\"120\" w:line=\"264\" w:lineRule=\"auto\"/>",
        "",
    ),
    (
        "Title",
        "Title",
        "<w:keepNext/><w:spacing w:before=\"0\" w:after=\"240\"/>",
        "<w:b/><w:sz w:val=\"36\"/><w:szCs w:val=\"36\"/>",
    ),
    (
        "Heading1",
        "heading 1",
        "<w:keepNext/><w:keepLines/><w:spacing w:before=\"320\" w:after=\"120\"/><w:outlineLvl w:val=\"0\"/>",
        "<w:b/><w:sz w:val=\"28\"/><w:szCs w:val=\"28\"/>",
    ),
    (
        "Heading2",
        "heading 2",
        "<w:keepNext/><w:keepLines/><w:spacing w:before=\"240\" w:after=\"80\"/><w:outlineLvl w:val=\"1\"/>",
        "<w:b/><w:sz w:val=\"24\"/><w:szCs w:val=\"24\"/>",
    ),
    (
        "Heading3",
        "heading 3",
        "<w:keepNext/><w:keepLines/><w:spacing w:before=\"200\" w:after=\"60\"/><w:outlineLvl w:val=\"2\"/>",
        "<w:b/><w:i/>",
    ),
    (
        "ListBullet",
        "List Bullet",
        "<w:numPr><w:numId w:val=\"1\"/></w:numPr><w:spacing w:after=\"60\"/><w:contextualSpacing/>",
        "",
    ),
    (
        "ListNumber",
        "List Number",
        "<w:numPr><w:numId w:val=\"2\"/></w:numPr><w:spacing w:after=\"60\"/><w:contextualSpacing/>",
        "",
    ),
    (
        "Quote",
        "Quote",
        "<w:pBdr><w:left w:val=\"single\" w:sz=\"18\" w:space=\"10\" w:color=\"808080\"/></w:pBdr>\
         <w:spacing w:after=\"120\"/><w:ind w:left=\"360\" w:right=\"360\"/>",
        "<w:i/>",
    ),
    (
        "TableText",
        "Table Text",
        "<w:spacing w:before=\"40\" w:after=\"40\"/>",
        "",
    ),
    (
        "Rule",
        "Rule",
        "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"808080\"/></w:pBdr>",
        "",
    ),
    (
        "Header",
        "header",
        "<w:tabs><w:tab w:val=\"right\" w:pos=\"9070\"/></w:tabs>",
        "<w:sz w:val=\"18\"/><w:szCs w:val=\"18\"/>",
    ),
    (
        "Banner",
        "Banner",
        "<w:spacing w:after=\"60\"/><w:jc w:val=\"center\"/>",
        "<w:b/><w:sz w:val=\"20\"/><w:szCs w:val=\"20\"/>",
    ),
    (
        "Footer",
        "footer",
        "<w:jc w:val=\"center\"/>",
        "<w:sz w:val=\"18\"/><w:szCs w:val=\"18\"/>",
    ),
    (
        "Distribution",
        "Distribution",
        "<w:spacing w:after=\"240\"/>",
        "<w:sz w:val=\"20\"/><w:szCs w:val=\"20\"/>",
    ),
    (
        "FootnoteText",
        "footnote text",
        "<w:spacing w:after=\"0\"/>",
        "<w:sz w:val=\"18\"/><w:szCs w:val=\"18\"/>",
    ),
    (
        "CommentText",
        "annotation text",
        "",
        "<w:sz w:val=\"20\"/><w:szCs w:val=\"20\"/>",
    ),
];

pub(super) fn styles(sheet: &Sheet) -> String {
    let language = esc(&sheet.language);
    let mut out = format!(
        "{XML}<w:styles {NAMES}><w:docDefaults><w:rPrDefault><w:rPr>\
         <w:rFonts w:ascii=\"Liberation Serif\" w:hAnsi=\"Liberation Serif\" w:eastAsia=\"Liberation Serif\" \
         w:cs=\"Liberation Serif\"/><w:sz w:val=\"22\"/><w:szCs w:val=\"22\"/>\
         <w:lang w:val=\"{language}\" w:eastAsia=\"{language}\" w:bidi=\"ar-SA\"/></w:rPr></w:rPrDefault>\
         <w:pPrDefault/></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/><w:qFormat/></w:style>\
         <w:style w:type=\"character\" w:default=\"1\" w:styleId=\"DefaultParagraphFont\">\
         <w:name w:val=\"Default Paragraph Font\"/><w:uiPriority w:val=\"1\"/><w:semiHidden/></w:style>\
         <w:style w:type=\"table\" w:default=\"1\" w:styleId=\"TableNormal\"><w:name w:val=\"Normal Table\"/>\
         <w:uiPriority w:val=\"99\"/><w:semiHidden/><w:tblPr><w:tblInd w:w=\"0\" w:type=\"dxa\"/><w:tblCellMar>\
         <w:top w:w=\"0\" w:type=\"dxa\"/><w:left w:w=\"108\" w:type=\"dxa\"/><w:bottom w:w=\"0\" w:type=\"dxa\"/>\
         <w:right w:w=\"108\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style>\
         <w:style w:type=\"numbering\" w:default=\"1\" w:styleId=\"NoList\"><w:name w:val=\"No List\"/>\
         <w:semiHidden/></w:style>"
    );
    for (id, name, paragraph, run) in STYLES {
        let next = if id.starts_with("Heading") || *id == "Title" {
            "<w:next w:val=\"BodyText\"/>"
        } else {
            ""
        };
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>\
             <w:basedOn w:val=\"Normal\"/>{next}<w:qFormat/>"
        );
        for (tag, inner) in [("pPr", paragraph), ("rPr", run)] {
            if !inner.is_empty() {
                let _ = write!(out, "<w:{tag}>{inner}</w:{tag}>");
            }
        }
        out.push_str("</w:style>");
    }
    out.push_str(
        "<w:style w:type=\"character\" w:styleId=\"FootnoteReference\"><w:name w:val=\"footnote reference\"/>\
         <w:rPr><w:vertAlign w:val=\"superscript\"/></w:rPr></w:style>\
         <w:style w:type=\"character\" w:styleId=\"CommentReference\"><w:name w:val=\"annotation reference\"/>\
         <w:rPr><w:sz w:val=\"16\"/><w:szCs w:val=\"16\"/></w:rPr></w:style>\
         <w:style w:type=\"table\" w:styleId=\"NoticeTable\"><w:name w:val=\"Notice Table\"/>\
         <w:basedOn w:val=\"TableNormal\"/><w:tblPr><w:tblBorders>",
    );
    for side in ["top", "left", "bottom", "right", "insideH", "insideV"] {
        let _ = write!(
            out,
            "<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"808080\"/>"
        );
    }
    out.push_str(
        "</w:tblBorders></w:tblPr><w:tblStylePr w:type=\"firstRow\"><w:rPr><w:b/></w:rPr></w:tblStylePr>\
         </w:style></w:styles>",
    );
    out
}

pub(super) fn numbering(lists: &[List]) -> String {
    let mut out = format!("{XML}<w:numbering {NAMES}>");
    // Each list that begins anew is of its own kind: LibreOffice counts lists of one kind together.
    let own = (lists.iter().enumerate()).map(|(at, list)| (at + 2, false, Some(*list)));
    for (id, bullets, list) in [(0, true, None), (1, false, None)].into_iter().chain(own) {
        let _ = write!(
            out,
            "<w:abstractNum w:abstractNumId=\"{id}\"><w:multiLevelType w:val=\"hybridMultilevel\"/>"
        );
        for level in 0..9_u8 {
            let (format, text) = match (bullets, level % 2) {
                (true, 0) => ("bullet", "•".to_owned()),
                (true, _) => ("bullet", "–".to_owned()),
                (false, _) => ("decimal", format!("%{}.", level + 1)),
            };
            let left = 360 * (u32::from(level) + 1);
            let first = (list.filter(|list| list.depth == level))
                .and_then(|list| list.first)
                .unwrap_or(1)
                .min(i32::MAX as u64);
            let _ = write!(
                out,
                "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"{first}\"/><w:numFmt w:val=\"{format}\"/>\
                 <w:lvlText w:val=\"{text}\"/><w:lvlJc w:val=\"left\"/><w:pPr>\
                 <w:ind w:left=\"{left}\" w:hanging=\"360\"/></w:pPr></w:lvl>"
            );
        }
        out.push_str("</w:abstractNum>");
    }
    out.push_str(
        "<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num>\
         <w:num w:numId=\"2\"><w:abstractNumId w:val=\"1\"/></w:num>",
    );
    for at in 0..lists.len() {
        let _ = write!(
            out,
            "<w:num w:numId=\"{}\"><w:abstractNumId w:val=\"{}\"/></w:num>",
            at + 3,
            at + 2
        );
    }
    out.push_str("</w:numbering>");
    out
}

/// Tracking is on: what a reviewer types is a suggestion.
pub(super) fn settings(sheet: &Sheet) -> String {
    format!(
        "{XML}<w:settings {NAMES}><w:zoom w:percent=\"100\"/><w:trackRevisions/>\
         <w:defaultTabStop w:val=\"709\"/><w:footnotePr><w:footnote w:id=\"-1\"/><w:footnote w:id=\"0\"/>\
         </w:footnotePr><w:compat><w:compatSetting w:name=\"compatibilityMode\" \
         w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat>\
         <w:themeFontLang w:val=\"{}\"/><w:decimalSymbol w:val=\".\"/><w:listSeparator w:val=\",\"/></w:settings>",
        esc(&sheet.language)
    )
}

pub(super) fn fonts() -> String {
    format!(
        "{XML}<w:fonts {NAMES}><w:font w:name=\"Liberation Serif\"><w:altName w:val=\"Times New Roman\"/>\
         <w:charset w:val=\"00\"/><w:family w:val=\"roman\"/><w:pitch w:val=\"variable\"/></w:font></w:fonts>"
    )
}

pub(super) fn header(sheet: &Sheet) -> String {
    let mut out = format!("{XML}<w:hdr {NAMES}>");
    if let Some(banner) = &sheet.banner {
        let _ = write!(
            out,
            "<w:p><w:pPr><w:pStyle w:val=\"Banner\"/></w:pPr><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>",
            esc(banner)
        );
    }
    let _ = write!(
        out,
        "<w:p><w:pPr><w:pStyle w:val=\"Header\"/></w:pPr><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>\
         <w:r><w:tab/></w:r><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p></w:hdr>",
        esc(&sheet.title),
        esc(&sheet.reference)
    );
    out
}

/// “Page 2 of 5”, in the language of the text.
pub(super) fn footer(sheet: &Sheet) -> String {
    let Words { page, of, .. } = sheet.words();
    let field = |name: &str| {
        format!("<w:fldSimple w:instr=\" {name} \"><w:r><w:t>1</w:t></w:r></w:fldSimple>")
    };
    format!(
        "{XML}<w:ftr {NAMES}><w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>\
         <w:r><w:t xml:space=\"preserve\">{page} </w:t></w:r>{}<w:r><w:t xml:space=\"preserve\"> {of} </w:t></w:r>{}\
         </w:p></w:ftr>",
        field("PAGE"),
        field("NUMPAGES")
    )
}

pub(super) fn core(sheet: &Sheet) -> String {
    let at = date(sheet.at);
    format!(
        "{XML}<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title>\
         <dc:subject>{}</dc:subject><dc:creator>Cordon</dc:creator><dc:language>{}</dc:language>\
         <dcterms:created xsi:type=\"dcterms:W3CDTF\">{at}</dcterms:created>\
         <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{at}</dcterms:modified></cp:coreProperties>",
        esc(&sheet.title),
        esc(&sheet.reference),
        esc(&sheet.language)
    )
}

pub(super) fn app() -> String {
    format!(
        "{XML}<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\">\
         <Application>Cordon</Application></Properties>"
    )
}

/// What binds the file to the text that it was made of.
pub(super) fn custom(sheet: &Sheet) -> String {
    let mut out = format!(
        "{XML}<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" \
         xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">"
    );
    let blocks = sheet.document.blocks.len().to_string();
    for (at, (name, value)) in [
        (BIND, &sheet.bind),
        ("CordonReference", &sheet.reference),
        ("CordonBlocks", &blocks),
    ]
    .into_iter()
    .enumerate()
    {
        // The identifier of custom properties and the numbers from 2 on are fixed by the standard.
        let _ = write!(
            out,
            "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{}\" name=\"{name}\">\
             <vt:lpwstr>{}</vt:lpwstr></property>",
            at + 2,
            esc(value)
        );
    }
    out.push_str("</Properties>");
    out
}
