//! Data centres: where Zoho keeps an organisation's data. A token of one is none at another.

use serde::{Deserialize, Serialize};

/// The data centres, by the end of their host names, as Zoho documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoDataCenter))]
pub enum DataCenter {
    /// United States
    #[serde(rename = "com")]
    Com,
    /// Europe
    #[serde(rename = "eu")]
    Eu,
    /// India
    #[serde(rename = "in")]
    In,
    /// Australia
    #[serde(rename = "com.au")]
    ComAu,
    /// Japan
    #[serde(rename = "jp")]
    Jp,
    /// Canada
    #[serde(rename = "ca")]
    Ca,
    /// Saudi Arabia
    #[serde(rename = "sa")]
    Sa,
    /// China
    #[serde(rename = "com.cn")]
    ComCn,
    /// United Kingdom
    #[serde(rename = "uk")]
    Uk,
}

/// The environments of an organisation. Each has its own data and its own host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoEnvironment))]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real one
    #[default]
    Production,
    /// A copy to try on
    Sandbox,
    /// A developer edition
    Developer,
}

impl DataCenter {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Com,
        Self::Eu,
        Self::In,
        Self::ComAu,
        Self::Jp,
        Self::Ca,
        Self::Sa,
        Self::ComCn,
        Self::Uk,
    ];

    /// Where tokens are given.
    #[must_use]
    pub fn accounts(self) -> String {
        match self {
            Self::Ca => "https://accounts.zohocloud.ca".to_owned(),
            other => format!("https://accounts.zoho.{}", other.end()),
        }
    }

    /// Where the API is.
    #[must_use]
    pub fn api(self, environment: Environment) -> String {
        let host = match environment {
            Environment::Production => "www",
            Environment::Sandbox => "sandbox",
            Environment::Developer => "developer",
        };
        format!("https://{host}.zohoapis.{}", self.end())
    }

    /// Whether this is where the API of some data centre is: a token is sent nowhere else.
    #[must_use]
    pub fn is_api(address: &str) -> bool {
        let address = address.trim_end_matches('/');
        let mut all = Self::ALL.into_iter();
        all.any(|known| address == known.api(Environment::Production))
    }

    fn end(self) -> &'static str {
        match self {
            Self::Com => "com",
            Self::Eu => "eu",
            Self::In => "in",
            Self::ComAu => "com.au",
            Self::Jp => "jp",
            Self::Ca => "ca",
            Self::Sa => "sa",
            Self::ComCn => "com.cn",
            Self::Uk => "uk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_data_centre_has_its_own_accounts_server_and_its_own_api() {
        let of = |end: &str| -> (String, String) {
            let known: DataCenter = serde_json::from_value(end.into()).expect("a data centre");
            (known.accounts(), known.api(Environment::Production))
        };
        for (end, accounts, api) in [
            (
                "com",
                "https://accounts.zoho.com",
                "https://www.zohoapis.com",
            ),
            ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
            (
                "com.au",
                "https://accounts.zoho.com.au",
                "https://www.zohoapis.com.au",
            ),
            (
                "ca",
                "https://accounts.zohocloud.ca",
                "https://www.zohoapis.ca",
            ),
            (
                "com.cn",
                "https://accounts.zoho.com.cn",
                "https://www.zohoapis.com.cn",
            ),
            ("uk", "https://accounts.zoho.uk", "https://www.zohoapis.uk"),
        ] {
            assert_eq!(of(end), (accounts.to_owned(), api.to_owned()));
        }
        assert_eq!(
            DataCenter::Eu.api(Environment::Sandbox),
            "https://sandbox.zohoapis.eu"
        );
    }

    #[test]
    fn a_token_goes_to_a_host_of_zoho_only() {
        assert!(DataCenter::is_api("https://www.zohoapis.jp/"));
        for other in [
            "https://www.zohoapis.jp.example.org",
            "http://www.zohoapis.jp",
            "https://example.org/www.zohoapis.jp",
        ] {
            assert!(!DataCenter::is_api(other), "{other}");
        }
    }
}
