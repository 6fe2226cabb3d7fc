//! Tryton over its REST API: `/{database}/rest/model/{model}`.

use sayso_shared::connector::{
    Change, Item, Lists, Says, WhenUnknown,
    tryton::{
        Credentials, LISTS, Row, Settings, active, note, notes_of, parties_of, party, rows,
        subscription, subscriptions_of, succeeded,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk, Line, Request, Told, Verdict};

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
/// 2. makes the subscription, or sets whether it is active, unless it is so already;
/// 3. leaves a note on each party, unless it is there.
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
        Says::Forget => return Ok(Verdict::not_wanted("not yet")),
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
    let mut parties = tryton.find("party.party", &parties_of(email)).await?;
    if parties.is_empty() {
        if !says || settings.when_unknown == WhenUnknown::Skip {
            return Ok(Verdict::not_wanted(
                "Tryton knows no party of this address.",
            ));
        }
        parties.push(tryton.make("party.party", &party(email)).await?);
    }
    let parties = settings.when_several.among(parties).map_err(|several| {
        Verdict::refused(format!(
            "Tryton has {several} parties of this address; `when_several` says to tell none."
        ))
    })?;
    // 2.
    let known = tryton
        .find("marketing.email", &subscriptions_of(email, list))
        .await?;
    let done = match known.first() {
        Some(known) if known.active == says => "was so already",
        Some(known) => {
            tryton
                .set("marketing.email", known.id, &active(says))
                .await?;
            "set"
        }
        None if says => {
            tryton
                .make("marketing.email", &subscription(email, list))
                .await?;
            "made"
        }
        None => "was not there",
    };
    // 3.
    for party in &parties {
        let known = tryton.find("ir.note", &notes_of(party.id, change)).await?;
        if known.is_empty() {
            tryton.make("ir.note", &note(party.id, change)).await?;
        }
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
    let url = settings.search("marketing.email.list", "name", &json!([]));
    let answer = line.read(tryton.let_in(Request::new("GET", url))).await?;
    succeeded(&answer)?;
    let found: Vec<MailingList> = answer.json()?;
    let items = found
        .into_iter()
        .map(|list| Item::new(list.id.to_string(), list.name));
    Ok(Lists::default().with(LISTS, items.collect()))
}

impl<L: Line> Tryton<'_, L> {
    /// The rows that a domain selects, newest first.
    async fn find(&self, model: &str, domain: &Value) -> Told<Vec<Row>> {
        let fields = if model == "ir.note" { "id" } else { "active" };
        let url = self.settings.search(model, fields, domain);
        let answer = self
            .line
            .read(self.let_in(Request::new("GET", url)))
            .await?;
        let mut found = rows(&answer)?;
        found.sort_by_key(|row| std::cmp::Reverse(row.id));
        Ok(found)
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
