//! Targets: what a purpose is on a record of Zoho.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::unlike_a_name;
use crate::{
    problem::FieldError,
    purpose::{Channel, Source},
};

/// What a purpose is on a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoTarget))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The consent of the record, where GDPR compliance is switched on in Zoho. One purpose can have it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Basis>,
    /// Whether a no opts the record out of all e-mail (`Email_Opt_Out`), and a yes takes that back. True if it is left out and there is
    /// `consent`; one purpose can have it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_opt_out: Option<bool>,
    /// A field of your own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<OwnField>,
}

/// What is written into `Data_Processing_Basis_Details`, in the spelling of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoBasis))]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The data processing basis of a yes
    #[cfg_attr(feature = "openapi", schema(example = "Obtained"))]
    pub given: String,
    /// That of a request that waits to be confirmed; Zoho is told of no request if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// That of a request that nobody confirmed; the one of the request stays if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<String>,
    /// That of a no; the one that is there stays if it is left out, as Zoho has none of its own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// `Consent_Through`, by how the choice came in. Of what is not named here, nothing is written
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub through: BTreeMap<Source, String>,
    /// The `Contact_Through_…` that the purpose is about; they follow from its channels if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<ContactThrough>>,
}

/// The channels of a record's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoContactThrough))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are Zoho's words")]
pub enum ContactThrough {
    Email,
    Phone,
    Social,
    Survey,
}

/// A field of the marketer's own, and the one that says why it stands so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoField))]
#[serde(deny_unknown_fields)]
pub struct OwnField {
    /// The API name of a check box or a pick list
    #[cfg_attr(feature = "openapi", schema(example = "Events_Consent"))]
    pub name: String,
    /// The value of a pick list for a yes; left out at a check box
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<String>,
    /// The value of a pick list for a no; left out at a check box
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
    /// The API name of a text field of 255 characters or more, for the receipt and the time of the decision
    #[cfg_attr(feature = "openapi", schema(example = "Events_Consent_Remarks"))]
    pub remarks: String,
}

impl Target {
    /// Whether `Email_Opt_Out` follows the purpose.
    #[must_use]
    pub fn opts_out(&self) -> bool {
        self.email_opt_out.unwrap_or(self.consent.is_some())
    }

    /// What is wrong with it by itself.
    pub(super) fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.consent.is_none() && self.field.is_none() {
            let must =
                "must have consent, field or both: something has to say when the person decided";
            errors.push(FieldError::new("", must));
        }
        let lapses = self.consent.as_ref();
        if lapses.is_some_and(|basis| basis.lapsed.is_some() && basis.requested.is_none()) {
            let must = "must be left out as long as Zoho is told of no request: name requested too";
            errors.push(FieldError::new("/consent/lapsed", must));
        }
        if let Some(field) = &self.field {
            errors.extend(unlike_a_name(&field.name, "/field/name".to_owned()));
            errors.extend(unlike_a_name(&field.remarks, "/field/remarks".to_owned()));
            if field.yes.is_some() != field.no.is_some()
                || (field.yes.is_some() && field.yes == field.no)
            {
                let must = "must have yes and no, and they must differ (a pick list), or neither (a check box)";
                errors.push(FieldError::new("/field", must));
            }
        }
        errors
    }
}

impl Basis {
    /// The fields of the channels.
    #[must_use]
    pub fn channels(&self, of: &[Channel]) -> Vec<&'static str> {
        let mut fields: Vec<_> = match &self.channels {
            Some(chosen) => chosen.iter().map(|channel| channel.field()).collect(),
            None => of.iter().filter_map(|channel| field_of(*channel)).collect(),
        };
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Every basis that is named, with its place.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("given", Some(&self.given)),
            ("requested", self.requested.as_ref()),
            ("lapsed", self.lapsed.as_ref()),
            ("withdrawn", self.withdrawn.as_ref()),
        ];
        all.into_iter()
            .filter_map(|(place, name)| Some((place, name?.as_str())))
    }
}

impl ContactThrough {
    fn field(self) -> &'static str {
        match self {
            Self::Email => "Contact_Through_Email",
            Self::Phone => "Contact_Through_Phone",
            Self::Social => "Contact_Through_Social",
            Self::Survey => "Contact_Through_Survey",
        }
    }
}

/// Zoho has no letters and no text messages: a text goes to the telephone, a messaging app is social.
fn field_of(channel: Channel) -> Option<&'static str> {
    match channel {
        Channel::Email => Some(ContactThrough::Email.field()),
        Channel::Phone | Channel::Sms => Some(ContactThrough::Phone.field()),
        Channel::Chat => Some(ContactThrough::Social.field()),
        Channel::Post => None,
    }
}
