//! Rules that every CRM needs: whom an event is about when the CRM knows nobody of the address, or several.

use serde::{Deserialize, Serialize};

/// What to do when the CRM has several persons of one address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenSeveral {
    /// Tell all of them
    All,
    /// Tell the one that the CRM made last
    Newest,
    /// Tell none: the event becomes a dead letter that says so
    #[default]
    Error,
}

/// What to do when the CRM has nobody of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenUnknown {
    /// Make the person, where somebody said yes; a no about nobody is left out
    Create,
    /// Leave it out
    Skip,
}

impl WhenSeveral {
    /// Those of `found`, newest first, that are to be told; how many there are where none is.
    pub fn among<T>(self, mut found: Vec<T>) -> Result<Vec<T>, usize> {
        match self {
            Self::Error if found.len() > 1 => Err(found.len()),
            Self::Newest => {
                found.truncate(1);
                Ok(found)
            }
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_persons_all_are_told_or_the_newest_or_none() {
        assert_eq!(WhenSeveral::All.among(vec![3, 2]), Ok(vec![3, 2]));
        assert_eq!(WhenSeveral::Newest.among(vec![3, 2]), Ok(vec![3]));
        assert_eq!(WhenSeveral::Error.among(vec![3, 2]), Err(2));
        assert_eq!(WhenSeveral::Error.among(vec![3]), Ok(vec![3]));
    }
}
