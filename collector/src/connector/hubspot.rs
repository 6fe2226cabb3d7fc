//! HubSpot: `/communication-preferences/v4` and `/crm/v3/objects/contacts`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sayso_shared::connector::{
    Change, Item, Lists, Mapping as _, Says, WhenUnknown,
    hubspot::{
        Credentials, SUBSCRIPTIONS, Settings, Status, Write, results, status, succeeded, write,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk, Line, Request, Told, Verdict};

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

struct HubSpot<'a, L> {
    line: &'a L,
    settings: &'a Settings,
    credentials: &'a Credentials,
}

/// Tells HubSpot of a change:
///
/// 1. asks how the subscription stands, and leaves out what is there already, or older;
/// 2. makes the contact, or looks whether it is there;
/// 3. sets the status.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    _desk: &Desk<'_>,
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
        Says::Forget => return hubspot.forget(change).await,
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
    if let Write::Leave(why) = write(&known, of, change, is_yes) {
        return Ok(Verdict::not_wanted(format!(
            "Subscription {}: {why}.",
            of.subscription
        )));
    }
    // 2.
    if settings.when_unknown == WhenUnknown::Skip {
        let path = format!(
            "/crm/v3/objects/contacts/{}?idProperty=email",
            escaped(email)
        );
        let answer = hubspot.read("GET", &path, None).await?;
        if answer.status == 404 {
            return Ok(Verdict::not_wanted(
                "HubSpot knows no contact of this address.",
            ));
        }
        succeeded(&answer)?;
    } else if is_yes {
        let body = settings.contact(email, change);
        let supposed = json!({"status": "COMPLETE", "results": []});
        let path = "/crm/v3/objects/contacts/batch/upsert";
        let _: Vec<Value> = results(&hubspot.write(path, &body, &supposed).await?)?;
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
    Ok(Lists::default().with(SUBSCRIPTIONS, items.collect()))
}

impl<L: Line> HubSpot<'_, L> {
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

    async fn set(&self, email: &str, body: &Value) -> Told<()> {
        let path = format!("/communication-preferences/v4/statuses/{}", escaped(email));
        let supposed = json!({"status": "COMPLETE", "results": []});
        let _: Vec<Value> = results(&self.write(&path, body, &supposed).await?)?;
        Ok(())
    }

    /// Stops every mapped subscription of an erased person, whom the contact property names.
    async fn forget(&self, change: &Change) -> Told<Verdict> {
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
        let mut stopped = 0;
        for email in found
            .into_iter()
            .filter_map(|contact| contact.properties.email)
        {
            let known = self.statuses(&email).await?;
            for of in self.settings.purposes.values() {
                if write(&known, of, change, false) == Write::Set {
                    self.set(&email, &status(of, change, false)).await?;
                    stopped += 1;
                }
            }
        }
        Ok(Verdict::done(format!(
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

fn escaped(email: &str) -> String {
    utf8_percent_encode(email, NON_ALPHANUMERIC).to_string()
}
