//! What was posted by the page of a form: fields as they were typed, and the token that tells which page it was.

use std::collections::BTreeSet;

use sayso_shared::{
    hosted::{FormToken, TokenOpened},
    key::{FormKey, SiteKey},
    published::PublishedForm,
};

use crate::{clock, pages::Typed, routes::Wanted};

/// What was posted.
#[derive(Default)]
pub(super) struct Posted {
    pub(super) token: String,
    pub(super) typed: Typed,
}

impl Posted {
    pub(super) fn read(body: &[u8]) -> Self {
        let mut posted = Self::default();
        for (field, value) in url::form_urlencoded::parse(body) {
            match &*field {
                "token" => posted.token = value.into_owned(),
                "email" => posted.typed.email = value.into_owned(),
                "purpose" => {
                    posted.typed.ticked.insert(value.into_owned());
                }
                _ => {}
            }
        }
        posted
    }

    pub(super) fn open(&self, wanted: &Wanted<'_>, site: &str, form: &str) -> TokenOpened {
        let (Ok(site), Ok(form)) = (SiteKey::parse(site), FormKey::parse(form)) else {
            return TokenOpened::Forged;
        };
        let vault = wanted.settings.vault();
        FormToken::open(&self.token, &vault, &site, &form, clock::now())
    }

    /// What was typed, and no box: nobody says yes to words that were not read.
    pub(super) fn without_ticks(&self) -> Self {
        Self {
            token: String::new(),
            typed: Typed {
                email: self.typed.email.clone(),
                ticked: BTreeSet::new(),
            },
        }
    }

    /// All of it, if the words are those of the token.
    pub(super) fn if_these_words(&self, token: &FormToken, form: &PublishedForm) -> Self {
        let mut kept = self.without_ticks();
        if token.notice_hash == form.notice.hash {
            kept.typed.ticked.clone_from(&self.typed.ticked);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posted_form_is_read_field_by_field() {
        let body = b"token=a.b&purpose=STORE&purpose=EMARKETING&email=jan%2Bfiets%40example.nl&x=y";
        let posted = Posted::read(body);
        assert_eq!(posted.token, "a.b");
        assert_eq!(posted.typed.email, "jan+fiets@example.nl");
        let ticked: Vec<&str> = posted.typed.ticked.iter().map(String::as_str).collect();
        assert_eq!(ticked, ["EMARKETING", "STORE"]);
        assert_eq!(posted.without_ticks().typed.email, "jan+fiets@example.nl");
        assert!(posted.without_ticks().typed.ticked.is_empty());
        for body in [
            &b"\xff\xfe%zz=&&="[..],
            b"",
            b"{\"email\":\"jan@example.nl\"}",
        ] {
            assert_eq!(Posted::read(body).typed, Typed::default());
        }
    }
}
