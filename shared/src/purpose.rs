//! Purposes: what data will be used for, on which ground, over which channels.

use serde::{Deserialize, Serialize};

/// The six grounds of Article 6(1) GDPR, in the order of its letters a to f.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// 6(1)(a)
    Consent,
    /// 6(1)(b)
    Contract,
    /// 6(1)(c)
    LegalObligation,
    /// 6(1)(d)
    VitalInterests,
    /// 6(1)(e)
    PublicTask,
    /// 6(1)(f)
    LegitimateInterests,
}

/// A way by which the controller reaches the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// E-mail
    Email,
    /// Telephone
    Phone,
    /// Text message
    Sms,
    /// Letter
    Post,
    /// Messaging app, chat
    Chat,
}

impl Channel {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 5] = [Self::Email, Self::Phone, Self::Sms, Self::Post, Self::Chat];
}

/// What sort of data a purpose needs, in words of the W3C Data Privacy Vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DataCategory {
    /// How to reach the person
    Contact,
    /// Who the person is: name, customer number
    Identity,
    /// What the person likes
    Preferences,
    /// What the person does: visits, clicks
    Behaviour,
    /// What the person bought and paid
    Transactions,
    /// Where the person is
    Location,
    /// Age, household, profession
    Demographics,
    /// Health, belief and the others of Article 9(1) GDPR
    Special,
}

impl DataCategory {
    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Identity => "identity",
            Self::Preferences => "preferences",
            Self::Behaviour => "behaviour",
            Self::Transactions => "transactions",
            Self::Location => "location",
            Self::Demographics => "demographics",
            Self::Special => "special",
        }
    }

    /// All of them, for tests and tables.
    pub const ALL: [Self; 8] = [
        Self::Contact,
        Self::Identity,
        Self::Preferences,
        Self::Behaviour,
        Self::Transactions,
        Self::Location,
        Self::Demographics,
        Self::Special,
    ];

    /// The term of the Data Privacy Vocabulary 2.3; `pd` is its extension for personal data.
    #[must_use]
    pub fn dpv(self) -> &'static str {
        match self {
            Self::Contact => "pd:Contact",
            Self::Identity => "pd:Identifying",
            Self::Preferences => "pd:Preference",
            Self::Behaviour => "pd:Behavioural",
            Self::Transactions => "pd:Transactional",
            Self::Location => "pd:Location",
            Self::Demographics => "pd:Demographic",
            Self::Special => "dpv:SpecialCategoryPersonalData",
        }
    }
}

/// How a choice came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The widget in or beside a web form
    WebForm,
    /// The widget in a conversation
    Chat,
    /// The collector's own page
    HostedForm,
    /// The personal page
    PreferenceCentre,
    /// A link in an e-mail
    EmailLink,
    /// The one-click button of a mail program (RFC 8058)
    OneClick,
    /// By telephone
    Phone,
    /// Face to face, a card at a fair
    InPerson,
    /// A list from elsewhere
    Import,
    /// A back end with a key
    Api,
    /// The customer's own account with the controller
    CustomerPortal,
    /// A data subject's request
    Request,
}

impl Source {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 12] = [
        Self::WebForm,
        Self::Chat,
        Self::HostedForm,
        Self::PreferenceCentre,
        Self::EmailLink,
        Self::OneClick,
        Self::Phone,
        Self::InPerson,
        Self::Import,
        Self::Api,
        Self::CustomerPortal,
        Self::Request,
    ];

    /// Whether a form may be for this: those in which visitors choose for themselves.
    #[must_use]
    pub fn is_a_visitors(self) -> bool {
        matches!(self, Self::WebForm | Self::Chat | Self::HostedForm)
    }

    /// Whether a page of the site may name this source, by `POST /v1/submissions`. What comes from the collector's own page only the
    /// collector itself can tell.
    #[must_use]
    pub fn is_a_pages(self) -> bool {
        matches!(self, Self::WebForm | Self::Chat)
    }

    /// Whether a back end may tell of this source, by `POST /v1/consents`: all but what only the person's own browser or mailbox does.
    #[must_use]
    pub fn is_a_back_ends(self) -> bool {
        matches!(
            self,
            Self::Phone
                | Self::InPerson
                | Self::Import
                | Self::Api
                | Self::Chat
                | Self::CustomerPortal
                | Self::Request
        )
    }
}
