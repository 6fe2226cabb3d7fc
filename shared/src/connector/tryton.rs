//! Tryton: subscriptions to mailing lists (`marketing.email`), persons (`party.party`) and notes (`ir.note`), over its REST API.
//!
//! A purpose is one mailing list. A yes makes the address an active subscriber of the list, a no an inactive one: Tryton itself keeps
//! one row for an address and a list, so that telling it twice is harmless. A yes that is older than a no that somebody set in Tryton is
//! left out; a no of ours counts from its decision ([`Mark`]). Tryton has no legal basis and no state for what is not
//! confirmed yet; nothing is told of a request. The note on the party carries receipt and Sayso's id of the person, by which an erased
//! person is found later, when the address is known no more.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, Change, Lists, Mapping, Mark, Says, Told, Verdict, WhenSeveral, WhenUnknown, read,
    spellings,
};
use crate::{canonical::base64url, key::PurposeKey, problem::FieldError, time::Timestamp};

/// What the lists of Tryton are called here.
pub const LISTS: &str = "lists";

/// How long a note may be. Tryton sets no limit to `ir.note.message`.
const NOTE: usize = 400;

/// How a note ends that changed nothing.
const WAS_SO: &str = "; it was so already";

/// How Tryton is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TrytonSettings))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it is: scheme, host and port
    #[cfg_attr(feature = "openapi", schema(example = "https://tryton.example.com"))]
    pub origin: String,
    /// The name of the database
    pub database: String,
    /// The purposes that it is told of
    pub purposes: BTreeMap<PurposeKey, Subscription>,
    /// What to do when several parties have the address; `error` if it is left out
    #[serde(default)]
    pub when_several: WhenSeveral,
    /// What to do when no party has it; `create` if it is left out
    #[serde(default = "create")]
    pub when_unknown: WhenUnknown,
}

/// What a purpose is in Tryton.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TrytonSubscription))]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The id of the mailing list, a `marketing.email.list`
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub list: u32,
}

/// What lets us in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The key of a user application `rest` that was validated
    pub key: String,
}

/// A row, by its id, and whether it is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Its id
    pub id: u64,
    /// Whether it counts. Tryton on SQLite answers 1 and 0, on PostgreSQL true and false
    #[serde(default = "yes", deserialize_with = "counts")]
    pub active: bool,
    /// When it was changed last; never, if it is as it was made
    #[serde(default)]
    pub write_date: Option<Moment>,
    /// When it was made
    #[serde(default)]
    pub create_date: Option<Moment>,
}

/// A moment as Tryton writes it; it counts in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Moment {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    #[serde(default)]
    microsecond: u32,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Note {
    /// What it says
    pub message: Option<String>,
    /// When it was left
    #[serde(default)]
    pub create_date: Option<Moment>,
}

/// What a note is about: `party.party,7`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Resource {
    /// Model and id
    pub resource: Option<String>,
}

/// An address of a party.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Address {
    /// The address
    pub value: Option<String>,
}

/// The words of Tryton's own refusals.
#[derive(Deserialize)]
struct Refusal {
    message: String,
    #[serde(default)]
    description: String,
}

impl Settings {
    /// Where the rows of a model are.
    #[must_use]
    pub fn rows(&self, model: &str) -> String {
        let (origin, database) = (self.origin.trim_end_matches('/'), &self.database);
        format!("{origin}/{database}/rest/model/{model}")
    }

    /// Where the rows of a model are that a domain selects, with these fields.
    #[must_use]
    pub fn search(&self, model: &str, fields: &[&str], domain: &Value) -> String {
        // Tryton wants base64 that is filled up. Blanks at the end fill it up: 3 bytes are 4 letters.
        let mut domain = domain.to_string();
        while !domain.len().is_multiple_of(3) {
            domain.push(' ');
        }
        let domain = base64url(domain.as_bytes());
        format!("{}?f={}&d={domain}", self.rows(model), fields.join("&f="))
    }

    /// The list of the change's purpose.
    #[must_use]
    pub fn list(&self, change: &Change) -> Option<u32> {
        let subscription = self.purposes.get(change.purpose.as_ref()?)?;
        Some(subscription.list)
    }
}

impl Mapping for Settings {
    fn origin(&self) -> String {
        self.origin.clone()
    }

    fn purposes(&self) -> Vec<PurposeKey> {
        self.purposes.keys().cloned().collect()
    }

    fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.database.is_empty() || !self.database.chars().all(is_name) {
            let must = "must be the name of the database: letters, digits, _ and -";
            errors.push(FieldError::new("/database", must));
        }
        errors
    }

    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError> {
        match read::<Credentials>(credentials) {
            Err(error) => vec![error],
            Ok(Credentials { key })
                if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                vec![FieldError::new(
                    "/key",
                    "must be the key of a user application",
                )]
            }
            Ok(_) => Vec::new(),
        }
    }

    fn check(&self, lists: &Lists) -> Vec<FieldError> {
        let wrong = self.purposes.iter().filter_map(|(purpose, subscription)| {
            let detail = lists.misses(LISTS, &subscription.list.to_string())?;
            Some(FieldError::new(format!("/purposes/{purpose}/list"), detail))
        });
        wrong.collect()
    }
}

impl Moment {
    fn timestamp(self) -> Option<Timestamp> {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            microsecond,
        } = self;
        let millis = microsecond / 1000;
        let text =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
        Timestamp::parse(&text).ok()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

/// The parties of an address, however Tryton's people spelled it, and also what they have put aside.
#[must_use]
pub fn parties_of(email: &str) -> Value {
    let also_inactive = json!(["active", "in", [true, false]]);
    let spelled = spellings(email).into_iter();
    let spelled = spelled.map(|email| json!(["value", "ilike", verbatim(&email)]));
    let either: Vec<Value> = [json!("OR")].into_iter().chain(spelled).collect();
    let has = json!([["type", "=", "email"], either, also_inactive]);
    json!([["contact_mechanisms", "where", has], also_inactive])
}

/// A text to compare with, in which nothing stands for something else.
fn verbatim(text: &str) -> String {
    let mut verbatim = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            verbatim.push('\\');
        }
        verbatim.push(c);
    }
    verbatim
}

/// The parties that a change is told to: a yes is not told to one that was put aside, unless there is no other.
#[must_use]
pub fn concerned(mut found: Vec<Row>, says: Says) -> Vec<Row> {
    if says == Says::Yes && found.iter().any(|party| party.active) {
        found.retain(|party| party.active);
    }
    found
}

/// The subscriptions of an address to a list, also the inactive ones.
#[must_use]
pub fn subscriptions_of(email: &str, list: u32) -> Value {
    json!([
        // Tryton keeps it in small letters.
        ["email", "in", spellings(&email.to_lowercase())],
        ["list_", "=", list],
        ["active", "in", [true, false]]
    ])
}

/// A new party. Tryton wants a name; until somebody writes it, the address stands for it.
#[must_use]
pub fn party(email: &str) -> Value {
    json!({"name": email, "contact_mechanisms": [["create", [{"type": "email", "value": email}]]]})
}

/// A new subscription, which Tryton takes only as an active one.
#[must_use]
pub fn subscription(email: &str, list: u32) -> Value {
    json!({"email": email, "list_": list})
}

/// Whether a subscription counts.
#[must_use]
pub fn active(is: bool) -> Value {
    json!({"active": is})
}

/// Where a note is left: on a party, or on the subscription itself where nobody has the address.
#[must_use]
pub fn place(model: &str, id: u64) -> String {
    format!("{model},{id}")
}

/// The note of a change, and whether it found that somebody had done so before.
#[must_use]
pub fn note(place: &str, change: &Change, was_so: bool) -> Value {
    let found = if was_so { WAS_SO } else { "" };
    let message = format!("{}; person {}{found}", change.comment(NOTE), change.subject);
    json!({"resource": place, "message": message})
}

/// The note that is there already if this was told before.
#[must_use]
pub fn notes_of(place: &str, change: &Change) -> Value {
    let known = match &change.receipt {
        Some(receipt) => format!("%{}%", receipt.id),
        None => format!("Sayso; {} %person {}%", change.word(), change.subject),
    };
    json!([["resource", "=", place], ["message", "ilike", known]])
}

/// The notes of ours at these places.
#[must_use]
pub fn notes_at(places: &[String]) -> Value {
    json!([["resource", "in", places], ["message", "ilike", "Sayso%"]])
}

/// Whether an inactive subscription is of a decision that is newer than a yes. Tryton says when it was written: where our note of the same
/// purpose or of an erasure follows that, it was we, and it counts from the decision that the note names; else somebody did it in Tryton,
/// then.
#[must_use]
pub fn is_newer_no(known: &Row, notes: &[Note], change: &Change) -> bool {
    let written = known.write_date.or(known.create_date);
    let Some(written) = written.and_then(Moment::timestamp) else {
        return false;
    };
    let of_purpose = format!("; {}; person ", change.title);
    let marks = notes.iter().filter_map(|note| {
        let message = note.message.as_deref()?;
        let (at, mark) = (note.create_date?.timestamp()?, Mark::read(message)?);
        let is_meant = mark.says == Says::Forget || message.contains(&of_purpose);
        let is_told = at >= written && is_meant && !message.ends_with(WAS_SO);
        is_told.then_some((at, mark))
    });
    let first = marks.min_by_key(|(at, _)| *at);
    let since = first
        .filter(|(_, mark)| mark.says != Says::Yes)
        .map_or(written, |(_, mark)| mark.decided_at);
    since > change.decided_at
}

/// The notes that were left about a person, whatever the party.
#[must_use]
pub fn notes_about(subject: Uuid) -> Value {
    json!([["message", "ilike", format!("%person {subject}%")]])
}

/// The row of a model that a note is about, if it is about one.
#[must_use]
pub fn row_of(model: &str, resource: &Resource) -> Option<u64> {
    let (of, id) = resource.resource.as_deref()?.split_once(',')?;
    (of == model).then(|| id.parse().ok())?
}

/// These rows, also the inactive ones.
#[must_use]
pub fn rows_of(ids: &[u64]) -> Value {
    json!([["id", "in", ids], ["active", "in", [true, false]]])
}

/// The addresses of a party.
#[must_use]
pub fn addresses_of(party: u64) -> Value {
    json!([
        ["party", "=", party],
        ["type", "=", "email"],
        ["active", "in", [true, false]]
    ])
}

/// What an answer lists.
pub fn listed<T: DeserializeOwned>(answer: &Answer) -> Told<Vec<T>> {
    succeeded(answer)?;
    answer.json()
}

/// Goes on if Tryton did as it was told; else what its answer means.
pub fn succeeded(answer: &Answer) -> Told<()> {
    if answer.is_success() {
        return Ok(());
    }
    let words = answer.json::<Refusal>().map(|refusal| {
        format!("{} {}", refusal.message, refusal.description)
            .trim()
            .to_owned()
    });
    Err(meaning(answer, &words.unwrap_or_default()))
}

/// 404 stands for a database that is not there, as long as nobody asked for one row: nothing that an event could mend.
fn meaning(answer: &Answer, words: &str) -> Verdict {
    match answer.status {
        404 => Verdict::TryLater {
            retry_after: None,
            words: "Tryton answered 404: is the database there, and are the modules party and marketing_email active in it?".to_owned(),
        },
        _ => answer.failure(words),
    }
}

fn counts<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(reader)?;
    Ok(value == Value::Bool(true) || value.as_i64().is_some_and(|number| number != 0))
}

fn create() -> WhenUnknown {
    WhenUnknown::Create
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(list: u32) -> Settings {
        let document = json!({"origin": "https://tryton.example.com", "database": "crm", "purposes": {"NEWS": {"list": list}}});
        read(&document).expect("settings")
    }

    #[test]
    fn a_list_that_tryton_does_not_have_is_named_by_its_place() {
        let lists = Lists::default().with(LISTS, vec![super::super::Item::new("1", "News")]);
        assert_eq!(settings(1).check(&lists), []);
        let errors = settings(2).check(&lists);
        assert_eq!(errors[0].pointer, "/purposes/NEWS/list");
    }

    #[test]
    fn a_domain_is_base64_that_python_reads() {
        for size in 0..7 {
            let url = settings(1).search("m", &["f"], &json!(["a".repeat(size)]));
            let (_, domain) = url.split_once("&d=").expect("a domain");
            assert_eq!(domain.len() % 4, 0, "{url}");
        }
    }

    #[test]
    fn active_is_read_as_every_database_of_tryton_writes_it() {
        for (written, is) in [
            ("1", true),
            ("0", false),
            ("true", true),
            ("false", false),
            ("null", false),
        ] {
            let row =
                format!(r#"[{{"id": 4, "active": {written}, "__name__": "marketing.email"}}]"#);
            let rows: Vec<Row> = listed(&Answer::new(200, row)).expect("rows");
            let row = Row {
                id: 4,
                active: is,
                write_date: None,
                create_date: None,
            };
            assert_eq!(rows, [row], "{written}");
        }
    }

    #[test]
    fn what_tryton_refuses_is_said_in_its_own_words() {
        let body = r#"{"status": 400, "message": "Only once.", "description": ""}"#;
        let verdict = succeeded(&Answer::new(400, body)).expect_err("refused");
        assert_eq!(
            verdict,
            Verdict::refused("The CRM answered 400: Only once.")
        );
        let wrong_key = succeeded(&Answer::new(401, "<html>")).expect_err("refused");
        assert_eq!(wrong_key.status(), Some(401));
    }
    fn moment(hour: u8) -> Value {
        json!({"__class__": "datetime", "year": 2027, "month": 1, "day": 15, "hour": hour, "minute": 0, "second": 0, "microsecond": 250_000})
    }

    fn inactive(hour: u8) -> Row {
        let row =
            json!({"id": 4, "active": 0, "write_date": moment(hour), "create_date": moment(0)});
        serde_json::from_value(row).expect("a row")
    }

    fn left(hour: u8, message: &str) -> Note {
        let note = json!({"id": 9, "message": message, "create_date": moment(hour)});
        serde_json::from_value(note).expect("a note")
    }

    fn yes() -> Change {
        let site = crate::key::SiteKey::parse("demo").expect("a site");
        let purpose = PurposeKey::parse("NEWS").expect("a purpose");
        let at = Timestamp::parse("2027-01-15T08:00:00Z").expect("a moment");
        Change {
            event: Uuid::nil(),
            site,
            subject: Uuid::nil(),
            email: Some("ada@example.org".to_owned()),
            phone: None,
            external_id: None,
            purpose: Some(purpose),
            title: "News".to_owned(),
            kind: crate::event::EventType::Given,
            at,
            decided_at: at,
            expires_at: None,
            source: None,
            method: None,
            legal_basis: None,
            channels: Vec::new(),
            receipt: None,
        }
    }

    #[test]
    fn a_no_that_somebody_set_in_tryton_counts_from_then_and_one_of_ours_from_its_decision() {
        let told = |at: &str| format!("Sayso receipt x sha256:0; withdrawn {at}; News; person y");
        let early = left(9, &told("2027-01-15T07:00:00.000Z"));
        let late = left(9, &told("2027-01-15T08:30:00.000Z"));
        let other = left(
            9,
            "Sayso receipt x; withdrawn 2027-01-15T07:00:00.000Z; Other; person y",
        );
        let was_so = told("2027-01-15T07:00:00.000Z") + WAS_SO;
        let was_so = left(9, &was_so);
        let erased = left(9, "Sayso; erased 2027-01-15T07:00:00.000Z; ; person y");
        let before = left(6, &told("2027-01-15T05:00:00.000Z"));
        for (written, notes, is_newer) in [
            (7, vec![], false),
            (9, vec![], true),
            (9, vec![early.clone()], false),
            (9, vec![late], true),
            (9, vec![other], true),
            (9, vec![was_so], true),
            (9, vec![erased], false),
            (9, vec![before], true),
            (10, vec![early], true),
        ] {
            let is = is_newer_no(&inactive(written), &notes, &yes());
            assert_eq!(is, is_newer, "{written} {notes:?}");
        }
    }

    #[test]
    fn an_address_stands_for_itself_and_not_for_others_that_look_like_it() {
        assert_eq!(verbatim(r"a_b%c\d"), r"a\_b\%c\\d");
    }
}
