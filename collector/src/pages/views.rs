//! Views: what a ledger hands to the Worker for a page. New code reaches objects gradually: fields may be added, with defaults.

use sayso_shared::{
    consent::Status,
    key::{FormKey, PurposeKey, SiteKey},
    language::Language,
    manner::Imported,
    published::Controller,
    purpose::{LegalBasis, Source},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::look::Look;

/// Whose page it is, and in which language.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SiteView {
    pub(crate) key: SiteKey,
    pub(crate) lang: Language,
    /// All languages of the site
    pub(crate) languages: Vec<Language>,
    pub(crate) controller: Controller,
    #[serde(default)]
    pub(crate) look: Look,
}

/// What a page shows of what somebody was asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PersonView {
    pub(crate) site: SiteView,
    pub(crate) purposes: Vec<PurposeView>,
}

/// One consent on a page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PurposeView {
    pub(crate) key: PurposeKey,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) status: Status,
    pub(crate) since: Timestamp,
    /// How it came to us and on which ground, where somebody else recorded it
    #[serde(default)]
    pub(crate) origin: Option<Origin>,
}

/// How a consent came to us.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    pub(crate) imported: Option<Imported>,
    pub(crate) legal_basis: LegalBasis,
}

/// What the confirm page has to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConfirmView {
    /// Something waits for the button
    Waiting(WaitingView),
    /// The button was pressed now
    Confirmed(PersonView),
    /// The button was pressed before
    Already(PersonView),
    /// There is nothing to confirm any more
    Gone(GoneView),
    /// Not a link of ours
    Unknown,
}

/// What waits for the button.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WaitingView {
    pub(crate) person: PersonView,
    pub(crate) until: Timestamp,
}

/// A link with nothing to confirm any more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GoneView {
    pub(crate) site: SiteView,
    pub(crate) why: Gone,
    /// The form where it began, if the site still has it
    pub(crate) form: Option<FormKey>,
}

/// Why there is nothing to confirm any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gone {
    /// It was not confirmed in time
    Expired,
    /// It was stopped, or settled in another way
    Stopped,
    /// A newer mail asks for it
    Replaced,
}

/// What the personal page has to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PreferencesView {
    /// How it stands
    Standing(PersonalView),
    /// Something was stopped now
    Withdrawn(PersonalView),
    /// Something was switched on now
    Given(PersonalView),
    /// The person's links were made to stop working
    Revoked(SiteView),
    /// Not a link of ours
    Unknown,
}

/// Everything that is a person's to choose.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PersonalView {
    pub(crate) site: SiteView,
    /// The words of this page, by their hash; without them nothing can be switched on
    pub(crate) notice: Option<String>,
    pub(crate) choices: Vec<ChoiceView>,
}

/// One choice on the personal page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChoiceView {
    pub(crate) key: PurposeKey,
    pub(crate) title: String,
    pub(crate) text: String,
    /// As it stands; of a part that was never chosen by itself, as the whole makes it
    pub(crate) status: Status,
    /// What it rests on, where anything is on record
    pub(crate) rests_on: Option<RestsOn>,
    /// The purpose that it is a part of
    pub(crate) part_of: Option<PurposeKey>,
    pub(crate) can: Can,
}

/// What a choice rests on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestsOn {
    pub(crate) since: Timestamp,
    pub(crate) origin: Origin,
    /// Whether somebody else recorded it
    pub(crate) recorded: bool,
    pub(crate) page: Option<String>,
    /// In which language, and the exact words
    pub(crate) lang: Language,
    pub(crate) title: String,
    pub(crate) text: String,
    /// The receipt of the last act on it
    pub(crate) receipt: Option<Uuid>,
}

impl RestsOn {
    /// Whether somebody else said that the person agreed.
    pub(crate) fn is_unproven(&self) -> bool {
        self.recorded && self.origin.legal_basis == LegalBasis::Consent
    }
}

/// Which buttons a choice has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Can {
    pub(crate) stop: bool,
    pub(crate) start: bool,
    /// Say oneself what somebody else said
    pub(crate) agree: bool,
}
