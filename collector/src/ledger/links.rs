//! Links of mails: tokens that open a page, each known by its hash alone.
//!
//! How often a link was opened is remembered while the object is awake, and noted when its button is pressed: looking writes nothing.

use std::collections::BTreeMap;

use sayso_shared::{
    time::Timestamp,
    token::Token,
    visitor::{VisitorClass, Visits},
};
use serde::Deserialize;
use uuid::Uuid;

use super::book::Book;
use crate::{
    failure::Outcome,
    store::{Store, Value, number, text},
};

/// Of how many links it is remembered how often they were opened. Past that it is forgotten of all.
const MOST_REMEMBERED: usize = 10_000;

/// How often links were opened, by their hash.
#[derive(Default)]
pub(super) struct Opened(BTreeMap<[u8; 32], Visits>);

/// A link that we know.
#[derive(Deserialize)]
pub(super) struct TokenRow {
    pub(super) subject: Uuid,
    pub(super) submission: Option<Uuid>,
    pub(super) expires_at: Option<i64>,
    pub(super) used_at: Option<i64>,
}

impl Opened {
    fn note(&mut self, token: &Token, class: VisitorClass) {
        if self.0.len() >= MOST_REMEMBERED {
            self.0.clear();
        }
        let visits = self.0.entry(token.digest()).or_default();
        *visits = visits.and(class);
    }

    fn of(&self, token: &Token) -> Visits {
        self.0.get(&token.digest()).copied().unwrap_or_default()
    }
}

impl<S: Store> Book<S> {
    /// Remembers that a link was opened. Writes nothing.
    pub(super) fn note_visit(&self, token: &str, class: VisitorClass) -> Outcome<()> {
        if let (Some(known), Some(_)) = (Token::parse(token), self.token(token)?) {
            self.opened.borrow_mut().note(&known, class);
        }
        Ok(())
    }

    /// How often a link was opened before, as far as it is remembered.
    pub(super) fn visits(&self, token: &str) -> Visits {
        let token = Token::parse(token);
        token.map_or_else(Visits::default, |token| self.opened.borrow().of(&token))
    }

    /// The row of a link that we know.
    pub(super) fn token(&self, token: &str) -> Outcome<Option<TokenRow>> {
        let Some(token) = Token::parse(token).filter(|_| self.has_schema().unwrap_or(false)) else {
            return Ok(None);
        };
        let values = vec![Value::Blob(token.digest().to_vec())];
        Ok(self
            .store
            .row(include_str!("../../sql/ledger/token_select.sql"), values)?)
    }

    /// Whose personal link this is.
    pub(super) fn preferences_link(&self, token: &str) -> Outcome<Option<Uuid>> {
        let token = self
            .token(token)?
            .filter(|token| token.submission.is_none());
        Ok(token.map(|token| token.subject))
    }

    /// Makes a token known: with a submission, of its confirm page; without, of the person's own page.
    pub(super) fn write_token(
        &self,
        token: &Token,
        subject: Uuid,
        submission: Option<Uuid>,
        expires_at: Option<Timestamp>,
    ) -> Outcome<()> {
        let values = vec![
            Value::Blob(token.digest().to_vec()),
            text(subject),
            submission.map_or(Value::Null, text),
            expires_at.map_or(Value::Null, |at| number(at.unix_millis())),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/token_insert.sql"), values)?)
    }
}
