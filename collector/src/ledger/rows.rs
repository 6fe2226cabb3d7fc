//! Rows: how everything stands now, some people at a time, as a template says. Changes nothing.

use sayso_shared::{
    api_key::Scope,
    consent::Standing,
    event::EventSubject,
    key::PurposeKey,
    notice::Notice,
    problem::Problem,
    table::{Ground, Known, Table, Template},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{acts::worded, book::Book};
use crate::{
    failure::{Outcome, damaged},
    store::Store,
};

/// Some rows of a table.
#[derive(Serialize, Deserialize)]
pub(crate) struct RowsPart {
    /// What stands in the first row
    pub(crate) names: Vec<String>,
    /// The rows
    pub(crate) rows: Vec<Vec<String>>,
    /// After whom to go on; nothing at the end of this shard
    pub(crate) next: Option<String>,
    /// How many shards there are
    pub(crate) shards: u16,
}

/// Notices that were read: thousands of people were shown the same one.
type Notices = Vec<Notice>;

impl<S: Store> Book<S> {
    /// The rows of the next people after one.
    ///
    /// 1. The key has `subjects:read`: 401, 403.
    /// 2. The template fits the site: 422.
    pub(super) fn rows(
        &self,
        key: Option<&str>,
        template: &Template,
        after: &str,
        most: u32,
        now: Timestamp,
    ) -> Outcome<RowsPart> {
        self.admit(key, Scope::SubjectsRead)?; // 1
        let (snapshot, keys) = (self.snapshot()?, self.keys()?);
        let table = Table::of(template, &snapshot.definition).map_err(Problem::invalid)?; // 2
        let people = self.people_after(&keys, after, most)?;
        let is_all = people.len() < most as usize;
        let (mut rows, mut next, mut notices) = (Vec::new(), None, Notices::new());
        for (subject, standing) in people {
            let grounds = if table.needs_grounds() {
                self.grounds(&standing, &mut notices)?
            } else {
                Vec::new()
            };
            let known = Known {
                subject: EventSubject::of(subject.id, Some(&subject.person)),
                standing,
                grounds,
            };
            rows.extend(table.rows(&known, now));
            next = Some(subject.id.to_string());
        }
        Ok(RowsPart {
            names: table.names(),
            rows,
            next: next.filter(|_| !is_all),
            shards: snapshot.definition.shards,
        })
    }

    fn grounds(
        &self,
        standing: &Standing,
        notices: &mut Notices,
    ) -> Outcome<Vec<(PurposeKey, Ground)>> {
        let mut grounds = Vec::new();
        for (purpose, consent) in standing {
            let row = self.submission(consent.submission)?;
            let row = row.ok_or_else(|| damaged("a consent's submission"))?;
            let facts = row.facts()?;
            let hash = &facts.notice.hash;
            let known = notices.iter().position(|notice| notice.hash == *hash);
            let place = known.unwrap_or(notices.len());
            if known.is_none() {
                notices.push(self.notice(hash)?);
            }
            let notice = notices.get(place).ok_or_else(|| damaged("a notice"))?;
            let worded = worded(notice, purpose)?;
            let ground = Ground {
                title: worded.title.clone(),
                legal_basis: facts.legal_basis(worded),
                source: facts.source,
                notice: facts.notice.clone(),
            };
            grounds.push((purpose.clone(), ground));
        }
        Ok(grounds)
    }
}

#[cfg(test)]
mod tests {
    use sayso_shared::{id::uuid_v7, visitor::VisitorClass};
    use serde_json::json;

    use super::*;
    use crate::{
        failure::Failure,
        ledger::fixture::{ORIGIN, at, book, choices, good, submission},
        native_store::NativeStore,
    };

    fn template(document: serde_json::Value) -> Template {
        serde_json::from_value(document).expect("a template")
    }

    /// Says yes to STORE, and to NEWS where it is confirmed.
    fn says_yes(book: &Book<NativeStore>, nth: u8, confirms: bool) {
        let now = at(nth.into());
        let email = format!("person-{nth}@example.com");
        let document = submission(uuid_v7(now, [nth; 10]), &email, &choices(true, true), now);
        let (status, _) = good(book.record(&document, Some(ORIGIN), now));
        assert_eq!(status, 201);
        if confirms {
            let mail = good(book.waiting_mails()).pop().expect("a mail");
            let letter = good(book.mail(&mail.id)).expect("a mail").letter;
            let link: &String = letter.links.first().expect("a link");
            let token = link.rsplit('/').next().expect("a token");
            let news = ["NEWS".to_owned()].into();
            good(book.confirm(token, &news, VisitorClass::Browser, at(50)));
        }
    }

    fn all(book: &Book<NativeStore>, template: &Template, most: u32) -> Vec<Vec<String>> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let part = good(book.rows(None, template, &after, most, at(100)));
            rows.extend(part.rows);
            match part.next {
                Some(next) => after = next,
                None => return rows,
            }
        }
    }

    #[test]
    fn a_row_for_each_consent_of_everybody_whatever_a_page_holds() {
        let book = book(NativeStore::in_memory());
        for nth in 1..=5 {
            says_yes(&book, nth, nth == 2);
        }
        let written = book.store.rows_written();
        let columns =
            json!({"columns": [{"field": "email"}, {"field": "purpose"}, {"field": "status"}]});
        let rows = all(&book, &template(columns.clone()), 100);
        assert_eq!(rows.len(), 6, "who was only asked is not told of");
        let row =
            |email: &str, purpose: &str| [email, purpose, "given"].map(str::to_owned).to_vec();
        assert_eq!(rows[0], row("person-1@example.com", "STORE"));
        assert_eq!(rows[1], row("person-2@example.com", "NEWS"));
        for most in 1..=6 {
            assert_eq!(all(&book, &template(columns.clone()), most), rows);
        }
        let mut asked = columns;
        asked["statuses"] = json!(["requested"]);
        assert_eq!(all(&book, &template(asked.clone()), 2).len(), 4);
        asked["purposes"] = json!(["STORE"]);
        assert_eq!(all(&book, &template(asked), 2).len(), 0);
        let usual = good(book.rows(None, &Template::default(), "", 2, at(100)));
        assert_eq!(usual.names.len(), usual.rows[0].len());
        let at_name = |name: &str| {
            usual
                .names
                .iter()
                .position(|known| known == name)
                .expect("a column")
        };
        let cell = |name: &str| usual.rows[0][at_name(name)].as_str();
        assert_eq!(cell("legal_basis"), "consent");
        assert_eq!(cell("notice"), "demo/form/en v1");
        assert_eq!(cell("since"), at(1).to_string());
        assert_eq!(cell("allowed"), "true");
        assert_eq!(
            book.store.rows_written(),
            written,
            "looking changes nothing"
        );
    }

    #[test]
    fn a_row_for_each_person_in_the_words_of_another_program() {
        let book = book(NativeStore::in_memory());
        for nth in 1..=3 {
            says_yes(&book, nth, nth == 2);
        }
        let document = json!({
            "dates": "day_first",
            "columns": [
                {"field": "text", "text": "1", "name": "Type"},
                {"field": "email", "name": "E-mail"},
                {"field": "status", "purpose": "NEWS", "name": "Nieuwsbrief", "values": {"given": "J"}, "otherwise": "N"},
                {"field": "since", "purpose": "NEWS", "name": "Sinds"}
            ]
        });
        let rows = all(&book, &template(document.clone()), 2);
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            rows[0],
            row(["1", "person-1@example.com", "N", "15-01-2027"])
        );
        assert_eq!(
            rows[1],
            row(["1", "person-2@example.com", "J", "15-01-2027"])
        );
        // Only those who may be mailed.
        let mut given = document;
        given["purposes"] = json!(["NEWS"]);
        given["statuses"] = json!(["given"]);
        assert_eq!(all(&book, &template(given), 2).len(), 1);
    }

    #[test]
    fn all_that_does_not_fit_is_said_at_once() {
        let book = book(NativeStore::in_memory());
        let document = json!({"purposes": ["NOWS"], "columns": [
            {"field": "email", "purpose": "NEWS"},
            {"field": "status"},
            {"field": "since", "purpose": "NOWS"},
            {"field": "text"}
        ]});
        let refused = book.rows(None, &template(document), "", 10, at(1));
        let Err(Failure::Problem(problem)) = refused else {
            panic!("not refused");
        };
        let pointers = problem.errors.iter().map(|error| error.pointer.as_str());
        let pointers: Vec<&str> = pointers.collect();
        assert_eq!(
            pointers,
            [
                "/purposes/0",
                "/columns/0/purpose",
                "/columns/1/purpose",
                "/columns/2/purpose",
                "/columns/3/text"
            ]
        );
    }
}
