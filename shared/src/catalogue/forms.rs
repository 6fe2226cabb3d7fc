//! Plural forms: one text in the forms that a count needs.

/// The form that a count takes, in the words of Unicode's CLDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
#[allow(missing_docs)] // CLDR gives them no more meaning than their names.
pub enum Plural {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

/// One text in each form that its language has; `{n}` is the count.
pub type Forms = &'static [(Plural, &'static str)];

impl Plural {
    /// The form that `n` takes in a language.
    #[must_use]
    pub fn of(_lang: &str, n: u32) -> Self {
        if n == 1 { Self::One } else { Self::Other }
    }
}
