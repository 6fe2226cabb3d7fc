//! CSV (RFC 4180), written so that no cell is a formula to whoever opens it in a spreadsheet.
//!
//! A text that a spreadsheet would calculate gets an apostrophe in front, as OWASP advises ("CSV injection"). A telephone number such as
//! `+31 6 12345678` is left as it is: of digits and signs alone nothing can be called and no other cell be reached.

/// A line with its end.
#[must_use]
pub fn line(cells: &[String], separator: char) -> String {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(separator);
        }
        push(&mut line, &harmless(cell), separator);
    }
    line.push_str("\r\n");
    line
}

fn push(line: &mut String, cell: &str, separator: char) {
    let is_odd = |c: char| c == separator || matches!(c, '"' | '\r' | '\n' | '\t');
    let is_padded = cell.starts_with(' ') || cell.ends_with(' ');
    if is_padded || cell.contains(is_odd) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

/// The same text, as one that no spreadsheet calculates.
#[must_use]
pub fn harmless(cell: &str) -> String {
    // Spreadsheets drop what is white in front before they look, and read the wide signs of East Asia as the usual ones.
    let seen = cell.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    let begins = seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || cell.starts_with(['\t', '\r', '\n']);
    if begins && !is_number(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Digits, and what people put between them.
fn is_number(cell: &str) -> bool {
    cell.starts_with(['+', '-'])
        && cell.contains(|c: char| c.is_ascii_digit())
        && cell
            .chars()
            .all(|c| c.is_ascii_digit() || "+-. ()/".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_is_a_text() {
        for (cell, written) in [
            ("kim@example.nl", "kim@example.nl"),
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-2+A1", "'-2+A1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "'  =1+1"),
            ("\t=1", "'\t=1"),
            ("\rx", "'\rx"),
            ("＝1+1", "'＝1+1"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+31 (0)6-123.456", "+31 (0)6-123.456"),
            ("-7", "-7"),
            ("+", "'+"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell), written, "{cell:?}");
        }
    }

    #[test]
    fn cells_that_need_it_are_quoted() {
        let cells = ["a;b", "say \"no\"", "two\nlines", " padded", "a,b", ""].map(str::to_owned);
        assert_eq!(
            line(&cells, ';'),
            "\"a;b\";\"say \"\"no\"\"\";\"two\nlines\";\" padded\";a,b;\r\n"
        );
    }

    proptest! {
        #[test]
        fn no_cell_at_all_is_a_formula(cell: String) {
            let written = harmless(&cell);
            let seen = written.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
            prop_assert!(is_number(&written) || !seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']));
        }
    }
}
