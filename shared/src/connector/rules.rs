//! Rules that every CRM needs: whom an event is about when the CRM knows nobody of the address, or several.

use serde::{Deserialize, Serialize};

use super::Says;

/// What to do with a yes when the CRM has several persons of one address. A no is told to all of them.
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
    /// Those of `found`, newest first, that are to be told; how many there are where none is. Whoever says no is mailed from none of them.
    pub fn among<T>(self, says: Says, mut found: Vec<T>) -> Result<Vec<T>, usize> {
        match self {
            _ if says == Says::No => Ok(found),
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
    fn of_several_persons_a_yes_is_told_to_all_or_to_the_newest_or_to_none() {
        let yes = |several: WhenSeveral, found| several.among(Says::Yes, found);
        assert_eq!(yes(WhenSeveral::All, vec![3, 2]), Ok(vec![3, 2]));
        assert_eq!(yes(WhenSeveral::Newest, vec![3, 2]), Ok(vec![3]));
        assert_eq!(yes(WhenSeveral::Error, vec![3, 2]), Err(2));
        assert_eq!(yes(WhenSeveral::Error, vec![3]), Ok(vec![3]));
    }

    #[test]
    fn a_no_is_told_to_all_of_them_whatever_the_mapping_says() {
        for several in [WhenSeveral::All, WhenSeveral::Newest, WhenSeveral::Error] {
            assert_eq!(several.among(Says::No, vec![3, 2]), Ok(vec![3, 2]));
        }
    }
}
