//! Cursors: how far a reader has come. Opaque to the reader, and they never expire.

use thiserror::Error;

use crate::{
    canonical::{base64url, sha256},
    key::SiteKey,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The last event that was read of one shard. The beginning is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    /// `seq` of that event
    pub seq: u64,
}

impl Cursor {
    /// The highest number of an event: what JavaScript, through which it passes, can count (2^53 - 1).
    pub const LAST: u64 = (1 << 53) - 1;
}

/// The last event that was read of each shard of a site, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCursor(Vec<Cursor>);

/// The former form of a cursor of one shard: this byte, then its number in eight bytes. It did not say of which site it is. A cursor never
/// expires, so it is still read, and answered with one of today.
const OF_BEFORE: u8 = 1;

/// The form of a cursor: this byte, [`tag`] of the site, how many shards, for each its number as LEB128, and the first
/// bytes of the SHA-256 of all that: a cursor that lost its end on the way is told from a good one.
const OF_TODAY: u8 = 2;

/// Bytes of the tag of a site, and of the sum at the end.
const MARK: usize = 4;

impl SiteCursor {
    /// Before the first event.
    #[must_use]
    pub fn beginning(shards: u16) -> Self {
        Self(vec![Cursor::default(); usize::from(shards)])
    }

    /// Reads a cursor of this site; the empty text is the beginning.
    pub fn parse(text: &str, site: &SiteKey, shards: u16) -> Result<Self, CursorError> {
        if text.is_empty() {
            return Ok(Self::beginning(shards));
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CursorError::Unknown)?;
        let (cursor, is_of_today) = match bytes.split_first() {
            Some((&OF_BEFORE, seq)) => (of_before(seq)?, false),
            Some((&OF_TODAY, _)) => (of_today(&bytes, site)?, true),
            _ => return Err(CursorError::Unknown),
        };
        if cursor.0.len() != usize::from(shards) {
            return Err(CursorError::OtherSite);
        }
        // One spelling only.
        if is_of_today && cursor.render(site) != text {
            return Err(CursorError::Unknown);
        }
        Ok(cursor)
    }

    /// The text that the reader sends back.
    #[must_use]
    pub fn render(&self, site: &SiteKey) -> String {
        let mut bytes = vec![OF_TODAY];
        bytes.extend(tag(site));
        bytes.push(u8::try_from(self.0.len()).unwrap_or_default());
        for cursor in &self.0 {
            let mut rest = cursor.seq;
            while rest >= 0x80 {
                bytes.push(0x80 | u8::try_from(rest & 0x7f).unwrap_or_default());
                rest >>= 7;
            }
            bytes.push(u8::try_from(rest).unwrap_or_default());
        }
        let sum = sum(&bytes);
        bytes.extend(sum);
        base64url(&bytes)
    }

    /// How far this shard was read.
    #[must_use]
    pub fn of(&self, shard: u16) -> Cursor {
        self.0.get(usize::from(shard)).copied().unwrap_or_default()
    }

    /// This event of this shard was read, and all before it. It never leads back.
    pub(crate) fn advance(&mut self, shard: usize, seq: u64) {
        if let Some(cursor) = self.0.get_mut(shard) {
            cursor.seq = cursor.seq.max(seq);
        }
    }
}

fn of_before(seq: &[u8]) -> Result<SiteCursor, CursorError> {
    let seq = u64::from_be_bytes(seq.try_into().map_err(|_| CursorError::Unknown)?);
    if seq <= Cursor::LAST {
        Ok(SiteCursor(vec![Cursor { seq }]))
    } else {
        Err(CursorError::Unknown)
    }
}

fn of_today(bytes: &[u8], site: &SiteKey) -> Result<SiteCursor, CursorError> {
    let (body, end) = bytes
        .split_last_chunk::<MARK>()
        .ok_or(CursorError::Unknown)?;
    let [_, tagged @ ..] = body else {
        return Err(CursorError::Unknown);
    };
    let (of, counted) = tagged
        .split_first_chunk::<MARK>()
        .ok_or(CursorError::Unknown)?;
    if *end != sum(body) {
        return Err(CursorError::Unknown);
    }
    if *of != tag(site) {
        return Err(CursorError::OtherSite);
    }
    let (count, mut rest) = counted.split_first().ok_or(CursorError::Unknown)?;
    let mut cursors = Vec::with_capacity(usize::from(*count));
    for _ in 0..*count {
        let (mut seq, mut shift) = (0_u64, 0_u32);
        loop {
            let (byte, after) = rest.split_first().ok_or(CursorError::Unknown)?;
            rest = after;
            let bits = u64::from(byte & 0x7f);
            seq |= bits.checked_shl(shift).ok_or(CursorError::Unknown)?;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        if seq > Cursor::LAST {
            return Err(CursorError::Unknown);
        }
        cursors.push(Cursor { seq });
    }
    if rest.is_empty() {
        Ok(SiteCursor(cursors))
    } else {
        Err(CursorError::Unknown)
    }
}

/// By what a site's cursors are told from another's.
fn tag(site: &SiteKey) -> [u8; MARK] {
    sum(format!("cursor/{site}").as_bytes())
}

fn sum(bytes: &[u8]) -> [u8; MARK] {
    let [a, b, c, d, ..] = sha256(bytes);
    [a, b, c, d]
}

/// Why a text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CursorError {
    /// None of ours, or damaged on the way
    #[error("must be the `next` of an earlier page exactly as it was, or empty for the beginning")]
    Unknown,
    /// Another site gave it
    #[error(
        "is of another site, or of this one before it was made anew; begin with an empty `after`"
    )]
    OtherSite,
    /// Of this site, and of more than has happened in it
    #[error(
        "is ahead of the last event: it is of this site before it was made anew, or put back; begin with an empty `after`"
    )]
    Ahead,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn site(name: &str) -> SiteKey {
        SiteKey::parse(name).expect("a site")
    }

    fn cursor(seqs: &[u64]) -> SiteCursor {
        SiteCursor(seqs.iter().map(|seq| Cursor { seq: *seq }).collect())
    }

    #[test]
    fn the_empty_cursor_is_the_beginning_and_rubbish_is_none() {
        let demo = site("demo");
        assert_eq!(SiteCursor::parse("", &demo, 1), Ok(cursor(&[0])));
        assert_eq!(SiteCursor::parse("", &demo, 3), Ok(cursor(&[0, 0, 0])));
        for wrong in [
            "0",
            "AQ",
            "Ag",
            "%",
            "AgAAAAAAAAAB",
            "AQAAAAAAAAABAA",
            "AQAgAAAAAAAA",
            "AgAAAAAAAAAAAAAA",
        ] {
            for shards in [1, 3] {
                let read = SiteCursor::parse(wrong, &demo, shards);
                assert_eq!(read, Err(CursorError::Unknown), "{wrong}");
            }
        }
    }

    #[test]
    fn a_cursor_of_before_is_still_read_where_the_site_has_one_shard() {
        let demo = site("demo");
        let read = |shards| SiteCursor::parse("AQAAAAAAAAAH", &demo, shards);
        assert_eq!(read(1), Ok(cursor(&[7])));
        assert_eq!(read(3), Err(CursorError::OtherSite));
    }

    #[test]
    fn a_cursor_of_another_site_is_told_from_a_damaged_one() {
        let (demo, shop) = (site("demo"), site("shop"));
        let three = cursor(&[1, 300, 0]).render(&demo);
        assert_eq!(three, "AhagGaYDAawCAIPwICE");
        for (text, site, shards) in [(&three, &shop, 3), (&three, &demo, 4), (&three, &demo, 1)] {
            let read = SiteCursor::parse(text, site, shards);
            assert_eq!(read, Err(CursorError::OtherSite));
        }
        let one = cursor(&[7]).render(&demo);
        assert_eq!(
            SiteCursor::parse(&one, &demo, 3),
            Err(CursorError::OtherSite)
        );
        assert_eq!(
            SiteCursor::parse(&one, &shop, 1),
            Err(CursorError::OtherSite)
        );
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_a_damaged_one_does_not(
            seqs in prop::collection::vec(prop_oneof![0..=Cursor::LAST, 0_u64..1000], 1..=64), at: prop::sample::Index, other: prop::sample::Index,
        ) {
            let (demo, shards) = (site("demo"), u16::try_from(seqs.len()).expect("at most 64"));
            let cursor = cursor(&seqs);
            let text = cursor.render(&demo);
            prop_assert!(text.len() <= 700, "it fits in an address");
            prop_assert_eq!(SiteCursor::parse(&text, &demo, shards), Ok(cursor));
            let cut = &text[..at.index(text.len())];
            prop_assert!(cut.is_empty() || SiteCursor::parse(cut, &demo, shards).is_err());
            let mut touched = text.clone().into_bytes();
            let at = at.index(touched.len());
            touched[at] = b"abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_"[other.index(44)];
            let touched = String::from_utf8(touched).expect("ASCII");
            prop_assert!(touched == text || SiteCursor::parse(&touched, &demo, shards).is_err());
        }

        #[test]
        fn no_text_at_all_makes_reading_fail(text in "[A-Za-z0-9_-]{0,60}", bytes: Vec<u8>, shards in 1_u16..=64) {
            let demo = site("demo");
            let mut many = vec![OF_TODAY];
            many.extend(tag(&demo));
            many.extend(bytes);
            let end = sum(&many);
            many.extend(end);
            for text in [text, base64url(&many)] {
                if let Ok(cursor) = SiteCursor::parse(&text, &demo, shards) {
                    let again = SiteCursor::parse(&cursor.render(&demo), &demo, shards);
                    prop_assert_eq!(again, Ok(cursor));
                }
            }
        }
    }
}
