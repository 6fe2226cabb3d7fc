//! `/f/{site}/{form}`: the form as a page of its own, without a script. GET shows, the button's POST records.
//!
//! What is typed is never lost: whatever goes wrong, the page comes again as it was filled in. It refuses to fill in what another site's page
//! posted, and to tick a box for words that the person has not seen.

mod posted;
mod told;

use std::collections::BTreeSet;

use sayso_shared::{
    email::EmailAddress,
    hosted::{FormToken, Poster, TokenOpened, open_prefill},
    key::{FormKey, SiteKey},
    language::Language,
    problem::Problem,
};
use serde_json::{Value, json};
use worker::{Method, Response};

use self::{posted::Posted, told::Told};
use super::{LARGEST_BODY, Wanted, people, submissions, wrong_method};
use crate::{
    answer, chance, clock,
    failure::{Failure, Outcome, damaged},
    json,
    ledger::{
        self,
        shards::{self, Whose},
    },
    pages::{self, HostedForm, Shown, Trouble, Typed},
    site,
};

/// Shows the form. Changes nothing. An address is filled in only from a link that `POST /v1/sites/{site}/forms/{form}/links` made.
#[utoipa::path(
    get,
    path = "/f/{site}/{form}",
    tag = "visitor",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
        ("lang" = Option<String>, Query, description = "BCP 47; without it, what the browser asks for, else the site's default"),
        ("email" = Option<String>, Query, description = "A sealed address, from a link; anything else is ignored"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such site or form", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let langs = people::languages(&wanted)?;
    let place = Place::find(&wanted, site, form, langs).await?;
    let vault = wanted.settings.vault();
    let sealed = wanted.parameter("email")?;
    let filled_in = sealed.as_deref().and_then(|sealed| {
        let email = open_prefill(sealed, &vault, &place.site, &place.form, clock::now())?;
        Some((sealed, email))
    });
    let typed = Typed {
        email: filled_in
            .as_ref()
            .map(|(_, email)| email.exposed().to_owned())
            .unwrap_or_default(),
        ticked: BTreeSet::new(),
    };
    let shown = Shown {
        hosted: &place.hosted,
        token: &place.new_token(&wanted),
        typed: &typed,
        prefill: filled_in.map(|(sealed, _)| sealed),
        gpc: asks_not_to_share(&wanted)?,
        trouble: None,
    };
    place.page(200, pages::hosted(&shown))
}

/// The button: records what is ticked, by the same way as `POST /v1/submissions`, with the source `hosted_form`. Pressing it again changes
/// nothing.
///
/// 1. The body is read: 413 if it is too large. The form is known: 404.
/// 2. It comes from our own page, with a token that we signed: 403. Fresh: 409.
/// 3. The address is one: 422.
/// 4. The ledger records it, and says no more than is durable: 201, 200; 409 if the words have changed.
///
/// Whatever is wrong, the page is shown again as it was filled in.
#[utoipa::path(
    post,
    path = "/f/{site}/{form}",
    tag = "visitor",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
        ("lang" = Option<String>, Query, description = "As for GET"),
    ),
    responses(
        (status = 201, description = "Recorded, durably: the page says what comes next", content_type = "text/html"),
        (status = 200, description = "Recorded before", content_type = "text/html"),
        (status = 403, description = "Not sent from this page", content_type = "text/html"),
        (status = 404, description = "No such site or form", content_type = "text/html"),
        (status = 409, description = "The page was open for too long, or its words have changed", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", content_type = "text/html"),
        (status = 422, description = "The address is missing or is none", content_type = "text/html"),
    )
)]
pub(super) async fn send(mut wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let body = match wanted.body(LARGEST_BODY).await {
        Err(Failure::Problem(problem)) if problem.status == 413 => None,
        body => Some(body?),
    };
    let posted = Posted::read(body.as_deref().unwrap_or_default());
    let mut langs = people::languages(&wanted)?;
    let opened = posted.open(&wanted, site, form);
    if let TokenOpened::Fresh(token) | TokenOpened::Stale(token) = &opened {
        langs.insert(0, token.lang.clone());
    }
    let place = Place::find(&wanted, site, form, langs).await?;
    let again = |status, trouble, kept| place.again(&wanted, status, trouble, &posted, kept);
    if body.is_none() {
        return again(413, Trouble::NotStored, None); // 1
    }
    let token = match (poster(&wanted)?, opened) {
        // Somebody else's page filled it in: nothing of it may stand on ours.
        (Poster::OtherPage, _) | (Poster::Unsaid, TokenOpened::Forged) => {
            let nothing = Posted::default();
            return place.again(&wanted, 403, Trouble::Foreign, &nothing, None);
        }
        (Poster::OurPage, TokenOpened::Forged) => {
            // Which words were read is not known.
            let typed = posted.without_ticks();
            return place.again(&wanted, 403, Trouble::Foreign, &typed, None);
        }
        (_, TokenOpened::Stale(token)) => {
            let typed = posted.if_these_words(&token, &place.hosted.form);
            return place.again(&wanted, 409, Trouble::Stale, &typed, None); // 2
        }
        (_, TokenOpened::Fresh(token)) => token,
    };
    let Ok(email) = EmailAddress::parse(&posted.typed.email) else {
        return again(422, Trouble::Email, Some(&token)); // 3
    };
    let record = ledger::Ask::Record {
        document: place.submission(&wanted, &token, &email, &posted.typed)?,
        origin: None,
        client: submissions::client(&wanted)?,
        hosted: true,
        waited: 0,
    };
    let asked = shards::ask_of(
        &wanted.ledgers(&place.site),
        Whose::Address(&email),
        &record,
    )
    .await; // 4
    let mut response = asked.or_else(Failure::into_response)?;
    let status = response.status_code();
    match Told::of(status, &response.bytes().await?) {
        Told::Stored { pending } => place.page(status, pages::sent(&place.hosted, pending)),
        Told::NoForm => Err(Problem::unknown_form().into()),
        Told::WordsChanged => {
            let typed = posted.without_ticks();
            place.again(&wanted, 409, Trouble::Stale, &typed, None)
        }
        Told::OtherContent => again(409, Trouble::Stale, None),
        Told::NotStored => again(status, Trouble::NotStored, Some(&token)),
    }
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => show(wanted, site, form).await,
        Method::Post => send(wanted, site, form).await,
        _ => wrong_method("GET, HEAD, POST"),
    }
}

/// A form that is there.
struct Place {
    site: SiteKey,
    form: FormKey,
    hosted: HostedForm,
}

impl Place {
    /// The form, in the dearest of these languages that its site has.
    async fn find(
        wanted: &Wanted<'_>,
        site: &str,
        form: &str,
        langs: Vec<Language>,
    ) -> Outcome<Self> {
        let site = super::site_key(site)?;
        let form = FormKey::parse(form).map_err(|_| Problem::unknown_form())?;
        let ask = site::Ask::HostedForm {
            form: form.clone(),
            langs,
        };
        let mut answered = site::ask(wanted.env, &site, &ask).await?;
        if answered.status_code() >= 400 {
            return Err(Failure::Answered(Box::new(answered)));
        }
        let hosted = json::read(answered.bytes().await?)?;
        Ok(Self { site, form, hosted })
    }

    /// A token for the form as it is shown now.
    fn new_token(&self, wanted: &Wanted<'_>) -> String {
        let now = clock::now();
        FormToken::of(&self.hosted.form, chance::uuid(now), now).sign(&wanted.settings.vault())
    }

    /// The page once more. With the token that came, it stays the same submission; words that were not on that page are not ticked.
    fn again(
        &self,
        wanted: &Wanted<'_>,
        status: u16,
        trouble: Trouble,
        posted: &Posted,
        kept: Option<&FormToken>,
    ) -> Outcome<Response> {
        let kept = match kept {
            Some(token) if token.notice_hash != self.hosted.form.notice.hash => {
                let typed = posted.without_ticks();
                return self.again(wanted, 409, Trouble::Stale, &typed, None);
            }
            kept => kept,
        };
        let token = match kept {
            Some(_) => posted.token.clone(),
            None => self.new_token(wanted),
        };
        let shown = Shown {
            hosted: &self.hosted,
            token: &token,
            typed: &posted.typed,
            prefill: None,
            gpc: asks_not_to_share(wanted)?,
            trouble: Some(trouble),
        };
        self.page(status, pages::hosted(&shown))
    }

    fn page(&self, status: u16, html: askama::Result<String>) -> Outcome<Response> {
        let html = html.map_err(|_| damaged("a template"))?;
        Ok(answer::form_page(status, html, &self.hosted.framers)?)
    }

    /// What the ledger records. It puts in the source and the moment.
    fn submission(
        &self,
        wanted: &Wanted<'_>,
        token: &FormToken,
        email: &EmailAddress,
        typed: &Typed,
    ) -> Outcome<Value> {
        let Self { site, form, .. } = self;
        let purposes = token.purposes.iter();
        let choices: serde_json::Map<String, Value> = purposes
            .map(|key| (key.to_string(), typed.ticked.contains(key.as_str()).into()))
            .collect();
        Ok(json!({
            "id": token.submission,
            "site": site,
            "form": form,
            "lang": token.lang,
            "notice_hash": token.notice_hash,
            "subject": {"email": email.exposed()},
            "choices": choices,
            "page": format!("{}/f/{site}/{form}", wanted.settings.public_url),
            "shown_at": token.shown_at,
            "gpc": asks_not_to_share(wanted)?,
            "widget": env!("CARGO_PKG_VERSION"),
        }))
    }
}

/// Whether it was our own page. A collector may be reached by more names than the public one.
fn poster(wanted: &Wanted<'_>) -> Outcome<Poster> {
    let reached = wanted.request.url()?.origin().ascii_serialization();
    let ours = [wanted.settings.public_url.as_str(), &reached];
    let (origin, fetch_site) = (wanted.header("origin")?, wanted.header("sec-fetch-site")?);
    Ok(Poster::of(&ours, origin.as_deref(), fetch_site.as_deref()))
}

/// Global Privacy Control (`Sec-GPC: 1`).
fn asks_not_to_share(wanted: &Wanted<'_>) -> Outcome<bool> {
    Ok(wanted.header("sec-gpc")?.as_deref() == Some("1"))
}
