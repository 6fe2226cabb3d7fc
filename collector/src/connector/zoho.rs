//! Zoho CRM: `/crm/v8`, with tokens from the accounts server of the data centre.

mod session;

use std::{collections::BTreeSet, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sayso_shared::{
    connector::{
        Change, Lists, Says, WhenUnknown, spellings,
        zoho::{
            Credentials, Field, MOST, Match, Module, Record, Settings, Target, Write, Written,
            found, query, record, surplus, written,
        },
    },
    event::EventType,
};
use serde_json::{Map, Value, json};

use super::{Desk, LONGEST, Line, Request, Told, Verdict};
use session::Session;

struct Zoho<'a, L> {
    session: Session<'a, L>,
    settings: &'a Settings,
}

/// How long Zoho's search may take to find what was written just before.
const SETTLED: Duration = Duration::from_mins(1);

/// A record that was found, and how it stands.
type Known = (Match, Record);

/// What was found, and the refusal that is due in the end where that was not all.
struct Found {
    matches: Vec<Match>,
    surplus: Option<Verdict>,
    /// Whether Zoho's search was asked, which may not know of it yet
    is_searched: bool,
}

/// Tells Zoho of a change:
///
/// 1. finds the records of the address in each module, and reads them;
/// 2. makes one where somebody said yes and there is none;
/// 3. writes on each what it does not have already, unless it has a newer no.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    desk: &Desk<'_>,
    change: &Change,
) -> Told<Verdict> {
    let zoho = Zoho::over(line, settings, credentials, desk);
    if change.says() == Says::Forget {
        return zoho.forget(change).await;
    }
    let Some(of) = settings.target(change) else {
        return Ok(Verdict::not_wanted(
            "The mapping does not name this purpose.",
        ));
    };
    if let Err(why) = settings.is_told(of, change) {
        return Ok(Verdict::not_wanted(why));
    }
    // 1.
    let Found {
        matches,
        surplus,
        is_searched,
    } = match (&change.email, &settings.subject_field) {
        (Some(email), _) => zoho.of_address(email).await?,
        // Who never confirmed is forgotten at once: the field still knows which record waits.
        (None, Some(field)) if change.kind == EventType::Lapsed => {
            zoho.of_subject(field, change).await?
        }
        _ => return Ok(Verdict::not_wanted("The person was erased since.")),
    };
    if let Some(refusal) = surplus.clone().filter(|_| change.says() == Says::Yes) {
        return Err(refusal);
    }
    let is_settled = desk.now >= change.at + SETTLED;
    if matches.is_empty() && is_searched && !is_settled && change.says() == Says::No {
        return Err(Verdict::TryLater {
            retry_after: Some(SETTLED),
            words: "Zoho's search finds no record of this address yet.".to_owned(),
        });
    }
    let known = zoho.read(matches).await?;
    let known = settings.when_several.among(change.says(), known);
    let known = known.map_err(several)?;
    // 2.
    if known.is_empty() {
        return zoho.make(of, change).await;
    }
    // 3.
    let told = zoho
        .write(known, change, |record| settings.write(of, change, record))
        .await?;
    surplus.map_or(Ok(told), Err)
}

/// The fields and values that can be named.
pub(crate) async fn lists(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    desk: &Desk<'_>,
) -> Told<Lists> {
    let zoho = Zoho::over(line, settings, credentials, desk);
    let mut modules = Vec::new();
    for module in &settings.modules {
        modules.push((*module, zoho.fields(module.name(), false).await?));
    }
    let mut targets = settings.purposes.values();
    let consents = if targets.any(|of| of.consent.is_some()) {
        zoho.fields("Consents", true).await?
    } else {
        Vec::new()
    };
    Ok(sayso_shared::connector::zoho::lists(
        settings, &modules, &consents,
    ))
}

impl<'a, L: Line> Zoho<'a, L> {
    fn over(
        line: &'a L,
        settings: &'a Settings,
        credentials: &'a Credentials,
        desk: &'a Desk<'_>,
    ) -> Self {
        let session = Session {
            line,
            settings,
            credentials,
            tokens: desk.tokens,
        };
        Self { session, settings }
    }

    /// Says no for an erased person on every record that names them.
    async fn forget(&self, change: &Change) -> Told<Verdict> {
        let Some(field) = &self.settings.subject_field else {
            return Ok(Verdict::not_wanted(
                "Zoho is searched by a field of its records, and the mapping names none: erase the record in Zoho.",
            ));
        };
        let Found {
            matches, surplus, ..
        } = self.of_subject(field, change).await?;
        let known = self.read(matches).await?;
        if known.is_empty() {
            return Ok(Verdict::not_wanted("Zoho knows no record of this person."));
        }
        let told = self
            .write(known, change, |record| self.settings.forget(change, record))
            .await?;
        surplus.map_or(Ok(told), Err)
    }

    async fn of_address(&self, email: &str) -> Told<Found> {
        let mut values = Vec::new();
        for email in [email, &email.to_lowercase()] {
            values.extend(spellings(email));
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        self.matches(&self.settings.email_fields, &values).await
    }

    async fn of_subject(&self, field: &str, change: &Change) -> Told<Found> {
        let subject = change.subject.to_string();
        self.matches(&[field.to_owned()], &[&subject]).await
    }

    /// The records that have one of the values, newest first.
    async fn matches(&self, fields: &[String], values: &[&str]) -> Told<Found> {
        let (mut all, mut left, mut is_searched) = (Vec::new(), None, false);
        for module in &self.settings.modules {
            let request = if let Some(query) = query(*module, fields, values) {
                Request::new("POST", "/crm/v8/coql").json(&query)
            } else {
                is_searched = true;
                search(*module, values.first().copied().unwrap_or_default())
            };
            let answer = self.session.read(request).await?;
            all.extend(found(*module, &answer)?);
            left = left.or_else(|| surplus(*module, &answer));
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.created_at));
        Ok(Found {
            matches: all,
            surplus: left,
            is_searched,
        })
    }

    /// The records as they stand now. One that is gone by then, or that was converted into another, is none.
    async fn read(&self, matches: Vec<Match>) -> Told<Vec<Known>> {
        let mut all = Vec::new();
        for one in matches {
            let request = Request::new("GET", path(one.module, &one.id)).reading(LONGEST);
            let stands = record(&self.session.read(request).await?)?;
            if let Some(stands) = stands.filter(|record| !record.is_converted()) {
                all.push((one, stands));
            }
        }
        Ok(all)
    }

    /// Makes a record, where somebody said yes. If Zoho knows the address after all, that record is written.
    async fn make(&self, of: &Target, change: &Change) -> Told<Verdict> {
        let Some(email) = change.email.as_deref() else {
            return Ok(Verdict::not_wanted("Zoho knows no record of this person."));
        };
        let is_made =
            change.says() == Says::Yes && self.settings.when_unknown == WhenUnknown::Create;
        if !is_made {
            return Ok(Verdict::not_wanted("Zoho knows no record of this address."));
        }
        let module = self.settings.create.module;
        let fields = self.settings.new_record(of, change, email);
        let request = Request::new("POST", format!("/crm/v8/{}", module.name()));
        match self.send(request, fields, 201).await? {
            Written::Done { id } => Ok(Verdict::done(format!("{} {id}: made.", module.name()))),
            Written::Duplicate { id } => {
                let there = Match {
                    module,
                    id,
                    created_at: None,
                };
                let known = self.read(vec![there]).await?;
                if known.is_empty() {
                    return Err(Verdict::refused(
                        "Zoho says that a record has this address, and shows none.",
                    ));
                }
                self.write(known, change, |record| {
                    self.settings.write(of, change, record)
                })
                .await
            }
            Written::Converted => Err(Verdict::refused("Zoho made no record, and says why not.")),
        }
    }

    /// Writes on each record what `decide` says. What Zoho refuses of one does not keep the others from being told, nor the one from
    /// being mailed no more.
    async fn write(
        &self,
        known: Vec<Known>,
        change: &Change,
        decide: impl Fn(&Record) -> Write,
    ) -> Told<Verdict> {
        let is_no = matches!(change.says(), Says::No | Says::Forget);
        let (mut words, mut is_written, mut refused) = (Vec::new(), false, None);
        for (at, record) in known {
            let name = format!("{} {}", at.module.name(), at.id);
            let fields = match decide(&record) {
                Write::Set(fields) => fields,
                Write::Leave(why) => {
                    words.push(format!("{name} {why}"));
                    continue;
                }
            };
            let bare = self.settings.bare_no(&fields).filter(|_| is_no);
            let request = Request::new("PUT", path(at.module, &at.id));
            let verdict = match self.send(request.clone(), fields, 200).await {
                Ok(Written::Done { .. }) => {
                    is_written = true;
                    words.push(format!("{name} written"));
                    continue;
                }
                Ok(Written::Converted) => {
                    words.push(format!("{name} was converted"));
                    continue;
                }
                Ok(Written::Duplicate { id }) => Verdict::refused(format!(
                    "{name} is a duplicate of {id}: merge them in Zoho."
                )),
                Err(verdict @ Verdict::Refused { .. }) => verdict,
                Err(verdict) => return Err(verdict),
            };
            refused.get_or_insert(verdict);
            if let Some(bare) = bare {
                match self.send(request, bare, 200).await {
                    Ok(_) | Err(Verdict::Refused { .. }) => {}
                    Err(verdict) => return Err(verdict),
                }
            }
        }
        if let Some(verdict) = refused {
            return Err(verdict);
        }
        let words = format!("{}.", words.join("; "));
        Ok(if is_written {
            Verdict::done(words)
        } else {
            Verdict::not_wanted(words)
        })
    }

    async fn send(
        &self,
        request: Request,
        fields: Map<String, Value>,
        status: u16,
    ) -> Told<Written> {
        let mut body = json!({"data": [fields]});
        if !self.settings.workflows {
            body["trigger"] = json!([]);
        }
        let supposed = json!({"data": [{"code": "SUCCESS", "details": {"id": "0"}, "message": "", "status": "success"}]});
        let request = request.json(&body).supposing(status, &supposed);
        written(&self.session.write(request).await?)
    }

    async fn fields(&self, module: &str, is_consents: bool) -> Told<Vec<Field>> {
        let path = format!("/crm/v8/settings/fields?module={module}");
        let request = Request::new("GET", path).reading(LONGEST);
        Field::listed(&self.session.read(request).await?, is_consents)
    }
}

/// For an address that COQL cannot be asked for.
fn search(module: Module, email: &str) -> Request {
    let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
    let module = module.name();
    let path =
        format!("/crm/v8/{module}/search?email={email}&fields=id,Created_Time&per_page={MOST}");
    Request::new("GET", path)
}

fn path(module: Module, id: &str) -> String {
    format!("/crm/v8/{}/{id}", module.name())
}

fn several(count: usize) -> Verdict {
    Verdict::refused(format!(
        "Zoho has {count} records of this address: merge them, or set when_several."
    ))
}
