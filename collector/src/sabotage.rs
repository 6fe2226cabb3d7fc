//! Sabotage: what the store may do behind the book's back, one thing for each invariant, so that the simulator can prove that it would
//! notice. It exists only in tests.

use worker::{Error, Result};

use crate::store::Value;

/// What the store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Events are acknowledged and not written
    LosesEvents,
    /// Mails are acknowledged and not written
    LosesMails,
    /// A lane goes one event further than it delivered
    SkipsEvents,
    /// Events are written twice
    DoublesEvents,
    /// A withdrawal does not reach what the next decision rests on
    ForgetsWithdrawals,
    /// What nobody confirmed is told as given
    GivesWhatWasAsked,
    /// Opening a link writes
    WritesOnLooking,
    /// Who is to be forgotten stays
    KeepsThePerson,
    /// A link that is not known opens another's page
    OpensForOthers,
    /// Receipts are not what was signed
    SpoilsReceipts,
    /// While a CRM is down nothing is taken
    MindsTheCrm,
    /// A submission is told stored, and undone
    TellsTooEarly,
}

/// A statement with its values.
pub(crate) type Write = (String, Vec<Value>);

impl Sabotage {
    /// All of them, with how the sentence begins by which the simulator notices.
    pub(crate) const ALL: [(Self, &'static str); 12] = [
        (Self::LosesEvents, "1: acknowledged and not on record"),
        (Self::LosesMails, "1: 0 mails were written"),
        (Self::SkipsEvents, "3: the lane to"),
        (Self::DoublesEvents, "2: a second event"),
        (Self::ForgetsWithdrawals, "3: "),
        (Self::GivesWhatWasAsked, "4: given, and nobody confirmed it"),
        (Self::WritesOnLooking, "5: looking wrote"),
        (Self::KeepsThePerson, "6: "),
        (Self::OpensForOthers, "7: a link of another site"),
        (Self::SpoilsReceipts, "8: does not verify"),
        (Self::MindsTheCrm, "9: intake failed"),
        (Self::TellsTooEarly, "10: "),
    ];

    /// What is written instead.
    pub(crate) fn write(
        self,
        statement: &str,
        values: Vec<Value>,
        crm_is_down: impl FnOnce() -> bool,
    ) -> Result<Vec<Write>> {
        let is = |other: &str| statement == other;
        let as_it_is = |values| vec![(statement.to_owned(), values)];
        let event = include_str!("../sql/ledger/event_insert.sql");
        Ok(match self {
            Self::LosesEvents if is(event) => Vec::new(),
            Self::LosesMails if is(include_str!("../sql/ledger/mail_insert.sql")) => Vec::new(),
            Self::DoublesEvents if is(event) => {
                let mut twice = as_it_is(values.iter().map(copy).collect());
                twice.extend(as_it_is(values));
                twice
            }
            Self::GivesWhatWasAsked if is(event) => {
                as_it_is(values.into_iter().map(given).collect())
            }
            Self::SkipsEvents if is(include_str!("../sql/ledger/lane_update.sql")) => {
                let mut values = values;
                if let Some(Value::Integer(cursor)) = values.first_mut() {
                    *cursor += 1;
                }
                as_it_is(values)
            }
            Self::ForgetsWithdrawals
                if is(include_str!("../sql/ledger/consent_upsert.sql"))
                    && values.iter().any(|value| is_text(value, "withdrawn")) =>
            {
                Vec::new()
            }
            Self::KeepsThePerson
                if is(include_str!("../sql/ledger/subject_delete.sql"))
                    || is(include_str!("../sql/ledger/subject_key_zero.sql")) =>
            {
                Vec::new()
            }
            Self::SpoilsReceipts if is(include_str!("../sql/ledger/act_insert.sql")) => {
                as_it_is(values.into_iter().map(spoilt).collect())
            }
            Self::MindsTheCrm
                if is(include_str!("../sql/ledger/submission_insert.sql")) && crm_is_down() =>
            {
                return Err(Error::RustError("the CRM does not answer".to_owned()));
            }
            _ => as_it_is(values),
        })
    }

    /// What is written before this is read.
    pub(crate) fn before_reading(self, statement: &str) -> Option<&'static str> {
        let opens_a_link = statement == include_str!("../sql/ledger/token_select.sql");
        (self == Self::WritesOnLooking && opens_a_link)
            .then_some("UPDATE token SET used_at = used_at")
    }

    /// What is read instead.
    pub(crate) fn read(self, statement: &str) -> &str {
        let opens_a_link = statement == include_str!("../sql/ledger/token_select.sql");
        if self == Self::OpensForOthers && opens_a_link {
            "SELECT subject, submission, expires_at, used_at FROM token WHERE digest = ?1 OR NOT EXISTS (SELECT 1 FROM token WHERE digest = ?1) ORDER BY submission IS NULL LIMIT 1"
        } else {
            statement
        }
    }

    /// Whether a commit with this in it is undone, and told as kept.
    pub(crate) fn undoes(self, statement: &str) -> bool {
        self == Self::TellsTooEarly
            && statement == include_str!("../sql/ledger/submission_insert.sql")
    }
}

fn copy(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Boolean(value) => Value::Boolean(*value),
        Value::Integer(value) => Value::Integer(*value),
        Value::Float(value) => Value::Float(*value),
        Value::String(value) => Value::String(value.clone()),
        Value::Blob(value) => Value::Blob(value.clone()),
    }
}

fn is_text(value: &Value, wanted: &str) -> bool {
    matches!(value, Value::String(text) if text == wanted)
}

/// Says given where it says requested.
fn given(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(
            text.replace("consent.requested", "consent.given")
                .replace("\"status\":\"requested\"", "\"status\":\"given\""),
        ),
        value => value,
    }
}

/// A compact JWS with another signature.
fn spoilt(value: Value) -> Value {
    match value {
        Value::String(text) if text.matches('.').count() == 2 => {
            let (signed, signature) = text.rsplit_once('.').unwrap_or_default();
            let turned: String = signature.chars().rev().collect();
            Value::String(format!("{signed}.{turned}"))
        }
        value => value,
    }
}
