//! Tenants: where a customer of SuperOffice is now. That moves; until when an address holds, SuperOffice says with it.

use url::Url;

use super::{Settings, read_answer, text};
use crate::connector::{Answer, Told, Verdict};

/// Where a customer is, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The address of its API
    pub api: String,
    /// Until when that holds
    pub valid_until: String,
}

impl Settings {
    /// Where the customer's state is.
    #[must_use]
    pub fn state(&self) -> String {
        format!("{}/api/state/{}", self.base(), self.tenant)
    }

    /// Whether a customer may be told at this address. What moves stays with SuperOffice, or at the origin's own host: our secrets go there.
    fn may_be_at(&self, api: &str) -> bool {
        let (Ok(api), Ok(origin)) = (Url::parse(api), Url::parse(self.base())) else {
            return false;
        };
        let is_same_host = api.host_str() == origin.host_str() && api.scheme() == origin.scheme();
        let is_theirs = self.origin.is_none()
            && api.scheme() == "https"
            && api
                .host_str()
                .is_some_and(|host| host.ends_with(".superoffice.com"));
        is_same_host || is_theirs
    }
}

/// Where the customer is.
pub fn tenant(answer: &Answer, settings: &Settings) -> Told<Tenant> {
    let answered = read_answer(answer).map_err(Verdict::of_us)?;
    let later = |words: String| Verdict::TryLater {
        retry_after: None,
        words,
    };
    if answered["IsRunning"] != true {
        return Err(later(format!(
            "SuperOffice says that the customer is {}.",
            text(&answered, "State")
        )));
    }
    let api = text(&answered, "Api").trim_end_matches('/');
    if !settings.may_be_at(api) {
        return Err(later(
            "SuperOffice names an address for the customer that is not one of its own.".to_owned(),
        ));
    }
    Ok(Tenant {
        api: api.to_owned(),
        valid_until: text(&answered, "ValidUntil").to_owned(),
    })
}
