//! Tryton over its REST API: `/{database}/rest/model/{model}`.

use std::collections::BTreeSet;

use sayso_shared::connector::{
    Change, Item, Lists, Refusals, Says, WhenUnknown,
    tryton::{
        Address, Credentials, LISTS, Note, Resource, Row, Settings, active, addresses_of,
        concerned, is_newer_no, listed, note, notes_about, notes_at, notes_of, parties_of, party,
        place, row_of, rows_of, subscription, subscriptions_of, succeeded,
    },
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Answer, Desk, LONGEST, Line, Request, Told, Verdict};

/// `{"active_test": false}`: lets a request reach what is inactive (base64url, as Tryton wants it).
const ALSO_INACTIVE: &str = "eyJhY3RpdmVfdGVzdCI6IGZhbHNlfQ==";

/// A mailing list as it is answered.
#[derive(Deserialize)]
struct MailingList {
    id: u64,
    name: String,
}

/// Who asks whom.
struct Tryton<'a, L> {
    line: &'a L,
    settings: &'a Settings,
    credentials: &'a Credentials,
}

/// Tells Tryton of a change:
///
/// 1. finds the parties of the address, or makes one where somebody said yes;
/// 2. makes the subscription, or sets whether it is active, unless it is so already, or a newer no is there; a no needs no party for that;
/// 3. leaves a note on each party, and on the subscription of a yes, unless it is there: an erased person is found by nothing else.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    _desk: &Desk<'_>,
    change: &Change,
) -> Told<Verdict> {
    let tryton = Tryton {
        line,
        settings,
        credentials,
    };
    let says = match change.says() {
        Says::Yes => true,
        Says::No => false,
        Says::Pending => return Ok(Verdict::not_wanted("Tryton has no state for a request.")),
        Says::Forget => return tryton.forget(change).await,
    };
    let Some(list) = settings.list(change) else {
        return Ok(Verdict::not_wanted(
            "The mapping does not name this purpose.",
        ));
    };
    let Some(email) = change.email.as_deref() else {
        return Ok(Verdict::not_wanted("The person was erased since."));
    };
    // 1.
    let parties = tryton.find("party.party", &parties_of(email)).await?;
    let parties = concerned(parties, change.says());
    let parties = settings.when_several.among(change.says(), parties);
    let parties = parties.map_err(|several| {
        Verdict::refused(format!(
            "Tryton has {several} parties of this address; `when_several` says to tell none."
        ))
    })?;
    let mut spelled = tryton
        .find("marketing.email", &subscriptions_of(email, list))
        .await?;
    // One for each spelling of the address: a yes is so already where one is active, and a no ends them all.
    spelled.sort_by_key(|row| !row.active);
    let known = spelled.first().copied();
    if parties.is_empty() {
        let is_made = says && settings.when_unknown == WhenUnknown::Create;
        if !is_made && (says || known.is_none()) {
            return Ok(Verdict::not_wanted(
                "Tryton knows no party of this address.",
            ));
        }
    }
    let mut places: Vec<String> = parties
        .iter()
        .map(|row| place("party.party", row.id))
        .collect();
    if let Some(known) = known.filter(|known| says && !known.active) {
        let mut looked_at = places.clone();
        looked_at.push(place("marketing.email", known.id));
        let notes: Vec<Note> = tryton
            .list(
                "ir.note",
                &["message", "create_date"],
                &notes_at(&looked_at),
            )
            .await?;
        if is_newer_no(&known, &notes, change) {
            return Ok(Verdict::not_wanted(format!(
                "Subscription to list {list}: Tryton has a newer no."
            )));
        }
    }
    if says && places.is_empty() {
        let made = tryton.make("party.party", &party(email)).await?;
        places.push(place("party.party", made.id));
    }
    // 2.
    for also in spelled.iter().skip(1).filter(|row| !says && row.active) {
        tryton
            .set("marketing.email", also.id, &active(false))
            .await?;
    }
    let (done, row) = match known {
        Some(known) if known.active == says => ("was so already", Some(known)),
        Some(known) => {
            tryton
                .set("marketing.email", known.id, &active(says))
                .await?;
            ("set", Some(known))
        }
        None if says => {
            let row = subscription(email, list);
            ("made", Some(tryton.make("marketing.email", &row).await?))
        }
        None => ("was not there", None),
    };
    // 3.
    if let Some(row) = row.filter(|_| says || places.is_empty()) {
        places.push(place("marketing.email", row.id));
    }
    let was_so = known.is_some_and(|known| known.active == says);
    for place in &places {
        tryton.leave_note(place, change, was_so).await?;
    }
    let word = if says { "active" } else { "inactive" };
    Ok(Verdict::done(format!(
        "Subscription to list {list}: {word} ({done})."
    )))
}

/// The mailing lists.
pub(crate) async fn lists(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    _desk: &Desk<'_>,
) -> Told<Lists> {
    let tryton = Tryton {
        line,
        settings,
        credentials,
    };
    let found: Vec<MailingList> = tryton
        .list("marketing.email.list", &["name"], &json!([]))
        .await?;
    let items = found
        .into_iter()
        .map(|list| Item::new(list.id.to_string(), list.name));
    Ok(Lists::default().with(LISTS, items.collect()))
}

impl<L: Line> Tryton<'_, L> {
    /// The rows that a domain selects, newest first.
    async fn find(&self, model: &str, domain: &Value) -> Told<Vec<Row>> {
        let fields: &[&str] = if model == "ir.note" {
            &["id"]
        } else {
            &["active", "write_date", "create_date"]
        };
        let mut found: Vec<Row> = self.list(model, fields, domain).await?;
        found.sort_by_key(|row| std::cmp::Reverse(row.id));
        Ok(found)
    }

    async fn leave_note(&self, place: &str, change: &Change, was_so: bool) -> Told<()> {
        let known = self.find("ir.note", &notes_of(place, change)).await?;
        if known.is_empty() {
            self.make("ir.note", &note(place, change, was_so)).await?;
        }
        Ok(())
    }

    /// Stops every subscription of an erased person: those with a note about the person, also of an address that the party has no more,
    /// and those of the parties with one, by all their addresses. The parties stay: what else Tryton knows of somebody is for its own
    /// people to erase.
    async fn forget(&self, change: &Change) -> Told<Verdict> {
        let notes: Vec<Resource> = self
            .list("ir.note", &["resource"], &notes_about(change.subject))
            .await?;
        let rows = |model: &str| -> BTreeSet<u64> {
            notes
                .iter()
                .filter_map(|note| row_of(model, note))
                .collect()
        };
        let parties = rows("party.party");
        let subscriptions: Vec<u64> = rows("marketing.email").into_iter().collect();
        if parties.is_empty() && subscriptions.is_empty() {
            return Ok(Verdict::not_wanted(
                "Tryton has no note about the person who was erased.",
            ));
        }
        let (mut stopped, mut refusals) = (0, Refusals::of(change));
        if !subscriptions.is_empty() {
            stopped += self.stop(&rows_of(&subscriptions), &mut refusals).await?;
        }
        for party in &parties {
            let addresses: Vec<Address> = self
                .list("party.contact_mechanism", &["value"], &addresses_of(*party))
                .await?;
            for email in addresses.into_iter().filter_map(|address| address.value) {
                for subscription in self.settings.purposes.values() {
                    let domain = subscriptions_of(&email, subscription.list);
                    stopped += self.stop(&domain, &mut refusals).await?;
                }
            }
        }
        let parties = parties.iter().map(|id| place("party.party", *id));
        let subscriptions = subscriptions.iter().map(|id| place("marketing.email", *id));
        for place in parties.chain(subscriptions) {
            refusals.note(self.leave_note(&place, change, false).await)?;
        }
        refusals.end(Verdict::done(format!(
            "Erased: {stopped} subscriptions set inactive. The parties themselves are yours to erase."
        )))
    }

    /// Sets the active ones of these subscriptions inactive; how many there were.
    async fn stop(&self, domain: &Value, refusals: &mut Refusals) -> Told<u32> {
        let known = self.find("marketing.email", domain).await?;
        let mut stopped = 0;
        for known in known.iter().filter(|known| known.active) {
            let set = self.set("marketing.email", known.id, &active(false)).await;
            stopped += u32::from(refusals.note(set)?.is_some());
        }
        Ok(stopped)
    }

    async fn list<T: DeserializeOwned>(
        &self,
        model: &str,
        fields: &[&str],
        domain: &Value,
    ) -> Told<Vec<T>> {
        let url = self.settings.search(model, fields, domain);
        let answer = self
            .line
            .read(self.let_in(Request::new("GET", url).reading(LONGEST)))
            .await?;
        listed(&answer)
    }

    /// Makes a row. A dry run takes it for number 0.
    async fn make(&self, model: &str, row: &Value) -> Told<Row> {
        let request = Request::new("POST", format!("{}?f=id", self.settings.rows(model)));
        let request = request.json(row).supposing(200, &json!({"id": 0}));
        let answer = self.line.write(self.let_in(request)).await?;
        succeeded(&answer)?;
        answer.json()
    }

    async fn set(&self, model: &str, id: u64, row: &Value) -> Told<Answer> {
        let request = Request::new("PUT", format!("{}/{id}?f=id", self.settings.rows(model)));
        let request = request.json(row).header("x-tryton-context", ALSO_INACTIVE);
        let answer = self.line.write(self.let_in(request)).await?;
        succeeded(&answer)?;
        Ok(answer)
    }

    fn let_in(&self, request: Request) -> Request {
        request
            .header("authorization", format!("Bearer {}", self.credentials.key))
            .header("accept", "application/json")
    }
}
