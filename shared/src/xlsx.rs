//! The parts of an Excel workbook (ECMA-376) with nothing in it but texts. Whoever puts them into a ZIP has an `.xlsx`.
//!
//! Every cell is a text, by its type and by its style: a spreadsheet calculates none of them, also not after somebody edits one.

use std::fmt::Write as _;

/// The most rows of a sheet; what is more goes on the next one.
pub const MOST_ROWS: usize = 1_048_576;

/// The most characters of a cell.
const MOST_CHARS: usize = 32_767;

/// `[Content_Types].xml`. Sheets are what XML is unless it is named, so that this can be written before their number is known.
pub const CONTENT_TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#,
    r#"<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>"#,
    r#"<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>"#,
    "</Types>"
);

/// `_rels/.rels`
pub const RELATIONSHIPS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>"#,
    "</Relationships>"
);

/// `xl/styles.xml`: style 1 is that of texts (`@`, and marked as one that is no formula), style 2 the same in bold.
pub const STYLES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
    r#"<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>"#,
    r#"<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>"#,
    r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
    r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
    r#"<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1" applyFont="1"/></cellXfs>"#,
    r#"<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>"#,
    "</styleSheet>"
);

/// What a sheet begins with: its first row stays in sight.
pub const SHEET_HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
    r#"<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>"#,
    "<sheetData>"
);

/// What a sheet ends with.
pub const SHEET_FOOT: &str = "</sheetData></worksheet>";

/// The name of a sheet's part, counted from 1.
#[must_use]
pub fn sheet_part(number: usize) -> String {
    format!("xl/worksheets/sheet{number}.xml")
}

/// `xl/workbook.xml`, for so many sheets.
#[must_use]
pub fn workbook(sheets: usize) -> String {
    let mut text = concat!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" "#,
        r#"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>"#
    )
    .to_owned();
    for number in 1..=sheets {
        let _ = write!(
            text,
            r#"<sheet name="Sayso {number}" sheetId="{number}" r:id="rId{number}"/>"#
        );
    }
    text.push_str("</sheets></workbook>");
    text
}

/// `xl/_rels/workbook.xml.rels`, for so many sheets.
#[must_use]
pub fn workbook_relationships(sheets: usize) -> String {
    const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut text = concat!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#
    )
    .to_owned();
    for number in 1..=sheets {
        let _ = write!(
            text,
            r#"<Relationship Id="rId{number}" Type="{TYPE}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
    }
    let _ = write!(
        text,
        r#"<Relationship Id="rId{}" Type="{TYPE}/styles" Target="styles.xml"/></Relationships>"#,
        sheets + 1
    );
    text
}

/// A row of texts.
#[must_use]
pub fn row(cells: &[String], is_head: bool) -> String {
    let style = if is_head { 2 } else { 1 };
    let mut text = "<row>".to_owned();
    for cell in cells {
        let _ = write!(
            text,
            r#"<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#,
            escaped(cell)
        );
    }
    text.push_str("</row>");
    text
}

/// As XML takes it: what XML 1.0 has no place for is written as Excel does (`_x0007_`), and what looks like that is kept apart from it.
fn escaped(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    for (at, c) in cell.char_indices().take(MOST_CHARS) {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '_' if is_escape(&cell[at..]) => text.push_str("_x005F_"),
            '\t' | '\n' => text.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(text, "_x{:04X}_", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

/// Whether it begins as `_x0041_`.
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes[1] == b'x'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
        && bytes[6] == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_a_text_whatever_is_in_it() {
        let cells = ["=1+1", "a<b>&c", "bell\u{7}", "_x0041_", "_x", "é\n"].map(str::to_owned);
        let cell = |text: &str| {
            format!(r#"<c s="1" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
        };
        let expected: String = [
            "=1+1",
            "a&lt;b&gt;&amp;c",
            "bell_x0007_",
            "_x005F_x0041_",
            "_x",
            "é\n",
        ]
        .map(cell)
        .concat();
        assert_eq!(row(&cells, false), format!("<row>{expected}</row>"));
        assert!(!STYLES.contains("<f>") && STYLES.contains("quotePrefix"));
    }

    #[test]
    fn a_workbook_names_each_of_its_sheets_once() {
        let (book, relationships) = (workbook(2), workbook_relationships(2));
        for number in 1..=2 {
            assert_eq!(book.matches(&format!(r#"r:id="rId{number}""#)).count(), 1);
            let target = format!("worksheets/sheet{number}.xml");
            assert!(relationships.contains(&target) && sheet_part(number).ends_with(&target));
        }
        assert!(relationships.contains(r#"Id="rId3""#));
    }
}
