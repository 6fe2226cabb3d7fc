//! `/link/{site}`: where a new link to one's own page is asked for, by address. The answer tells nothing of who is on record.

use sayso_shared::{email::EmailAddress, key::SiteKey};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, people, site_key, wrong_method};
use crate::{
    failure::{Failure, Outcome},
    ledger::{
        self, Ask,
        shards::{self, Whose},
    },
    pages::{self, Door, Reader},
};

/// Shows the field for an address. Changes nothing.
#[utoipa::path(
    get,
    path = "/link/{site}",
    tag = "visitor",
    params(
        ("site" = String, Path, description = "The site"),
        ("lang" = Option<String>, Query, description = "A language of the site"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such site", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, site: &SiteKey) -> Outcome<Response> {
    let reader = reader(&wanted, site).await?;
    let door = match reader.site {
        None => Door::UnknownLink(reader),
        Some(_) => Door::AskLink {
            reader,
            wrong: None,
        },
    };
    people::answer(pages::door(&door))
}

/// Mails a link to whoever has the address `email`, within the limits of mails. The answer is the same, and takes the same time, whether
/// somebody has it or not.
#[utoipa::path(
    post,
    path = "/link/{site}",
    tag = "visitor",
    params(
        ("site" = String, Path, description = "The site"),
        ("lang" = Option<String>, Query, description = "A language of the site"),
    ),
    responses(
        (status = 200, description = "If somebody has that address, the mail is on its way", content_type = "text/html"),
        (status = 404, description = "No such site", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", content_type = "text/html"),
        (status = 422, description = "Not an e-mail address", content_type = "text/html"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, site: &SiteKey) -> Outcome<Response> {
    let body = wanted.body(LARGEST_BODY).await?;
    let reader = reader(&wanted, site).await?;
    let Some(view) = &reader.site else {
        return people::answer(pages::door(&Door::UnknownLink(reader)));
    };
    let typed = pages::posted(&body, "email")
        .pop_first()
        .unwrap_or_default();
    let Ok(email) = EmailAddress::parse(&typed) else {
        let wrong = Some(typed);
        return people::answer(pages::door(&Door::AskLink { reader, wrong }));
    };
    let ask = Ask::MailLink {
        email: email.exposed().to_owned(),
        lang: Some(view.lang.clone()),
    };
    let ledgers = wanted.ledgers(site);
    let asked = people::at_one_pace(shards::ask_of(&ledgers, Whose::Address(&email), &ask)).await?;
    if asked.status_code() >= 400 {
        return Err(Failure::Answered(Box::new(asked)));
    }
    people::answer(pages::door(&Door::OnItsWay(reader)))
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    let site = site_key(site)?;
    match wanted.request.method() {
        Method::Get | Method::Head => show(wanted, &site).await,
        Method::Post => press(wanted, &site).await,
        _ => wrong_method("GET, HEAD, POST"),
    }
}

/// Who reads it, of this site.
async fn reader(wanted: &Wanted<'_>, site: &SiteKey) -> Outcome<Reader> {
    let languages = people::languages(wanted)?;
    let who = Ask::Who {
        wanted: languages.clone(),
    };
    let site = ledger::ask_for(wanted.env, site, 0, &who).await?;
    Ok(Reader { languages, site })
}
