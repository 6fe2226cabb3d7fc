//! The names by which people call things in addresses and wire bodies: sites, forms, purposes, endpoints, keys.
//!
//! A name is parsed once and cannot be wrong afterwards. These names are public: nothing personal belongs in them.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name, in characters; what fits in a label of an address and on a line of a log.
pub const LONGEST: usize = 40;

macro_rules! name {
    ($(#[$doc:meta])* $Name:ident, $rule:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        #[serde(try_from = "Cow<'_, str>")]
        pub struct $Name(String);

        impl $Name {
            /// Reads the name, or says which rule it breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $rule(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $Name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<Cow<'_, str>> for $Name {
            type Error = NameError;
            fn try_from(text: Cow<'_, str>) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
    };
}

name!(
    /// A site: one website or brand of a controller, the tenant. `[a-z0-9-]`, 1 to 40 characters.
    SiteKey,
    lower_case_name
);
name!(
    /// A form: a collection point of a site. `[a-z0-9-]`, 1 to 40 characters.
    FormKey,
    lower_case_name
);
name!(
    /// A purpose: what data will be used for, such as `EMARKETING`. `[A-Z0-9_]`, 1 to 40 characters, a letter first.
    PurposeKey,
    upper_case_name
);
name!(
    /// A webhook endpoint of a site. `[a-z0-9-]`, 1 to 40 characters.
    EndpointKey,
    lower_case_name
);
name!(
    /// What the operator calls an API key of a site. `[a-z0-9-]`, 1 to 40 characters.
    ApiKeyName,
    lower_case_name
);

fn lower_case_name(text: &str) -> Result<(), NameError> {
    let edge_is_plain =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all_allowed = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let (first, last) = (text.chars().next(), text.chars().last());
    if text.len() <= LONGEST && all_allowed && edge_is_plain(first) && edge_is_plain(last) {
        Ok(())
    } else {
        Err(NameError::NotLowerCase)
    }
}

fn upper_case_name(text: &str) -> Result<(), NameError> {
    let all_allowed = text
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let first_is_letter = text.starts_with(|c: char| c.is_ascii_uppercase());
    if text.len() <= LONGEST && all_allowed && first_is_letter {
        Ok(())
    } else {
        Err(NameError::NotUpperCase)
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Sites, forms, endpoints and keys.
    #[error("must be 1 to 40 characters of a-z, 0-9 and -, with a letter or digit first and last")]
    NotLowerCase,
    /// Purposes.
    #[error("must be 1 to 40 characters of A-Z, 0-9 and _, with a letter first")]
    NotUpperCase,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_called_by_a_plain_lower_case_name() {
        for (text, good) in [
            ("demo", true),
            ("van-dijk-2", true),
            ("7", true),
            ("", false),
            ("-demo", false),
            ("demo-", false),
            ("Demo", false),
            ("de~mo", false),
            ("../etc", false),
            ("a234567890123456789012345678901234567890", true),
            ("a2345678901234567890123456789012345678901", false),
        ] {
            assert_eq!(SiteKey::parse(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn a_purpose_is_called_by_a_plain_upper_case_name() {
        for (text, good) in [
            ("STORE", true),
            ("NEWS_2", true),
            ("", false),
            ("store", false),
            ("2NEWS", false),
            ("A B", false),
        ] {
            assert_eq!(PurposeKey::parse(text).is_ok(), good, "{text:?}");
        }
    }
}
