//! The confirm page, in each of its states.

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, PageWords, fill},
    consent::Status,
};

use super::{
    ConfirmView, Frame, Gone, GoneView, Page, PersonView, PurposeView, WaitingView, is_active, told,
};

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: String,
    until: String,
    waiting: Vec<&'a PurposeView>,
}

#[derive(Template)]
#[template(path = "standing.html")]
struct StandingPage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: String,
    rows: Vec<Row<'a>>,
}

#[derive(Template)]
#[template(path = "gone.html")]
struct GonePage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: &'a str,
    /// Where to ask again: by a button, or on the form itself
    again: bool,
    form: Option<String>,
    token: &'a str,
}

struct Row<'a> {
    purpose: &'a PurposeView,
    status: &'static str,
    since: String,
    origin: Option<String>,
    active: bool,
}

/// The confirm page, in each of its states; nothing for a link that is none of ours.
///
/// # Errors
/// Only if a template is broken, which building notices; the same goes for the other pages.
pub(crate) fn confirm(view: &ConfirmView, token: &str) -> askama::Result<Option<Page>> {
    let page = match view {
        ConfirmView::Waiting(view) => waiting(view),
        ConfirmView::Confirmed(person) => {
            let words = &Catalogue::of(&person.site.lang).page;
            if is_any_given(person) {
                standing(person, words.confirmed_title, words.confirmed_lead)
            } else {
                let (title, lead) = (words.confirmed_nothing_title, words.confirmed_nothing_lead);
                standing(person, title, lead)
            }
        }
        ConfirmView::Already(person) => {
            let words = &Catalogue::of(&person.site.lang).page;
            let title = if is_any_given(person) {
                words.already_confirmed_title
            } else {
                words.already_title
            };
            standing(person, title, words.already_lead)
        }
        ConfirmView::Gone(view) => gone(view, token),
        ConfirmView::Unknown => return Ok(None),
    };
    page.map(Some)
}

fn is_any_given(person: &PersonView) -> bool {
    let mut purposes = person.purposes.iter();
    purposes.any(|purpose| purpose.status == Status::Given)
}

fn waiting(view: &WaitingView) -> askama::Result<Page> {
    let site = &view.person.site;
    let catalogue = Catalogue::of(&site.lang);
    let words = &catalogue.page;
    let purposes = view.person.purposes.iter();
    let waiting = purposes.filter(|purpose| purpose.status == Status::Requested);
    let controller = [("controller", site.controller.name.as_str())];
    let until = catalogue.date_time(view.until);
    let html = Confirm {
        frame: Frame::of(catalogue, words.confirm_title, site),
        words,
        lead: fill(words.confirm_lead, &controller),
        until: fill(words.confirm_until, &[("date", &until)]),
        waiting: waiting.collect(),
    };
    Ok(Page {
        status: 200,
        html: html.render()?,
    })
}

/// How everything stands that was asked.
fn standing(person: &PersonView, title: &str, lead: &str) -> askama::Result<Page> {
    let site = &person.site;
    let catalogue = Catalogue::of(&site.lang);
    let purposes = person.purposes.iter();
    let html = StandingPage {
        frame: Frame::of(catalogue, title, site),
        words: &catalogue.page,
        lead: fill(lead, &[("controller", &site.controller.name)]),
        rows: purposes.map(|purpose| row(catalogue, purpose)).collect(),
    };
    Ok(Page {
        status: 200,
        html: html.render()?,
    })
}

fn row<'a>(catalogue: &'static Catalogue, purpose: &'a PurposeView) -> Row<'a> {
    Row {
        status: catalogue.state(purpose.status),
        since: fill(
            catalogue.page.since,
            &[("date", &catalogue.date(purpose.since))],
        ),
        origin: purpose
            .origin
            .as_ref()
            .map(|origin| told(catalogue, origin)),
        active: is_active(purpose.status),
        purpose,
    }
}

/// The page of a link with nothing to confirm any more: why, and what to do.
fn gone(view: &GoneView, token: &str) -> askama::Result<Page> {
    let site = &view.site;
    let catalogue = Catalogue::of(&site.lang);
    let words = &catalogue.page;
    let form = view.form.as_ref();
    let html = GonePage {
        frame: Frame::of(catalogue, words.gone_title, site),
        words,
        lead: match view.why {
            Gone::Expired => words.expired_lead,
            Gone::Stopped => words.stopped_lead,
            Gone::Replaced => words.replaced_lead,
        },
        again: view.why == Gone::Replaced,
        form: form.map(|form| format!("/f/{}/{form}?lang={}", site.key, site.lang)),
        token,
    };
    Ok(Page {
        status: 410,
        html: html.render()?,
    })
}
