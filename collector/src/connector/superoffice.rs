//! SuperOffice: persons, their consents and their subscription types, by `/api/v1`. How we are let in, and where, is [`session`]'s.

mod session;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sayso_shared::connector::{
    Change, Lists, Refusals, Says, WhenUnknown, spellings,
    superoffice::{
        Consent, Credentials, FIELDS, LEGAL_BASES, PURPOSES, Person, Purpose, SOURCES,
        SUBSCRIPTIONS, Settings, Write, consents, fields, items, made, patched, persons,
        subscription_types, succeeded, write,
    },
};
use serde_json::json;

use super::{Answer, Desk, Line, Request, Told, Verdict};
use session::Session;

/// What of a person is looked at.
const LOOKED_AT: &str = "PersonId,ShipmentTypes,CustomFields";

struct SuperOffice<'a, L> {
    settings: &'a Settings,
    session: Session<'a, L>,
}

/// Tells SuperOffice of a change:
///
/// 1. finds the persons of the address, or makes one where somebody said yes and the settings want it;
/// 2. asks of each how the consent stands, and leaves out what is newer there;
/// 3. a yes: subscription types on, then the consent set, which says that all is done;
/// 4. a no: the consent withdrawn, then subscription types off.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    desk: &Desk<'_>,
    change: &Change,
) -> Told<Verdict> {
    let superoffice = SuperOffice {
        settings,
        session: Session::new(line, settings, credentials, desk),
    };
    let is_yes = match change.says() {
        Says::Yes => true,
        Says::No => false,
        Says::Pending => {
            return Ok(Verdict::not_wanted(
                "SuperOffice has no state for a request.",
            ));
        }
        Says::Forget => return superoffice.forget(change).await,
    };
    let Some(of) = settings.purpose(change) else {
        return Ok(Verdict::not_wanted(
            "The mapping does not name this purpose.",
        ));
    };
    let Some(email) = change.email.as_deref() else {
        return Ok(Verdict::not_wanted("The person was erased since."));
    };
    // 1.
    let mut found = Vec::new();
    for email in spellings(email) {
        let spelled = superoffice.find(&Settings::with_address(&email)).await?;
        found.extend(spelled);
    }
    found.sort_unstable_by_key(|person| std::cmp::Reverse(*person));
    found.dedup();
    if found.is_empty() {
        if !is_yes || settings.when_unknown == WhenUnknown::Skip {
            return Ok(Verdict::not_wanted(
                "SuperOffice knows no person of this address.",
            ));
        }
        found.push(superoffice.make(email).await?);
    }
    let found = settings.when_several.among(change.says(), found);
    let found = found.map_err(|several| {
        Verdict::refused(format!(
            "SuperOffice has at least {several} persons of this address; `when_several` says to tell none."
        ))
    })?;
    let (mut tally, mut refusals) = (Tally::default(), Refusals::of(change));
    for person in found {
        // 2.
        let known = superoffice.consents(person).await?;
        let wish = write(of.among(&known), of, change, is_yes);
        match (wish, is_yes) {
            (Write::IsNewer, _) => tally.newer += 1,
            (Write::IsSo, true) => tally.same += 1,
            // 3.
            (Write::Set, true) => {
                superoffice.patch(person, of, change, true).await?;
                superoffice.set(person, of, change).await?;
                tally.told += 1;
            }
            // 4.
            (wish, false) => {
                if wish == Write::Set {
                    refusals.note(superoffice.withdraw(person, of, change).await)?;
                }
                let patched = superoffice.patch(person, of, change, false).await;
                let is_patched = refusals.note(patched)?.unwrap_or_default();
                if wish == Write::Set || is_patched {
                    tally.told += 1;
                } else {
                    tally.same += 1;
                }
            }
        }
    }
    refusals.end(tally.verdict(&of.purpose, is_yes))
}

/// What a mapping may name. Nothing is asked for that this one does not need.
pub(crate) async fn lists(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    desk: &Desk<'_>,
) -> Told<Lists> {
    let session = Session::new(line, settings, credentials, desk);
    let mut lists = Lists::default();
    for (list, name) in [
        (PURPOSES, "ConsentPurpose"),
        (LEGAL_BASES, "LegalBase"),
        (SOURCES, "ConsentSource"),
    ] {
        let answer = session.list(&format!("/v1/List/{name}/Items")).await?;
        lists = lists.with(list, items(&answer)?);
    }
    let types = session.list("/v1/MDOList/mailingsubscriptiontype").await?;
    let custom = session.list("/v1/Person/CustomField").await?;
    Ok(lists
        .with(SUBSCRIPTIONS, subscription_types(&types)?)
        .with(FIELDS, fields(&custom)?))
}

impl<L: Line> SuperOffice<'_, L> {
    async fn find(&self, filter: &str) -> Told<Vec<u64>> {
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        let path = format!("/v1/Person?$select=personId&$filter={filter}&$top=100");
        persons(&self.session.read(&path).await?)
    }

    async fn make(&self, email: &str) -> Told<u64> {
        let body = self.settings.person(email);
        let supposed = Answer::new(200, json!({"PersonId": 0}).to_string());
        let request = Request::new("POST", "/v1/Person").json(&body);
        made(&self.session.write(request, supposed).await?)
    }

    async fn consents(&self, person: u64) -> Told<Vec<Consent>> {
        // A dry run has made nobody.
        if person == 0 {
            return Ok(Vec::new());
        }
        let path = format!("/v1/Person/{person}/Consent");
        consents(&self.session.read(&path).await?)
    }

    async fn set(&self, person: u64, of: &Purpose, change: &Change) -> Told<()> {
        let body = self.settings.consent(person, of, change, true);
        let request = Request::new("POST", "/v1/Agents/Person/SetConsent").json(&body);
        succeeded(&self.session.write(request, Answer::new(204, "")).await?)
    }

    /// Sets the consent on `WITHDRAWN`; removes it where SuperOffice does not take that. A 500 may be its way to refuse a value, and no
    /// withdrawal should wait behind it; where SuperOffice is only down, the removal fails too.
    async fn withdraw(&self, person: u64, of: &Purpose, change: &Change) -> Told<()> {
        let body = self.settings.consent(person, of, change, false);
        let request = Request::new("POST", "/v1/Agents/Person/SetConsent").json(&body);
        let answer = self.session.write(request, Answer::new(204, "")).await?;
        match succeeded(&answer) {
            Err(Verdict::Refused { .. }) => self.remove(person, of).await,
            Err(_) if answer.status == 500 => self.remove(person, of).await,
            other => other,
        }
    }

    async fn remove(&self, person: u64, of: &Purpose) -> Told<()> {
        let request = Request::new("POST", "/v1/Agents/Person/RemoveConsent");
        let request = request.json(&of.removal(person));
        succeeded(&self.session.write(request, Answer::new(204, "")).await?)
    }

    /// Brings a person up to date with a change; whether there was anything to do.
    async fn patch(&self, person: u64, of: &Purpose, change: &Change, is_on: bool) -> Told<bool> {
        if person == 0 || !self.settings.looks_into(of, is_on) {
            return Ok(false);
        }
        let path = format!("/v1/Person/{person}");
        let looked_at = format!("{path}?$select={LOOKED_AT}");
        let known = Person::read(&self.session.read(&looked_at).await?)?;
        let changes = self.settings.patch(&known, of, change, is_on);
        if changes.is_empty() {
            return Ok(false);
        }
        let mut request =
            Request::new("PATCH", path).header("content-type", "application/json-patch+json");
        request.body = Some(json!(changes).to_string());
        patched(&self.session.write(request, Answer::new(200, "{}")).await?)?;
        Ok(true)
    }

    /// Withdraws every mapped consent of an erased person, whom the field names.
    async fn forget(&self, change: &Change) -> Told<Verdict> {
        let Some(filter) = self.settings.with_subject(change) else {
            return Ok(Verdict::not_wanted(
                "SuperOffice is searched by a field of the person, and the mapping names none: erase the person in SuperOffice.",
            ));
        };
        let (mut ended, mut refusals) = (0, Refusals::of(change));
        let found = self.find(&filter).await?;
        if found.is_empty() {
            return Ok(Verdict::not_wanted(
                "SuperOffice has no person with Sayso's id of the person who was erased.",
            ));
        }
        for person in found {
            let known = self.consents(person).await?;
            for of in self.settings.purposes.values() {
                if of.among(&known).is_some_and(Consent::holds) {
                    let removed = self.remove(person, of).await;
                    ended += u32::from(refusals.note(removed)?.is_some());
                }
                refusals.note(self.patch(person, of, change, false).await)?;
            }
        }
        refusals.end(Verdict::done(format!(
            "Erased: {ended} consents removed. The person in SuperOffice is yours to erase."
        )))
    }
}

/// How many persons were told, and how many were not.
#[derive(Default)]
struct Tally {
    told: u32,
    same: u32,
    newer: u32,
}

impl Tally {
    fn verdict(&self, purpose: &str, is_yes: bool) -> Verdict {
        let Self { told, same, newer } = self;
        if *told > 0 {
            let word = if is_yes { "set" } else { "withdrawn" };
            return Verdict::done(format!("Consent {purpose}: {word}, persons: {told}."));
        }
        let why = match (newer, same) {
            (0, _) => "was so already",
            _ => "SuperOffice has a newer decision",
        };
        Verdict::not_wanted(format!("Consent {purpose}: {why}."))
    }
}
