//! The hosted form: what its page carries from the moment that it is shown until it is sent, and what a link fills in beforehand.
//!
//! It refuses what another site or form was given, what was touched, and what is too old. It keeps nothing: whatever is in a token or a
//! link was signed or sealed by the vault, and is read back from there.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    canonical::{base64url, canonical_json},
    email::EmailAddress,
    key::{FormKey, PurposeKey, SiteKey},
    language::Language,
    published::PublishedForm,
    time::{Timestamp, days},
    vault::{NONCE, Vault},
};

/// How long a page may stand open before it has to be read anew.
pub const TOKEN_LASTS: Duration = Duration::from_hours(24);

/// For how many days a link fills in the address.
pub const LINK_LASTS_DAYS: u32 = 30;

/// What a page of the form carries, signed: which words it shows, since when, and which submission it becomes. Pressing its button twice
/// is therefore the same submission twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormToken {
    /// The site
    site: SiteKey,
    /// The form
    form: FormKey,
    /// In which language it is shown
    pub lang: Language,
    /// The words that are shown
    pub notice_hash: String,
    /// The boxes that are shown: an empty one is not posted, and is an answer all the same
    pub purposes: Vec<PurposeKey>,
    /// The id of the submission that it becomes
    pub submission: Uuid,
    /// When it was shown
    pub shown_at: Timestamp,
}

/// What became of a token that came back.
#[derive(Debug, PartialEq, Eq)]
pub enum TokenOpened {
    /// It is ours, of this form, and fresh
    Fresh(FormToken),
    /// It is ours, of this form, and too old
    Stale(FormToken),
    /// It is not ours, or of another form
    Forged,
}

impl FormToken {
    /// For a form that is shown now.
    #[must_use]
    pub fn of(form: &PublishedForm, submission: Uuid, shown_at: Timestamp) -> Self {
        Self {
            site: form.site.clone(),
            form: form.form.clone(),
            lang: form.lang.clone(),
            notice_hash: form.notice.hash.clone(),
            purposes: form
                .purposes
                .iter()
                .filter(|purpose| purpose.is_asked())
                .map(|purpose| purpose.key.clone())
                .collect(),
            submission,
            shown_at,
        }
    }

    /// As the page carries it.
    #[must_use]
    pub fn sign(&self, vault: &Vault) -> String {
        let content = base64url(canonical_json(self).as_bytes());
        let signature = base64url(&vault.sign_token(content.as_bytes()));
        format!("{content}.{signature}")
    }

    /// Reads one that came back to the page of this form.
    #[must_use]
    pub fn open(
        text: &str,
        vault: &Vault,
        site: &SiteKey,
        form: &FormKey,
        now: Timestamp,
    ) -> TokenOpened {
        match Self::read(text, vault).filter(|token| token.site == *site && token.form == *form) {
            None => TokenOpened::Forged,
            Some(token) if (token.shown_at + TOKEN_LASTS).is_over(now) => TokenOpened::Stale(token),
            Some(token) => TokenOpened::Fresh(token),
        }
    }

    fn read(text: &str, vault: &Vault) -> Option<Self> {
        let (content, signature) = text.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if vault.has_signed_token(content.as_bytes(), &signature) {
            decoded(content)
        } else {
            None
        }
    }
}

/// Who posted: whether it was our own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poster {
    /// Our page, as the browser says
    OurPage,
    /// A page of somebody else's
    OtherPage,
    /// The browser does not say
    Unsaid,
}

impl Poster {
    /// By what browsers say of a form that was posted. `ours` are the origins under which the page is reached.
    ///
    /// - `Sec-Fetch-Site` comes with every request of Chrome and Edge since 76 and 79, Firefox since 90, Safari since 16.4, to https
    ///   and to this machine. No page can make it up. `none` is what a person did without a page, such as loading again.
    /// - `Origin` comes with every POST of these, and of the ones before them back to Chrome 1, Safari 4 and Firefox 70. It is `null` from a
    ///   page in a sandbox, and where a setting of the reader's hides it; where the first header vouches for our page, that is enough.
    /// - Text browsers and older ones send neither. Then the token of the page has to do, which no other site can get for the
    ///   visitor without fetching our page first.
    #[must_use]
    pub fn of(ours: &[&str], origin: Option<&str>, fetch_site: Option<&str>) -> Self {
        match (origin, fetch_site) {
            (_, Some(site)) if !matches!(site, "same-origin" | "none") => Self::OtherPage,
            (Some("null") | None, Some(_)) => Self::OurPage,
            (Some(origin), _) if ours.contains(&origin) => Self::OurPage,
            (Some(_), _) => Self::OtherPage,
            (None, None) => Self::Unsaid,
        }
    }
}

/// The body of `POST /v1/sites/{site}/forms/{form}/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FormLinkRequest {
    /// The address that the link fills in
    pub email: String,
    /// In which language the form opens; without it, in the reader's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Language>,
}

/// A link to the hosted form that fills in an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormLink {
    /// The link; the address in it is sealed
    pub url: String,
    /// Until when it fills in the address; afterwards it opens the empty form
    pub expires_at: Timestamp,
}

/// What a link seals.
#[derive(Serialize, Deserialize)]
struct Prefill {
    email: String,
    until: Timestamp,
}

/// Until when a link that is made now fills in the address.
#[must_use]
pub fn link_expires_at(now: Timestamp) -> Timestamp {
    now + days(LINK_LASTS_DAYS)
}

/// Seals an address for a link to this form.
#[must_use]
pub fn seal_prefill(
    vault: &Vault,
    site: &SiteKey,
    form: &FormKey,
    email: &EmailAddress,
    until: Timestamp,
    nonce: [u8; NONCE],
) -> String {
    let prefill = Prefill {
        email: email.exposed().to_owned(),
        until,
    };
    let plain = canonical_json(&prefill);
    base64url(&vault.seal_secret(plain.as_bytes(), &prefill_place(site, form), nonce))
}

/// The address of a link to this form; `None` for anything that is not one, or is one no more.
#[must_use]
pub fn open_prefill(
    text: &str,
    vault: &Vault,
    site: &SiteKey,
    form: &FormKey,
    now: Timestamp,
) -> Option<EmailAddress> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = vault
        .open_secret(&sealed, &prefill_place(site, form))
        .ok()?;
    let Prefill { email, until } = serde_json::from_slice(&plain).ok()?;
    if until.is_over(now) {
        return None;
    }
    EmailAddress::parse(&email).ok()
}

/// To what a sealed address is bound.
fn prefill_place(site: &SiteKey, form: &FormKey) -> Vec<u8> {
    format!("prefill/{site}/{form}").into_bytes()
}

fn decoded<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn site(name: &str) -> SiteKey {
        SiteKey::parse(name).expect("a name")
    }

    fn form(name: &str) -> FormKey {
        FormKey::parse(name).expect("a name")
    }

    fn token(of_site: &str, of_form: &str) -> FormToken {
        FormToken {
            site: site(of_site),
            form: form(of_form),
            lang: Language::parse("nl").expect("a tag"),
            notice_hash: "sha-256:00".to_owned(),
            purposes: vec![PurposeKey::parse("NEWS").expect("a key")],
            submission: Uuid::from_u128(7),
            shown_at: at(NOW),
        }
    }

    fn open(text: &str, vault: &Vault, of_site: &str, of_form: &str, now: i64) -> TokenOpened {
        FormToken::open(text, vault, &site(of_site), &form(of_form), at(now))
    }

    #[test]
    fn a_token_opens_what_it_was_made_for_alone() {
        let vault = Vault::open(&[1; 32]);
        let text = token("demo", "news").sign(&vault);
        let fresh = TokenOpened::Fresh(token("demo", "news"));
        assert_eq!(open(&text, &vault, "demo", "news", NOW), fresh);
        for (of_site, of_form) in [("demo", "chat"), ("shop", "news"), ("news", "demo")] {
            let opened = open(&text, &vault, of_site, of_form, NOW);
            assert_eq!(opened, TokenOpened::Forged, "{of_site}/{of_form}");
        }
        let other = Vault::open(&[2; 32]);
        assert_eq!(
            open(&text, &other, "demo", "news", NOW),
            TokenOpened::Forged
        );
        let replacing = Vault::open(&[2; 32]).replacing(vault);
        assert_eq!(open(&text, &replacing, "demo", "news", NOW), fresh);
    }

    #[test]
    fn a_token_lasts_a_day() {
        let vault = Vault::open(&[1; 32]);
        let text = token("demo", "news").sign(&vault);
        let day = 24 * 60 * 60 * 1000;
        let fresh = TokenOpened::Fresh(token("demo", "news"));
        assert_eq!(open(&text, &vault, "demo", "news", NOW + day - 1), fresh);
        let opened = open(&text, &vault, "demo", "news", NOW + day);
        assert_eq!(opened, TokenOpened::Stale(token("demo", "news")));
    }

    #[test]
    fn what_browsers_say_tells_our_page_from_others() {
        use Poster::{OtherPage, OurPage, Unsaid};
        let ours = ["https://consent.example.com"];
        for (origin, fetch_site, poster) in [
            (
                Some("https://consent.example.com"),
                Some("same-origin"),
                OurPage,
            ),
            (Some("https://consent.example.com"), None, OurPage),
            (Some("https://consent.example.com"), Some("none"), OurPage),
            (Some("null"), Some("same-origin"), OurPage),
            (None, Some("same-origin"), OurPage),
            (None, None, Unsaid),
            (Some("null"), None, OtherPage),
            (Some("null"), Some("cross-site"), OtherPage),
            (None, Some("same-site"), OtherPage),
            (None, Some("cross-site"), OtherPage),
            (Some("https://evil.example"), None, OtherPage),
            (Some("https://evil.example"), Some("same-origin"), OtherPage),
            (Some("http://consent.example.com"), None, OtherPage),
            (
                Some("https://consent.example.com"),
                Some("cross-site"),
                OtherPage,
            ),
        ] {
            let found = Poster::of(&ours, origin, fetch_site);
            assert_eq!(found, poster, "{origin:?} {fetch_site:?}");
        }
    }

    #[test]
    fn a_link_fills_in_its_address_in_its_form_while_it_lasts() {
        let vault = Vault::open(&[1; 32]);
        let email = EmailAddress::parse("jan@example.com").expect("an address");
        let until = link_expires_at(at(NOW));
        let (demo, news) = (site("demo"), form("news"));
        let sealed = seal_prefill(&vault, &demo, &news, &email, until, [3; NONCE]);
        assert!(!sealed.contains("jan") && !sealed.contains('@'));
        let opened = |of_site: &str, of_form: &str, now| {
            open_prefill(&sealed, &vault, &site(of_site), &form(of_form), now)
        };
        assert_eq!(opened("demo", "news", at(NOW)), Some(email));
        assert_eq!(opened("demo", "news", until), None);
        assert_eq!(opened("demo", "chat", at(NOW)), None);
        assert_eq!(opened("shop", "news", at(NOW)), None);
        // A sealed secret of another kind is no address.
        let other = base64url(&vault.seal_secret(b"{}", &prefill_place(&demo, &news), [4; NONCE]));
        assert_eq!(open_prefill(&other, &vault, &demo, &news, at(NOW)), None);
        for plain in ["jan@example.com", "", "AAAA"] {
            assert_eq!(open_prefill(plain, &vault, &demo, &news, at(NOW)), None);
        }
    }

    proptest! {
        #[test]
        fn a_token_that_was_touched_is_forged(place: prop::sample::Index, to in "[A-Za-z0-9._-]") {
            let vault = Vault::open(&[1; 32]);
            let text = token("demo", "news").sign(&vault);
            let place = place.index(text.len());
            prop_assume!(text[place..=place] != to);
            let touched = format!("{}{to}{}", &text[..place], &text[place + 1..]);
            prop_assert_eq!(open(&touched, &vault, "demo", "news", NOW), TokenOpened::Forged);
        }

        #[test]
        fn any_text_is_read_as_a_token_and_as_an_address(text in ".{0,80}") {
            let vault = Vault::open(&[1; 32]);
            prop_assert_eq!(open(&text, &vault, "demo", "news", NOW), TokenOpened::Forged);
            prop_assert_eq!(open_prefill(&text, &vault, &site("demo"), &form("news"), at(NOW)), None);
        }
    }
}
