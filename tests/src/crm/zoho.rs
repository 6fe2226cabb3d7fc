//! Zoho CRM v8, as its published OpenAPI document and its pages say: records, COQL, search, metadata of fields, and the accounts server.
//!
//! It has an organisation of its own: GDPR compliance is on, fields of the marketer's own, and metadata longer than most answers. What
//! its pages do not say it does not do; where they say two things, it does the one that is harder to live with: search finds what was
//! written only once it is told so, and a basis is read in another spelling than it is written in.

mod books;
mod connected;
mod coql;
mod fields;

pub use books::{REMARKS, SUBJECT};
pub use connected::Connected;

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Asked, Books, Documented};
use crate::host::Reply;

/// The client that was registered.
pub const CLIENT: [(&str, &str); 3] = [
    ("client_id", "1000.R3GXZ8LTV9QHC3F4A1K7N2ZSD"),
    (
        "client_secret",
        "5f0c1f4f2d8f0a1c2b3d4e5f60718293a4b5c6d7e8",
    ),
    ("refresh_token", "1000.9c0a4ef2d31b7f4b86e1a52c.3e07aa51"),
];

/// How many access tokens of one refresh token are live at a time.
const LIVE_TOKENS: usize = 30;

/// What it holds.
#[derive(Default)]
pub struct Zoho {
    /// Records by module and id
    pub records: BTreeMap<(String, String), Map<String, Value>>,
    /// How many tokens were given
    pub granted: usize,
    /// What search finds
    indexed: Vec<(String, String)>,
    /// The tokens that let in, the newest last: Zoho keeps thirty
    tokens: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    select_query: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    data: Vec<Map<String, Value>>,
    trigger: Option<Vec<String>>,
}

impl Zoho {
    /// A record as somebody in Zoho would make it; gives its id.
    pub fn has(&mut self, module: &str, fields: &Value) -> String {
        let id = (5_725_767_000_000_000_001 + self.records.len() as u64).to_string();
        let mut record = fields.as_object().cloned().expect("fields");
        for (name, value) in [
            ("Created_Time", json!(now())),
            ("Email_Opt_Out", json!(false)),
        ] {
            record.entry(name).or_insert(value);
        }
        record.insert("id".to_owned(), json!(id));
        record.insert("Modified_Time".to_owned(), json!(now()));
        let at = (module.to_owned(), id.clone());
        self.indexed.push(at.clone());
        self.records.insert(at, record);
        id
    }

    /// The records of an address.
    #[must_use]
    pub fn of(&self, email: &str) -> Vec<(String, Value)> {
        let all = self.records.iter();
        let all = all.filter(|(_, record)| record.get("Email").is_some_and(|is| is == email));
        all.map(|((module, _), record)| (module.clone(), json!(record)))
            .collect()
    }

    /// Sets fields, as somebody in Zoho would.
    pub fn set(&mut self, email: &str, fields: &Value) {
        for record in self.records.values_mut() {
            if record.get("Email").is_some_and(|is| is == email) {
                record.extend(fields.as_object().cloned().unwrap_or_default());
                record.insert("Modified_Time".to_owned(), json!(now()));
            }
        }
    }

    /// No token lets anybody in any more.
    pub fn expire(&mut self) {
        self.tokens.clear();
    }

    fn grant(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        if asked.header("content-type") != "application/x-www-form-urlencoded" {
            return Err(asked.undocumented("its content type"));
        }
        let text = asked.text();
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let form = text.split('&').filter_map(|field| field.split_once('='));
        let form: BTreeMap<_, _> = form.map(|(name, value)| (name, decoded(value))).collect();
        let names: Vec<_> = form.keys().copied().collect();
        if names != ["client_id", "client_secret", "grant_type", "refresh_token"]
            || form["grant_type"] != "refresh_token"
        {
            return Err(asked.undocumented("a form of other fields"));
        }
        for (name, value) in CLIENT {
            if form[name] != value {
                let error = if name == "refresh_token" {
                    "invalid_code"
                } else {
                    "invalid_client"
                };
                return Ok(answer(200, &json!({"error": error})));
            }
        }
        self.granted += 1;
        let token = format!("1000.access.{}", self.granted);
        self.tokens.push(token.clone());
        let surplus = self.tokens.len().saturating_sub(LIVE_TOKENS);
        self.tokens.drain(..surplus);
        let body = json!({
            "access_token": token, "scope": "ZohoCRM.modules.ALL", "expires_in": 3600,
            "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer",
        });
        Ok(answer(200, &body))
    }

    fn query(&self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let Query { select_query } = asked.json()?;
        let Some(query) = coql::parse(&select_query) else {
            return Err(asked.undocumented(&format_args!("the query {select_query}")));
        };
        let fits = |record: &Map<String, Value>| {
            let mut fields = query.fields.iter();
            fields.any(|field| {
                let is = record.get(*field).and_then(Value::as_str);
                is.is_some_and(|is| query.values.contains(&is))
            })
        };
        let found = self.records.iter();
        let found = found.filter(|((module, _), record)| *module == query.module && fits(record));
        Ok(listed(found.map(|(_, record)| record), query.limit))
    }

    fn search(&self, asked: &Asked, module: &str) -> Documented {
        asked.has_no_body()?;
        let email = asked.query.get("email").cloned().unwrap_or_default();
        asked.has_query(&[
            ("email", email.as_str()),
            ("fields", "id,Created_Time"),
            ("per_page", "20"),
        ])?;
        let found = self.records.iter().filter(|(at, record)| {
            at.0 == module
                && self.indexed.contains(at)
                && record.get("Email").is_some_and(|is| *is == *email)
        });
        Ok(listed(found.map(|(_, record)| record), 20))
    }

    fn show(&self, asked: &Asked, module: &str, id: &str) -> Documented {
        asked.has_query(&[])?;
        asked.has_no_body()?;
        let at = (module.to_owned(), id.to_owned());
        Ok(match self.records.get(&at) {
            Some(record) => answer(200, &json!({"data": [record]})),
            None => Reply::of(204, "application/json", ""),
        })
    }

    fn make(&mut self, asked: &Asked, module: &str) -> Documented {
        let fields = one(asked)?;
        if let Some(refused) = books::refused(module, &fields, true) {
            return Ok(answer(202, &json!({"data": [refused]})));
        }
        let id = self.has(module, &json!({}));
        self.indexed.pop();
        self.update(module, &id, fields);
        Ok(answer(201, &json!({"data": [done(&id, "record added")]})))
    }

    fn change(&mut self, asked: &Asked, module: &str, id: &str) -> Documented {
        let fields = one(asked)?;
        let at = (module.to_owned(), id.to_owned());
        if !self.records.contains_key(&at) {
            return Ok(refusal(
                404,
                "INVALID_URL_PATTERN",
                "Please check if the URL trying to access is a correct one",
            ));
        }
        if let Some(refused) = books::refused(module, &fields, false) {
            return Ok(answer(400, &json!({"data": [refused]})));
        }
        self.update(module, id, fields);
        Ok(answer(200, &json!({"data": [done(id, "record updated")]})))
    }

    fn update(&mut self, module: &str, id: &str, fields: Map<String, Value>) {
        let record = self
            .records
            .get_mut(&(module.to_owned(), id.to_owned()))
            .expect("a record");
        for (name, value) in fields {
            match value {
                Value::Object(consent) => books::consent(record, consent),
                value => {
                    if name == "Email_Opt_Out" && record.get(&name) != Some(&value) {
                        let at = if value == true {
                            json!(now())
                        } else {
                            Value::Null
                        };
                        record.insert("Unsubscribed_Time".to_owned(), at);
                        record.insert("Unsubscribed_Mode".to_owned(), json!("Manual"));
                    }
                    record.insert(name, value);
                }
            }
        }
        record.insert("Modified_Time".to_owned(), json!(now()));
    }
}

impl Books for Zoho {
    fn answer(&mut self, asked: &Asked) -> Documented {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let at = (asked.method.as_str(), &path[..]);
        if at == ("POST", &["oauth", "v2", "token"][..]) {
            return self.grant(asked);
        }
        let token = asked
            .header("authorization")
            .strip_prefix("Zoho-oauthtoken ");
        let Some(token) = token else {
            return Err(asked.undocumented("its authorization"));
        };
        if !self.tokens.iter().any(|live| live == token) {
            return Ok(refusal(401, "INVALID_TOKEN", "invalid oauth token"));
        }
        match at {
            ("POST", ["crm", "v8", "coql"]) => self.query(asked),
            ("GET", ["crm", "v8", "settings", "fields"]) => fields::answer(asked),
            ("GET", ["crm", "v8", module @ ("Contacts" | "Leads"), "search"]) => {
                self.search(asked, module)
            }
            ("GET", ["crm", "v8", module @ ("Contacts" | "Leads"), id]) => {
                self.show(asked, module, id)
            }
            ("PUT", ["crm", "v8", module @ ("Contacts" | "Leads"), id]) => {
                self.change(asked, module, id)
            }
            ("POST", ["crm", "v8", module @ ("Contacts" | "Leads")]) => self.make(asked, module),
            _ => Err(asked.undocumented("no such method and path")),
        }
    }
}

/// An error in Zoho's shape.
#[must_use]
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"code": code, "details": {}, "message": message, "status": "error"});
    answer(status, &body)
}

/// A success within which a record failed.
#[must_use]
pub fn failed_within(status: u16, code: &str, message: &str) -> Reply {
    let failed = json!({"code": code, "details": {"api_name": "Company", "json_path": "$.data[0].Company"}, "message": message, "status": "error"});
    answer(status, &json!({"data": [failed]}))
}

/// What the accounts server says to whoever asks for too many tokens.
#[must_use]
pub fn too_many_tokens() -> Reply {
    let words = "You have made too many requests continuously. Please try again after some time.";
    let body = json!({"error_description": words, "error": "Access Denied", "status": "failure"});
    answer(400, &body)
}

/// The one record of a body, which sets off no workflow.
fn one(asked: &Asked) -> Result<Map<String, Value>, super::Undocumented> {
    asked.has_query(&[])?;
    let Records { mut data, trigger } = asked.json()?;
    if trigger.is_none_or(|trigger| !trigger.is_empty()) || data.len() != 1 {
        return Err(asked.undocumented("workflows, or other than one record"));
    }
    let fields = data.remove(0);
    books::known(asked, &fields)?;
    Ok(fields)
}

fn listed<'a>(found: impl Iterator<Item = &'a Map<String, Value>>, limit: usize) -> Reply {
    let mut rows: Vec<_> = found
        .map(|record| json!({"id": record["id"], "Created_Time": record["Created_Time"]}))
        .collect();
    if rows.is_empty() {
        return Reply::of(204, "application/json", "");
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row["Created_Time"].to_string()));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let info = json!({"count": rows.len(), "more_records": more});
    answer(200, &json!({"data": rows, "info": info}))
}

fn done(id: &str, message: &str) -> Value {
    let user = json!({"name": "Sayso", "id": "5725767000000411001"});
    let details = json!({
        "id": id, "Modified_Time": now(), "Modified_By": user, "Created_Time": now(), "Created_By": user,
    });
    json!({"code": "SUCCESS", "details": details, "message": message, "status": "success"})
}

fn answer(status: u16, body: &Value) -> Reply {
    Reply::of(status, "application/json;charset=UTF-8", &body.to_string())
}

/// As Zoho writes moments: in the organisation's zone, to the second.
fn now() -> String {
    let zone = chrono::FixedOffset::east_opt(3600).expect("an offset");
    Utc::now()
        .with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Secs, false)
}
