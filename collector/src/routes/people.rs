//! Pages for people: what their routes have in common. Whatever goes wrong there is told as a page, in the reader's language.

use futures_util::future::join;
use sayso_shared::{language::Language, token::Token};
use serde::de::DeserializeOwned;
use std::time::Duration;
use worker::{Delay, Response};

use super::Wanted;
use crate::{
    answer,
    failure::{Outcome, damaged},
    ledger::{self, Ask, AtLink},
    pages::{self, Door, Page, Reader, SiteView},
};

/// How long an answer takes that must not tell who is on record: longer than looking and writing take.
const SAME_FOR_ALL: Duration = Duration::from_millis(600);

/// Whether these are pages for people, by the first segment of the path.
pub(super) fn are_for_people(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    let pages = [
        "confirm",
        "preferences",
        "unsubscribe",
        "receipts",
        "link",
        "f",
    ];
    first.is_some_and(|first| pages.contains(&first))
}

/// An answer for people: a problem becomes a page of the same status.
pub(super) fn for_people(
    response: Response,
    path: &str,
    languages: Vec<Language>,
) -> Outcome<Response> {
    let headers = response.headers();
    let content_type = headers.get("content-type")?.unwrap_or_default();
    if !content_type.starts_with("application/problem+json") {
        return Ok(response);
    }
    let reader = Reader {
        languages,
        site: None,
    };
    let status = response.status_code();
    let door = match status {
        404 if path.starts_with("/f/") => Door::UnknownForm(reader),
        404 => Door::UnknownLink(reader),
        400..500 => Door::Unreadable(reader, status),
        _ => Door::Fault(reader, status),
    };
    let page = answer(pages::door(&door))?;
    for name in ["allow", "retry-after"] {
        if let Some(value) = headers.get(name)? {
            page.headers().set(name, &value)?;
        }
    }
    Ok(page)
}

/// The page as it is sent.
pub(super) fn answer(page: askama::Result<Page>) -> Outcome<Response> {
    let page = page.map_err(|_| damaged("a template"))?;
    Ok(answer::page(page.status, page.html)?)
}

/// What the ledger of a link answers; nothing where it cannot be a link of ours.
pub(super) async fn ask<T: DeserializeOwned>(
    wanted: &Wanted<'_>,
    token: &str,
    ask: AtLink,
) -> Outcome<Option<T>> {
    let Some(known) = Token::parse(token) else {
        return Ok(None);
    };
    let question = Ask::Link {
        token: token.to_owned(),
        ask,
    };
    let answered = ledger::ask_for(wanted.env, known.site(), known.shard(), &question);
    answered.await.map(Some)
}

/// The page, or that of a link which opens nothing.
pub(super) async fn page_or_unknown(
    wanted: &Wanted<'_>,
    token: &str,
    page: askama::Result<Option<Page>>,
) -> Outcome<Response> {
    if let Some(page) = page.map_err(|_| damaged("a template"))? {
        return answer(Ok(page));
    }
    let reader = reader_of(wanted, token).await?;
    answer(pages::door(&Door::UnknownLink(reader)))
}

/// Who follows a link: of which site it would be is read from the link itself.
pub(super) async fn reader_of(wanted: &Wanted<'_>, token: &str) -> Outcome<Reader> {
    let languages = languages(wanted)?;
    // Every site has a shard 0, and each shard knows whose it is.
    let site: Option<SiteView> = match Token::parse(token) {
        None => None,
        Some(token) => {
            let who = Ask::Who {
                wanted: languages.clone(),
            };
            ledger::ask_for(wanted.env, token.site(), 0, &who).await?
        }
    };
    Ok(Reader { languages, site })
}

/// What the reader would like to read: what the address names, then what the browser says.
pub(super) fn languages(wanted: &Wanted<'_>) -> Outcome<Vec<Language>> {
    let named = language(wanted)?;
    let accepted = wanted.header("accept-language")?.unwrap_or_default();
    Ok(named
        .into_iter()
        .chain(Language::accepted(&accepted))
        .collect())
}

/// The language that the address names.
pub(super) fn language(wanted: &Wanted<'_>) -> Outcome<Option<Language>> {
    let named = wanted.parameter("lang")?;
    Ok(named.and_then(|named| Language::parse(&named).ok()))
}

/// Does something that nobody may learn from how long it takes.
pub(super) async fn at_one_pace<T>(done: impl Future<Output = T>) -> T {
    join(done, Delay::from(SAME_FOR_ALL)).await.0
}
