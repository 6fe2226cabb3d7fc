//! HubSpot: `/communication-preferences/v4` and `/crm/v3/objects/contacts`.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sayso_shared::{
    connector::{
        Change, Item, Lists, Mapping as _, Refusals, Says, WhenUnknown,
        hubspot::{
            Credentials, PROPERTIES, SUBSCRIPTIONS, Settings, Status, WideStatus, Write, results,
            status, succeeded, write_no, write_yes,
        },
    },
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk, LONGEST, Line, Request, Told, Verdict};

/// How long HubSpot's search may take to find what was told just before; its documentation says "a few moments".
const SETTLED: Duration = Duration::from_mins(1);

/// A subscription type as it is answered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    id: String,
    name: String,
    is_active: bool,
}

/// A contact as a search answers it.
#[derive(Deserialize)]
struct Contact {
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    email: Option<String>,
}

/// A contact property as it is answered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    name: String,
    #[serde(default)]
    label: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    modification_metadata: Option<Modification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modification {
    #[serde(default)]
    read_only_value: bool,
}

struct HubSpot<'a, L> {
    line: &'a L,
    settings: &'a Settings,
    credentials: &'a Credentials,
}

/// Tells HubSpot of a change:
///
/// 1. asks how the subscription stands, for a yes also whether everything was unsubscribed, and leaves out what is there already, or
///    older;
/// 2. makes the contact, or looks whether it is there, and writes Sayso's id of the person on it, also where the subscription was there
///    before: an erased person is found by nothing else;
/// 3. sets the status.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    desk: &Desk<'_>,
    change: &Change,
) -> Told<Verdict> {
    let hubspot = HubSpot {
        line,
        settings,
        credentials,
    };
    let is_yes = match change.says() {
        Says::Yes => true,
        Says::No => false,
        Says::Pending => return Ok(Verdict::not_wanted("HubSpot is told of no request.")),
        Says::Forget => return hubspot.forget(change, desk.now).await,
    };
    let Some(of) = settings.subscription(change) else {
        return Ok(Verdict::not_wanted(
            "The mapping does not name this purpose.",
        ));
    };
    let Some(email) = change.email.as_deref() else {
        return Ok(Verdict::not_wanted("The person was erased since."));
    };
    // 1.
    let known = hubspot.statuses(email).await?;
    let wish = if is_yes {
        write_yes(&known, &hubspot.wide_statuses(email).await?, of, change)
    } else {
        write_no(&known, of)
    };
    let leave = |why| {
        let subscription = of.subscription;
        Ok(Verdict::not_wanted(format!(
            "Subscription {subscription}: {why}."
        )))
    };
    if wish == Write::IsNewer {
        return leave("HubSpot has a newer no");
    }
    // 2.
    let carries_id = is_yes && settings.subject_property.is_some();
    if wish == Write::IsSo && !carries_id {
        return leave("was so already");
    }
    let is_mailed = of.among(&known).is_some_and(Status::is_subscribed);
    let may_be_nobody = settings.when_unknown == WhenUnknown::Skip;
    // HubSpot mails addresses: who is subscribed without a contact is told of a no all the same.
    if may_be_nobody && (is_yes || !is_mailed) && !hubspot.has_contact(email).await? {
        return Ok(Verdict::not_wanted(
            "HubSpot knows no contact of this address.",
        ));
    }
    if is_yes && (carries_id || !may_be_nobody) {
        let body = settings.contact(email, change);
        let supposed = json!({"status": "COMPLETE", "results": []});
        let path = "/crm/v3/objects/contacts/batch/upsert";
        let _: Vec<Value> = results(&hubspot.write(path, &body, &supposed).await?)?;
    }
    if wish == Write::IsSo {
        return leave("was so already");
    }
    // 3.
    hubspot.set(email, &status(of, change, is_yes)).await?;
    let word = if is_yes { "subscribed" } else { "unsubscribed" };
    Ok(Verdict::done(format!(
        "Subscription {}: {word}.",
        of.subscription
    )))
}

/// The subscription types that are in use.
pub(crate) async fn lists(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    _desk: &Desk<'_>,
) -> Told<Lists> {
    let hubspot = HubSpot {
        line,
        settings,
        credentials,
    };
    let path = "/communication-preferences/v4/definitions";
    let found: Vec<Definition> = results(&hubspot.read("GET", path, None).await?)?;
    let found = found.into_iter().filter(|definition| definition.is_active);
    let items = found.map(|definition| Item::new(definition.id, definition.name));
    let lists = Lists::default().with(SUBSCRIPTIONS, items.collect());
    // Another scope lets us read these: it is asked for only where one is named.
    if settings.subject_property.is_none() {
        return Ok(lists);
    }
    let request = hubspot.request("GET", "/crm/v3/properties/contacts");
    let found: Vec<Property> = results(&line.read(request.reading(LONGEST)).await?)?;
    let found = found.into_iter().filter(Property::can_carry_an_id);
    let items = found.map(|property| Item::new(property.name, property.label));
    Ok(lists.with(PROPERTIES, items.collect()))
}

impl Property {
    /// Whether it is a text that we may write.
    fn can_carry_an_id(&self) -> bool {
        let is_fixed = self.modification_metadata.as_ref();
        self.kind == "string" && !is_fixed.is_some_and(|facts| facts.read_only_value)
    }
}

impl<L: Line> HubSpot<'_, L> {
    async fn has_contact(&self, email: &str) -> Told<bool> {
        let path = format!(
            "/crm/v3/objects/contacts/{}?idProperty=email",
            escaped(email)
        );
        let answer = self.read("GET", &path, None).await?;
        if answer.status == 404 {
            return Ok(false);
        }
        succeeded(&answer)?;
        Ok(true)
    }

    async fn statuses(&self, email: &str) -> Told<Vec<Status>> {
        let path = format!(
            "/communication-preferences/v4/statuses/{}?channel=EMAIL",
            escaped(email)
        );
        let answer = self.read("GET", &path, None).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        results(&answer)
    }

    /// Who did not unsubscribe from everything has none.
    async fn wide_statuses(&self, email: &str) -> Told<Vec<WideStatus>> {
        let path = format!(
            "/communication-preferences/v4/statuses/{}/unsubscribe-all?channel=EMAIL",
            escaped(email)
        );
        let answer = self.read("GET", &path, None).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        results(&answer)
    }

    async fn set(&self, email: &str, body: &Value) -> Told<()> {
        let path = format!("/communication-preferences/v4/statuses/{}", escaped(email));
        let supposed = json!({"status": "COMPLETE", "results": []});
        let _: Vec<Value> = results(&self.write(&path, body, &supposed).await?)?;
        Ok(())
    }

    /// Stops every mapped subscription of an erased person, whom the contact property names.
    async fn forget(&self, change: &Change, now: Timestamp) -> Told<Verdict> {
        let Some(property) = &self.settings.subject_property else {
            return Ok(Verdict::not_wanted(
                "HubSpot is searched by a contact property, and the mapping names none: erase the contact in HubSpot.",
            ));
        };
        let wanted = json!({
            "filterGroups": [{"filters": [{"propertyName": property, "operator": "EQ", "value": change.subject.to_string()}]}],
            "properties": ["email"],
            "limit": 100,
        });
        let path = "/crm/v3/objects/contacts/search";
        let found: Vec<Contact> = results(&self.read("POST", path, Some(&wanted)).await?)?;
        if found.is_empty() {
            return settled(change, now);
        }
        let (mut stopped, mut refusals) = (0, Refusals::of(change));
        for email in found
            .into_iter()
            .filter_map(|contact| contact.properties.email)
        {
            let known = self.statuses(&email).await?;
            for of in self.settings.purposes.values() {
                if write_no(&known, of) == Write::Set {
                    let set = self.set(&email, &status(of, change, false)).await;
                    stopped += u32::from(refusals.note(set)?.is_some());
                }
            }
        }
        refusals.end(Verdict::done(format!(
            "Erased: {stopped} subscriptions stopped. The contact itself is yours to erase."
        )))
    }

    async fn read(&self, method: &'static str, path: &str, body: Option<&Value>) -> Told<Answer> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.line.read(request).await
    }

    async fn write(&self, path: &str, body: &Value, supposed: &Value) -> Told<Answer> {
        let request = self
            .request("POST", path)
            .json(body)
            .supposing(200, supposed);
        self.line.write(request).await
    }

    fn request(&self, method: &'static str, path: &str) -> Request {
        let origin = self.settings.origin();
        Request::new(method, format!("{}{path}", origin.trim_end_matches('/')))
            .header(
                "authorization",
                format!("Bearer {}", self.credentials.token),
            )
            .header("accept", "application/json")
    }
}

/// What a search that found nobody means right after an erasure: HubSpot may not have got round to listing what was told just before.
fn settled(change: &Change, now: Timestamp) -> Told<Verdict> {
    if now < change.at + SETTLED {
        return Err(Verdict::TryLater {
            retry_after: Some(SETTLED),
            words: "HubSpot's search finds nobody yet.".to_owned(),
        });
    }
    Ok(Verdict::not_wanted(
        "HubSpot finds no contact of the person who was erased.",
    ))
}

fn escaped(email: &str) -> String {
    utf8_percent_encode(email, NON_ALPHANUMERIC).to_string()
}
