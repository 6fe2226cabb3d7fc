//! Marks: what [`Change::comment`] leaves in a CRM, read back.
//!
//! A CRM says when a status was written, not when the person decided: what this product wrote late would look newer than it is, and a
//! real yes would be left out for it. So what carries a mark counts from the decision that the mark names; what somebody did in the CRM
//! by hand carries none, and counts from when it was written.

use super::Says;
use crate::{event::EventType, time::Timestamp};

/// What a comment of ours says of the change that it was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When the person decided
    pub decided_at: Timestamp,
    /// What it came to
    pub says: Says,
}

impl Mark {
    /// The mark in a comment, unless it is somebody else's or was cut off.
    #[must_use]
    pub fn read(comment: &str) -> Option<Self> {
        let (sayso, said) = comment.split_once("; ")?;
        if sayso != "Sayso" && !sayso.starts_with("Sayso receipt ") {
            return None;
        }
        let said = said.split("; ").next()?;
        let (word, at) = said.split_once(' ')?;
        let mut kinds = EventType::ALL.into_iter();
        Some(Self {
            decided_at: Timestamp::parse(at).ok()?,
            says: Says::of(kinds.find(|kind| kind.word() == word)?),
        })
    }

    /// From when on counts a no that a CRM has: the decision that its comment names, else when it was written. The comment of a yes
    /// says that somebody took it back in the CRM and left the comment.
    #[must_use]
    pub fn no_counts_from(
        comment: Option<&str>,
        written_at: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let mark = comment.and_then(Self::read);
        let mark = mark.filter(|mark| mark.says != Says::Yes);
        mark.map(|mark| mark.decided_at).or(written_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Sayso receipt 00000000-0000-0000-0000-000000000003 sha256:0123456789ab; withdrawn 2027-01-15T08:00:00.000Z; News; and more";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn what_we_wrote_counts_from_the_decision_however_late_it_was_written() {
        let late = at("2027-01-16T00:00:00Z");
        let decided = at("2027-01-15T08:00:00Z");
        assert_eq!(Mark::no_counts_from(Some(OURS), Some(late)), Some(decided));
        assert_eq!(Mark::no_counts_from(Some(OURS), None), Some(decided));
    }

    #[test]
    fn an_erasure_has_no_receipt_and_is_read_too() {
        let read = Mark::read("Sayso; erased 2027-01-15T08:00:00.000Z; ; person x");
        let erased = Mark {
            decided_at: at("2027-01-15T08:00:00Z"),
            says: Says::Forget,
        };
        assert_eq!(read, Some(erased));
    }

    #[test]
    fn what_others_wrote_or_was_cut_off_counts_from_when_it_was_written() {
        let written = at("2027-01-16T00:00:00Z");
        for comment in [
            "by telephone",
            "Sayso",
            "Sayso receipt x",
            &OURS[..90],
            "Sayso receipt x; given yesterday; News",
            "Sayso receipt x; given 2027-01-15T08:00:00.000Z; News",
        ] {
            let counted = Mark::no_counts_from(Some(comment), Some(written));
            assert_eq!(counted, Some(written), "{comment}");
        }
        assert_eq!(Mark::no_counts_from(None, None), None);
    }
}
