//! HubSpot: subscription statuses (communication preferences v4) and contacts (CRM v3).
//!
//! A purpose is one subscription type. HubSpot keeps the status by the address itself, so telling it twice is harmless, and it keeps when a
//! status was set, so that a yes that is older than a no of HubSpot's is left out; a no of ours counts from its decision ([`Mark`]). A request that waits to be confirmed is not told. Once
//! somebody is erased, HubSpot is the only one who knows the address: it is found by the contact property that carries Sayso's id of the
//! person, where the mapping names one.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, Change, Lists, Mapping, Mark, Says, Told, Verdict, WhenUnknown, read};
use crate::{key::PurposeKey, problem::FieldError, purpose::LegalBasis, time::Timestamp};

/// What the subscription types are called here.
pub const SUBSCRIPTIONS: &str = "subscriptions";

/// What the contact properties are called here that can carry an id.
pub const PROPERTIES: &str = "properties";

/// Where HubSpot is, wherever it keeps the data.
const ORIGIN: &str = "https://api.hubapi.com";

/// How long the explanation of a legal basis is made. HubSpot documents no limit.
const EXPLANATION: usize = 255;

/// How HubSpot is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HubSpotSettings))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it is; `https://api.hubapi.com` if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The purposes that it is told of
    pub purposes: BTreeMap<PurposeKey, Subscription>,
    /// What to do when there is no contact of the address; `create` if it is left out
    #[serde(default = "create")]
    pub when_unknown: WhenUnknown,
    /// The internal name of a contact property (single-line text) that gets Sayso's id of the person. Without it, nothing can be done in
    /// HubSpot when somebody is erased
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_property: Option<String>,
}

/// What a purpose is in HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HubSpotSubscription))]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The id of the subscription type
    #[cfg_attr(feature = "openapi", schema(example = 123_456))]
    pub subscription: u64,
    /// The legal basis that HubSpot is told, in its own words; it follows from that of the purpose if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<Ground>,
}

/// The legal bases of HubSpot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HubSpotGround))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "they are HubSpot's words")]
pub enum Ground {
    ConsentWithNotice,
    LegitimateInterestClient,
    LegitimateInterestOther,
    LegitimateInterestPql,
    NonGdpr,
    PerformanceOfContract,
    ProcessAndStore,
}

/// What lets us in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The access token of a private app
    pub token: String,
}

/// A status as HubSpot has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `SUBSCRIBED`, `UNSUBSCRIBED` or `NOT_SPECIFIED`
    pub status: String,
    /// When it was set
    #[serde(default)]
    pub timestamp: Option<String>,
    /// Why; where it was set from here, it names the decision
    #[serde(default)]
    pub legal_basis_explanation: Option<String>,
    /// Of which type
    pub subscription_id: u64,
}

/// What HubSpot has of an address for all subscription types at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WideStatus {
    /// `UNSUBSCRIBED` where somebody unsubscribed from everything
    pub status: String,
    /// When it was set
    #[serde(default)]
    pub timestamp: Option<String>,
}

/// What HubSpot refuses with.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    category: String,
    message: String,
    errors: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    message: String,
}

/// The answer of an action upon many: 207, also 200, can hide what failed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch<T> {
    /// Of an action: `COMPLETE` once it is done
    #[serde(default)]
    status: Option<String>,
    #[serde(default = "Vec::new")]
    results: Vec<T>,
    #[serde(default)]
    errors: Vec<Refusal>,
    #[serde(default)]
    num_errors: u32,
}

impl Status {
    /// Whether HubSpot mails the address.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        self.status == "SUBSCRIBED"
    }
}

impl WideStatus {
    /// Whether HubSpot mails the address nothing.
    #[must_use]
    pub fn is_unsubscribed(&self) -> bool {
        self.status == "UNSUBSCRIBED"
    }
}

/// What to do, once HubSpot has said how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Set the status
    Set,
    /// Nothing: it is so already
    IsSo,
    /// Nothing: HubSpot has a no that is newer
    IsNewer,
}

impl Subscription {
    /// How it stands.
    #[must_use]
    pub fn among<'s>(&self, known: &'s [Status]) -> Option<&'s Status> {
        let mut known = known.iter();
        known.find(|known| known.subscription_id == self.subscription)
    }
}

impl Settings {
    /// What stands for the change's purpose.
    #[must_use]
    pub fn subscription(&self, change: &Change) -> Option<&Subscription> {
        self.purposes.get(change.purpose.as_ref()?)
    }

    /// A contact to be made, or found and left as it is but for the property.
    #[must_use]
    pub fn contact(&self, email: &str, change: &Change) -> Value {
        let mut properties = Map::new();
        properties.insert("email".to_owned(), email.into());
        if let Some(property) = &self.subject_property {
            properties.insert(property.clone(), change.subject.to_string().into());
        }
        json!({"inputs": [{"idProperty": "email", "id": email, "properties": properties}]})
    }
}

impl Mapping for Settings {
    fn origin(&self) -> String {
        self.origin.clone().unwrap_or_else(|| ORIGIN.to_owned())
    }

    fn purposes(&self) -> Vec<PurposeKey> {
        self.purposes.keys().cloned().collect()
    }

    fn wrong(&self) -> Vec<FieldError> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let property = self.subject_property.as_deref();
        if property.is_none_or(|name| is_name(name) && name != "email") {
            return Vec::new();
        }
        let must = "must be the internal name of a contact property of your own: a-z, 0-9 and _";
        vec![FieldError::new("/subject_property", must)]
    }

    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError> {
        match read::<Credentials>(credentials) {
            Err(error) => vec![error],
            Ok(Credentials { token })
                if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                vec![FieldError::new(
                    "/token",
                    "must be the access token of a private app",
                )]
            }
            Ok(_) => Vec::new(),
        }
    }

    fn check(&self, lists: &Lists) -> Vec<FieldError> {
        let wrong = self.purposes.iter().filter_map(|(purpose, of)| {
            let detail = lists.misses(SUBSCRIPTIONS, &of.subscription.to_string())?;
            Some(FieldError::new(
                format!("/purposes/{purpose}/subscription"),
                detail,
            ))
        });
        let property = self.subject_property.as_deref();
        let property = property.and_then(|name| lists.misses(PROPERTIES, name));
        let property = property.map(|detail| FieldError::new("/subject_property", detail));
        wrong.chain(property).collect()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

/// The status to set.
#[must_use]
pub fn status(of: &Subscription, change: &Change, is_yes: bool) -> Value {
    let mut body = json!({
        "channel": "EMAIL",
        "subscriptionId": of.subscription,
        "statusState": if is_yes { "SUBSCRIBED" } else { "UNSUBSCRIBED" },
    });
    // An erasure has no legal basis of its own, and HubSpot explains none without one: then its decision could not be read back.
    let erased = (change.says() == Says::Forget).then_some(Ground::ConsentWithNotice);
    let ground = of
        .legal_basis
        .or_else(|| change.legal_basis.and_then(ground))
        .or(erased);
    if let (Some(body), Some(ground)) = (body.as_object_mut(), ground) {
        body.insert("legalBasis".to_owned(), json!(ground));
        let explanation = change.comment(EXPLANATION);
        body.insert("legalBasisExplanation".to_owned(), explanation.into());
    }
    body
}

/// Whether a yes is written over what HubSpot has: of the type, and of everything.
#[must_use]
pub fn write_yes(
    known: &[Status],
    wide: &[WideStatus],
    of: &Subscription,
    change: &Change,
) -> Write {
    let known = of.among(known);
    let no = known.filter(|known| known.status == "UNSUBSCRIBED");
    let since = no.and_then(|no| {
        Mark::no_counts_from(
            no.legal_basis_explanation.as_deref(),
            moment(no.timestamp.as_deref()),
        )
    });
    let mut of_everything = wide.iter().filter(|wide| wide.is_unsubscribed()).peekable();
    let is_unsubscribed = of_everything.peek().is_some();
    let latest = of_everything.filter_map(|no| moment(no.timestamp.as_deref()));
    if latest.chain(since).any(|since| since > change.decided_at) {
        return Write::IsNewer;
    }
    match known {
        Some(known) if known.is_subscribed() && !is_unsubscribed => Write::IsSo,
        _ => Write::Set,
    }
}

/// Whether a no is written: always, unless it is there already. Whoever says no is never written to.
#[must_use]
pub fn write_no(known: &[Status], of: &Subscription) -> Write {
    match of.among(known) {
        Some(known) if known.status == "UNSUBSCRIBED" => Write::IsSo,
        _ => Write::Set,
    }
}

fn moment(text: Option<&str>) -> Option<Timestamp> {
    Timestamp::parse(text?).ok()
}

/// What an action lists; what failed within it fails.
pub fn results<T: serde::de::DeserializeOwned>(answer: &Answer) -> Told<Vec<T>> {
    succeeded(answer)?;
    let batch: Batch<T> = answer.json()?;
    if let Some(first) = batch.errors.first() {
        return Err(Verdict::refused(format!(
            "HubSpot answered {} with errors: {}",
            answer.status,
            first.words()
        )));
    }
    if batch.num_errors > 0 {
        return Err(Verdict::refused(format!(
            "HubSpot answered {} with {} errors.",
            answer.status, batch.num_errors
        )));
    }
    if let Some(status) = batch.status.filter(|status| status != "COMPLETE") {
        return Err(Verdict::TryLater {
            retry_after: None,
            words: format!("HubSpot has not done it yet: {status}."),
        });
    }
    Ok(batch.results)
}

/// Goes on if HubSpot did as it was told; else what its answer means.
pub fn succeeded(answer: &Answer) -> Told<()> {
    if answer.is_success() {
        return Ok(());
    }
    let words = answer.json::<Refusal>().unwrap_or_default().words();
    Err(match answer.status {
        // Somebody else changes the same contact, or HubSpot moves the portal to another place.
        409 | 477 => Verdict::TryLater {
            retry_after: answer.retry_after,
            words: format!("HubSpot answered {}: {words}", answer.status),
        },
        _ => answer.failure(&words),
    })
}

impl Refusal {
    fn words(&self) -> String {
        let details = self.errors.iter().map(|detail| detail.message.as_str());
        let all = [self.category.as_str(), self.message.as_str()];
        let all: Vec<_> = all
            .into_iter()
            .chain(details)
            .filter(|words| !words.is_empty())
            .collect();
        all.join("; ")
    }
}

/// What HubSpot calls a legal basis; it has no word for all.
fn ground(basis: LegalBasis) -> Option<Ground> {
    match basis {
        LegalBasis::Consent => Some(Ground::ConsentWithNotice),
        LegalBasis::Contract => Some(Ground::PerformanceOfContract),
        LegalBasis::LegitimateInterests => Some(Ground::LegitimateInterestOther),
        LegalBasis::LegalObligation | LegalBasis::VitalInterests | LegalBasis::PublicTask => None,
    }
}

fn create() -> WhenUnknown {
    WhenUnknown::Create
}
