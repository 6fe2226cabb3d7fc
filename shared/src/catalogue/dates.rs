//! Dates as people write them in a letter: `22 november 2026`, `22. november 2026`, `2026. november 22.`. Digits are Western ones in
//! every language, so that they agree with those of addresses, receipts and counts.
//!
//! Patterns and months come from ICU4X, in a table: ICU4X itself would be a tenth of the Worker. A test compares the two.

use chrono::{Datelike, Timelike};

use super::fill;
use crate::time::Timestamp;

mod table;

/// How a language writes a day.
struct Long {
    lang: &'static str,
    /// With the places `{d}`, `{month}` and `{y}`
    pattern: &'static str,
    months: [&'static str; 12],
}

/// The day of a moment.
pub(super) fn long(lang: &str, at: Timestamp) -> String {
    let found = table::LONG.iter().find(|of| of.lang == lang);
    let Some(Long {
        pattern, months, ..
    }) = found
    else {
        return at.utc().date_naive().to_string();
    };
    let at = at.utc();
    let day = match at.day() {
        // Not in CLDR, but a rule of the language.
        1 if lang == "fr" => "1er".to_owned(),
        day => day.to_string(),
    };
    let month = months.get(at.month0() as usize).copied();
    fill(
        pattern,
        &[
            ("d", &day),
            ("month", month.unwrap_or_default()),
            ("y", &at.year().to_string()),
        ],
    )
}

/// The day and the minute of a moment.
pub(super) fn with_time(lang: &str, at: Timestamp) -> String {
    let comma = if lang == "ar" { "،" } else { "," };
    let (hour, minute) = (at.utc().hour(), at.utc().minute());
    format!("{}{comma} {hour:02}:{minute:02} UTC", long(lang, at))
}

#[cfg(test)]
mod tests;
