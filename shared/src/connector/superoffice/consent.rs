//! Consents as SuperOffice has them, and what is written over them.
//!
//! SuperOffice says when a consent was written, never when the person decided. A withdrawal that was told late would look newer than a yes
//! that followed it, and the yes would be left out. So a withdrawal is written as one `SetConsent` on the ground `WITHDRAWN`, whose
//! comment carries our [`Mark`] with the decision: `RemoveConsent` takes no comment, and leaves that of the yes. A consent counts from the
//! decision of its mark, if the mark says what the ground says; where they differ, somebody changed it by hand and left the comment, and
//! it counts from when that was.

use serde_json::{Value, json};

use super::{Purpose, Settings, WITHDRAWN, rows, text};
use crate::{
    connector::{Answer, Change, Mark, Says, Told},
    time::Timestamp,
};

/// How long a comment may be, in characters.
const COMMENT: usize = 255;

/// A consent as SuperOffice has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    purpose: String,
    ground: String,
    comment: String,
    written_at: Option<Timestamp>,
}

/// What to do, once SuperOffice has said how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Set the consent: on its ground for a yes, on `WITHDRAWN` for a no
    Set,
    /// Nothing: it is so already
    IsSo,
    /// Nothing: what is there is newer
    IsNewer,
}

impl Settings {
    /// The body of `SetConsent`.
    #[must_use]
    pub fn consent(&self, person: u64, of: &Purpose, change: &Change, is_yes: bool) -> Value {
        let known_by = format!("; person {}", change.subject);
        let comment = change.comment(COMMENT - known_by.len()) + &known_by;
        json!({
            "PersonId": person,
            "Purpose": of.purpose,
            "Source": self.source(change.source),
            "LegalBase": if is_yes { of.ground(change) } else { WITHDRAWN },
            "Comment": comment,
        })
    }
}

impl Purpose {
    /// The body of `RemoveConsent`.
    #[must_use]
    pub fn removal(&self, person: u64) -> Value {
        json!({"PersonId": person, "Purpose": self.purpose})
    }

    /// The consent for this purpose.
    #[must_use]
    pub fn among<'c>(&self, known: &'c [Consent]) -> Option<&'c Consent> {
        let mut known = known.iter();
        known.find(|known| known.purpose == self.purpose)
    }
}

impl Consent {
    /// Whether the person may be written to.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.ground != WITHDRAWN
    }

    /// What we wrote it for, unless somebody changed it since.
    fn mark(&self) -> Option<Mark> {
        Mark::read(&self.comment).filter(|mark| (mark.says == Says::Yes) == self.holds())
    }

    /// Whether it is of a decision that a change does not outdo; of the same moment a no stands, and what does not say when stands.
    fn outlasts(&self, change: &Change) -> bool {
        let since = self.mark().map(|mark| mark.decided_at);
        since
            .or(self.written_at)
            .is_none_or(|since| since >= change.decided_at)
    }
}

/// The consents of a person.
pub fn consents(answer: &Answer) -> Told<Vec<Consent>> {
    let rows = rows(answer)?;
    let consents = rows.iter().map(|row| Consent {
        purpose: text(row, "ConsentPurposeKey").to_owned(),
        ground: text(row, "LegalBaseKey").to_owned(),
        comment: text(row, "Comment").to_owned(),
        written_at: moment(row, "Updated").max(moment(row, "Registered")),
    });
    Ok(consents.collect())
}

/// SuperOffice's times are UTC, also where they do not say so; the year 1 is none.
fn moment(row: &Value, name: &str) -> Option<Timestamp> {
    let text = text(row, name);
    let at = Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}Z")));
    at.ok().filter(|_| !text.starts_with("0001-"))
}

/// Whether a change is written over what SuperOffice has. A no is always written over a yes: whoever says no is never written to.
#[must_use]
pub fn write(known: Option<&Consent>, of: &Purpose, change: &Change, is_yes: bool) -> Write {
    let Some(known) = known else {
        return if is_yes { Write::Set } else { Write::IsSo };
    };
    match (is_yes, known.holds()) {
        (true, true) => over_a_yes(known, of, change),
        (true, false) if known.outlasts(change) => Write::IsNewer,
        // A later no than the one there moves the mark on, so that a yes is compared with the latest.
        (false, false) if known.outlasts(change) => Write::IsSo,
        _ => Write::Set,
    }
}

fn over_a_yes(known: &Consent, of: &Purpose, change: &Change) -> Write {
    let Some(mark) = known.mark() else {
        return Write::Set;
    };
    if mark.decided_at > change.decided_at {
        return Write::IsNewer;
    }
    let receipt = change
        .receipt
        .as_ref()
        .map(|receipt| receipt.id.to_string());
    let is_told = receipt.is_some_and(|receipt| known.comment.contains(&receipt));
    if is_told && known.ground == of.ground(change) {
        Write::IsSo
    } else {
        Write::Set
    }
}
