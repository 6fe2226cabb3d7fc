//! Decisions: what is written on a record, once Zoho has said how it stands.

use serde_json::{Map, Value, json};

use super::{Basis, CONSENTS, OwnField, Record, Settings, Target};
use crate::{
    connector::{Change, Mark, Says},
    event::EventType,
    time::Timestamp,
};

/// How many characters a remark has at most: a text field of Zoho's usual size.
pub(super) const REMARKS: usize = 255;

/// How many characters `Last_Name` has at most.
const LAST_NAME: usize = 80;

const OPT_OUT: &str = "Email_Opt_Out";
const BASIS: &str = "Data_Processing_Basis";
const CONSENT_REMARKS: &str = "Consent_Remarks";

/// What to do with a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Set these fields
    Set(Map<String, Value>),
    /// Nothing, and why
    Leave(&'static str),
}

impl Settings {
    /// Whether Zoho is told of such a change at all; why not.
    pub fn is_told(&self, of: &Target, change: &Change) -> Result<(), &'static str> {
        let basis = of.consent.as_ref();
        match change.kind {
            EventType::Requested if basis.is_none_or(|basis| basis.requested.is_none()) => {
                Err("The mapping does not tell Zoho of a request.")
            }
            EventType::Lapsed if basis.is_none_or(|basis| basis.lapsed.is_none()) => {
                Err("The mapping does not tell Zoho of a request that nobody confirmed.")
            }
            _ => Ok(()),
        }
    }

    /// What a change writes on a record that is there.
    #[must_use]
    pub fn write(&self, of: &Target, change: &Change, record: &Record) -> Write {
        let mut fields = Map::new();
        let why = match (change.kind, change.says()) {
            (EventType::Lapsed, _) => lapsed(of, change, record, &mut fields),
            (_, Says::Pending) => requested(of, change, record, &mut fields),
            (_, Says::Yes) => yes(of, change, record, &mut fields),
            (_, Says::No | Says::Forget) => {
                no(of, change, record, &mut fields);
                None
            }
        };
        match why {
            Some(why) => Write::Leave(why),
            None => self.set(fields, change, record),
        }
    }

    /// What an erasure writes on a record: a no to everything.
    #[must_use]
    pub fn forget(&self, change: &Change, record: &Record) -> Write {
        let mut fields = Map::new();
        for of in self.purposes.values() {
            no(of, change, record, &mut fields);
        }
        self.set(fields, change, record)
    }

    /// A new record of somebody who said yes.
    #[must_use]
    pub fn new_record(&self, of: &Target, change: &Change, email: &str) -> Map<String, Value> {
        let name: String = email.chars().take(LAST_NAME).collect();
        let mut fields = Map::from_iter([("Last_Name".to_owned(), name.into())]);
        fields.extend(self.create.fields.clone());
        let address = self.email_fields.first().map_or("Email", String::as_str);
        fields.insert(address.to_owned(), email.into());
        let _ = yes(of, change, &Record::default(), &mut fields);
        self.name_subject(&mut fields, change);
        fields
    }

    /// Of what a no writes, that alone which keeps a person from being mailed, for a record of which Zoho refuses the rest.
    #[must_use]
    pub fn bare_no(&self, fields: &Map<String, Value>) -> Option<Map<String, Value>> {
        let own = self.purposes.values().filter_map(|of| of.field.as_ref());
        let own: Vec<&String> = own.map(|field| &field.name).collect();
        let mut bare = fields.clone();
        bare.retain(|name, _| name == OPT_OUT || own.contains(&name));
        (!bare.is_empty() && bare.len() < fields.len()).then_some(bare)
    }

    fn set(&self, mut fields: Map<String, Value>, change: &Change, record: &Record) -> Write {
        if fields.is_empty() {
            return Write::Leave("has nothing of this purpose");
        }
        if change.says() != Says::Forget {
            self.name_subject(&mut fields, change);
        }
        let is_so = fields
            .iter()
            .all(|(name, value)| stands(record, name, value));
        if is_so {
            return Write::Leave("was so already");
        }
        Write::Set(fields)
    }

    fn name_subject(&self, fields: &mut Map<String, Value>, change: &Change) {
        if let Some(field) = &self.subject_field {
            fields.insert(field.clone(), change.subject.to_string().into());
        }
    }
}

fn yes(
    of: &Target,
    change: &Change,
    record: &Record,
    fields: &mut Map<String, Value>,
) -> Option<&'static str> {
    if newest_no(of, change, record).is_some_and(|since| since > change.decided_at) {
        return Some("has a newer no");
    }
    if let Some(basis) = &of.consent {
        let mut consent = consent(basis, change, Some(&basis.given));
        for channel in basis.channels(&change.channels) {
            consent.insert(channel.to_owned(), true.into());
        }
        fields.insert(CONSENTS.to_owned(), consent.into());
    }
    if of.opts_out() {
        fields.insert(OPT_OUT.to_owned(), false.into());
    }
    if let Some(field) = &of.field {
        field.write(true, change, fields);
    }
    None
}

/// A no is always written. A record that has no consent yet gets none by it: it is opted out. One that has a newer no keeps what it says
/// of that, so that a yes is compared with the newest.
fn no(of: &Target, change: &Change, record: &Record, fields: &mut Map<String, Value>) {
    let has_newer = newest_no(of, change, record).is_some_and(|since| since > change.decided_at);
    if let (Some(basis), Some(known)) = (&of.consent, record.consent()) {
        let mut consent = if has_newer {
            Map::new()
        } else {
            consent(basis, change, basis.withdrawn.as_deref())
        };
        let mut channels = basis.channels(&change.channels);
        if change.says() == Says::Forget {
            channels = ALL_CHANNELS.to_vec();
            channels.retain(|channel| known.flag(channel) == Some(true));
        }
        for channel in channels {
            consent.insert(channel.to_owned(), false.into());
        }
        if !consent.is_empty() {
            fields.insert(CONSENTS.to_owned(), consent.into());
        }
    }
    if of.opts_out() {
        fields.insert(OPT_OUT.to_owned(), true.into());
    }
    match &of.field {
        Some(field) if has_newer => {
            fields.insert(field.name.clone(), field.value(false));
        }
        Some(field) => field.write(false, change, fields),
        None => {}
    }
}

const ALL_CHANNELS: [&str; 4] = [
    "Contact_Through_Email",
    "Contact_Through_Phone",
    "Contact_Through_Social",
    "Contact_Through_Survey",
];

/// A request touches the basis only, and nothing that somebody decided.
fn requested(
    of: &Target,
    change: &Change,
    record: &Record,
    fields: &mut Map<String, Value>,
) -> Option<&'static str> {
    let basis = of.consent.as_ref()?;
    if let Some(known) = record.consent() {
        if known
            .text(BASIS)
            .is_some_and(|is| same_basis(is, &basis.given))
        {
            return Some("has a consent already");
        }
        let mark = known.text(CONSENT_REMARKS).and_then(Mark::read);
        if mark.is_some_and(|mark| mark.decided_at > change.decided_at) {
            return Some("has a newer decision");
        }
    }
    let consent = consent(basis, change, basis.requested.as_deref());
    fields.insert(CONSENTS.to_owned(), consent.into());
    None
}

/// Nobody confirmed it: that is no answer, so only the request is taken back.
fn lapsed(
    of: &Target,
    change: &Change,
    record: &Record,
    fields: &mut Map<String, Value>,
) -> Option<&'static str> {
    let basis = of.consent.as_ref()?;
    let known = record.consent();
    let is = known.as_ref().and_then(|known| known.text(BASIS));
    let waits = is.zip(basis.requested.as_deref());
    if !waits.is_some_and(|(is, requested)| same_basis(is, requested)) {
        return Some("waits for nothing");
    }
    let consent = consent(basis, change, basis.lapsed.as_deref());
    fields.insert(CONSENTS.to_owned(), consent.into());
    None
}

fn consent(basis: &Basis, change: &Change, is: Option<&str>) -> Map<String, Value> {
    let day = change.decided_at.utc().format("%Y-%m-%d").to_string();
    let mut consent = Map::new();
    if let Some(is) = is {
        consent.insert(BASIS.to_owned(), is.into());
    }
    consent.insert("Consent_Date".to_owned(), day.into());
    consent.insert(CONSENT_REMARKS.to_owned(), change.comment(REMARKS).into());
    let through = change.source.and_then(|source| basis.through.get(&source));
    if let Some(through) = through {
        consent.insert("Consent_Through".to_owned(), json!(through));
    }
    consent
}

/// Since when the record says no to this, as far as it says so. What this product wrote counts from the decision; what somebody did in
/// Zoho, or by a link of Zoho's, counts from when it was written.
fn newest_no(of: &Target, change: &Change, record: &Record) -> Option<Timestamp> {
    let modified = record.at("Modified_Time");
    let consent = of.consent.as_ref().and_then(|basis| {
        let known = record.consent()?;
        let written = known.at("Modified_Time").or(modified);
        let withdrawn = basis.withdrawn.as_deref().zip(known.text(BASIS));
        let is_withdrawn = withdrawn.is_some_and(|(no, is)| same_basis(no, is));
        match known.text(CONSENT_REMARKS).and_then(Mark::read) {
            Some(mark) if is_no(mark) => Some(mark.decided_at),
            Some(mark) if mark.says == Says::Yes => {
                let mut channels = basis.channels(&change.channels).into_iter();
                let is_off = channels.any(|channel| known.flag(channel) == Some(false));
                written.filter(|_| is_off || is_withdrawn)
            }
            _ => written.filter(|_| is_withdrawn),
        }
    });
    let opted_out = of.opts_out().then(|| opted_out_since(of, record)).flatten();
    let field = of.field.as_ref().and_then(|field| field.no_since(record));
    consent.max(opted_out).max(field)
}

fn opted_out_since(of: &Target, record: &Record) -> Option<Timestamp> {
    if record.flag(OPT_OUT) != Some(true) {
        return None;
    }
    let seen = record.at("Unsubscribed_Time");
    let consent = record.consent();
    let remarks = match (&of.consent, &of.field) {
        (Some(_), _) => consent
            .as_ref()
            .and_then(|known| known.text(CONSENT_REMARKS)),
        (None, Some(field)) => record.text(&field.remarks),
        (None, None) => None,
    };
    match remarks.and_then(Mark::read) {
        Some(mark) if is_no(mark) => {
            let mode = record.text("Unsubscribed_Mode");
            let by_link = mode.is_some_and(|mode| !mode.eq_ignore_ascii_case("manual"));
            Some(mark.decided_at).max(seen.filter(|_| by_link))
        }
        _ => seen.or_else(|| record.at("Modified_Time")),
    }
}

impl OwnField {
    fn write(&self, is_yes: bool, change: &Change, fields: &mut Map<String, Value>) {
        fields.insert(self.name.clone(), self.value(is_yes));
        fields.insert(self.remarks.clone(), change.comment(REMARKS).into());
    }

    fn value(&self, is_yes: bool) -> Value {
        match if is_yes { &self.yes } else { &self.no } {
            Some(chosen) => chosen.as_str().into(),
            None => is_yes.into(),
        }
    }

    /// A check box that is not ticked says nothing, unless our remarks say that it was.
    fn no_since(&self, record: &Record) -> Option<Timestamp> {
        let is_no = record.has(&self.name, &self.value(false));
        let by_hand = || record.at("Modified_Time").filter(|_| is_no);
        match record.text(&self.remarks).and_then(Mark::read) {
            Some(mark) if self::is_no(mark) => Some(mark.decided_at),
            Some(_) => by_hand(),
            None => by_hand().filter(|_| self.no.is_some()),
        }
    }
}

fn is_no(mark: Mark) -> bool {
    matches!(mark.says, Says::No | Says::Forget)
}

/// Whether a field, or the consent, has what it is to have.
fn stands(record: &Record, name: &str, value: &Value) -> bool {
    let Some(wanted) = value.as_object() else {
        return record.has(name, value);
    };
    let Some(known) = record.consent() else {
        return false;
    };
    wanted.iter().all(|(name, value)| match value.as_str() {
        Some(basis) if name == BASIS => known.text(BASIS).is_some_and(|is| same_basis(is, basis)),
        _ => known.has(name, value),
    })
}

/// Zoho writes `Obtained` in one place and `Consent - Obtained` in another.
fn same_basis(one: &str, other: &str) -> bool {
    let short = |basis: &str| {
        let basis = basis.trim().to_lowercase();
        basis
            .strip_prefix("consent - ")
            .map_or(basis.clone(), str::to_owned)
    };
    short(one) == short(other)
}
