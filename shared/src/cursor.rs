//! Cursors: how far a reader has come. Opaque to the reader, and they never expire.

use thiserror::Error;

use crate::canonical::base64url;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The last event that was read, of the one shard that a site has so far. The beginning is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    /// `seq` of that event
    pub seq: u64,
}

impl Cursor {
    /// The highest number of an event: what JavaScript, through which it passes, can count (2^53 - 1).
    pub const LAST: u64 = (1 << 53) - 1;

    /// The form's version, so that cursors with more shards can be told from these.
    const VERSION: u8 = 1;

    /// Reads a cursor; the empty text is the beginning.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        match bytes.split_first() {
            Some((&Self::VERSION, seq)) => {
                let seq = u64::from_be_bytes(seq.try_into().map_err(|_| CursorError)?);
                if seq <= Self::LAST {
                    Ok(Self { seq })
                } else {
                    Err(CursorError)
                }
            }
            _ => Err(CursorError),
        }
    }

    /// The text that the reader sends back.
    #[must_use]
    pub fn render(self) -> String {
        let mut bytes = vec![Self::VERSION];
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        base64url(&bytes)
    }
}

/// The text is not a cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be the `next` of an earlier page, or empty for the beginning")]
pub struct CursorError;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_empty_cursor_is_the_beginning_and_rubbish_is_none() {
        assert_eq!(Cursor::parse(""), Ok(Cursor { seq: 0 }));
        for wrong in [
            "0",
            "AQ",
            "%",
            "AgAAAAAAAAAB",
            "AQAAAAAAAAABAA",
            "AQAgAAAAAAAA",
        ] {
            assert_eq!(Cursor::parse(wrong), Err(CursorError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(seq in 0..=Cursor::LAST) {
            let cursor = Cursor { seq };
            prop_assert_eq!(Cursor::parse(&cursor.render()), Ok(cursor));
        }
    }
}
