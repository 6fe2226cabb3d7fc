//! Receipts, handed out: to the holder of a personal link, with everything else on record of that person, and by key in the forms of
//! others. Changes nothing.

use sayso_shared::{
    export::ExportForm, key::PurposeKey, problem::Problem, receipt::Receipt, time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::book::Book;
use crate::{
    failure::Outcome,
    pages::{Record, RecordView},
    store::{Store, text},
};

#[derive(Deserialize)]
struct ReceiptRow {
    receipt: String,
}

impl<S: Store> Book<S> {
    /// What the printable page shows.
    pub(super) fn show_record(&self, token: &str, now: Timestamp) -> Outcome<RecordView> {
        let Some(subject) = self.preferences_link(token)? else {
            return Ok(RecordView::Unknown);
        };
        let keys = self.keys()?;
        let person = self.personal_view(subject, None)?;
        let standing = self.standing(&subject.to_string())?;
        let known = person
            .choices
            .iter()
            .filter_map(|choice| standing.get_key_value(&choice.key));
        let packs =
            known.map(|(purpose, consent)| self.pack(&keys, subject, purpose, consent, now));
        Ok(RecordView::Known(Box::new(Record {
            packs: packs.collect::<Outcome<_>>()?,
            site: person.site,
        })))
    }

    /// The receipts of one consent in a form of others. One of a version that is no longer written cannot be told in it.
    pub(super) fn export(
        &self,
        key: Option<&str>,
        id: Uuid,
        purpose: &PurposeKey,
        form: ExportForm,
        now: Timestamp,
    ) -> Outcome<Value> {
        let evidence = self.evidence(key, id, purpose, now)?;
        let acts = evidence.pack.acts.iter();
        let receipts: Vec<Receipt> = acts
            .filter_map(|act| Some(Receipt::read(&act.receipt)?.only(purpose)))
            .collect();
        let export = form.export(&receipts);
        export.map_err(|error| Problem::nothing_to_export(&error.to_string()).into())
    }

    /// One receipt of the person, byte for byte.
    pub(super) fn receipt_of(&self, token: &str, act: Uuid) -> Outcome<Option<String>> {
        let Some(subject) = self.preferences_link(token)? else {
            return Ok(None);
        };
        let row: Option<ReceiptRow> = self.store.row(
            include_str!("../../sql/ledger/act_of_subject.sql"),
            vec![text(act), text(subject)],
        )?;
        Ok(row.map(|row| row.receipt))
    }
}
