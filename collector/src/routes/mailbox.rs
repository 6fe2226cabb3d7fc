//! `GET /dev/mailbox`: the mails as they would have left, for developers only.

use askama::Template;
use serde::Serialize;
use worker::Response;

use super::Wanted;
use crate::{
    answer,
    failure::{Outcome, damaged},
    mailbox::{self, Landed},
};

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Page<'a> {
    mails: &'a [Landed],
}

#[derive(Serialize)]
struct Mails {
    mails: Vec<Landed>,
}

/// The mailbox as a page.
pub(super) async fn page(wanted: Wanted<'_>) -> Outcome<Response> {
    // The mails' own styles stand in them, as mail programs want it; nothing else may run here either.
    const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let mails = found(&wanted).await?;
    let html = Page { mails: &mails }
        .render()
        .map_err(|_| damaged("a template"))?;
    let response = answer::page(200, html)?;
    response.headers().set("content-security-policy", POLICY)?;
    Ok(response)
}

/// The mailbox as JSON, newest first; `to` asks for one address.
pub(super) async fn json(wanted: Wanted<'_>) -> Outcome<Response> {
    Ok(answer::json(
        200,
        &Mails {
            mails: found(&wanted).await?,
        },
    )?)
}

async fn found(wanted: &Wanted<'_>) -> Outcome<Vec<Landed>> {
    let to = wanted.parameter("to")?;
    let mut mails = mailbox::mails(wanted.env).await?;
    mails.retain(|mail| {
        to.as_ref()
            .is_none_or(|to| mail.letter.to.eq_ignore_ascii_case(to))
    });
    Ok(mails)
}
