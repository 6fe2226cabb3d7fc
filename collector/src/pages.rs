//! Hosted pages: what a person sees who follows a link of a mail. Plain HTML, no scripts.

mod record;

pub(crate) use record::{Record, RecordView, record};

use std::collections::BTreeSet;

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, PageWords, RecordWords, fill},
    consent::Status,
    key::PurposeKey,
    language::Language,
    manner::Imported,
    published::Controller,
    purpose::{LegalBasis, Source},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::look::Look;

/// What a page shows of a person's consents. A ledger hands it to the Worker, which renders.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PersonView {
    pub(crate) lang: Language,
    pub(crate) controller: Controller,
    #[serde(default)]
    pub(crate) look: Look,
    pub(crate) purposes: Vec<PurposeView>,
}

/// One consent on a page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PurposeView {
    pub(crate) key: PurposeKey,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) status: Status,
    pub(crate) since: Timestamp,
    /// How it came to us and on which ground, where somebody else recorded it
    #[serde(default)]
    pub(crate) origin: Option<Origin>,
}

/// How a consent came to us that somebody else recorded.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    pub(crate) imported: Option<Imported>,
    pub(crate) legal_basis: LegalBasis,
}

/// What the confirm page has to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConfirmView {
    /// Something waits for the button
    Waiting(PersonView),
    /// The button was pressed now
    Confirmed(PersonView),
    /// The button was pressed before
    Already(PersonView),
    /// Too late, stopped, or replaced by a newer mail
    Gone(PersonView),
    /// Not a link of ours
    Unknown,
}

/// What the personal page has to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PreferencesView {
    /// How it stands
    Standing(PersonView),
    /// Something was stopped now
    Withdrawn(PersonView),
    /// Not a link of ours
    Unknown,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: String,
    waiting: Vec<&'a PurposeView>,
}

#[derive(Template)]
#[template(path = "standing.html")]
struct StandingPage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    ours: &'a RecordWords,
    token: Option<&'a str>,
    lead: String,
    rows: Vec<Row<'a>>,
    editable: bool,
    active: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: String,
}

/// What stands around every page.
struct Frame<'a> {
    lang: &'a str,
    dir: &'a str,
    title: &'a str,
    controller: Option<&'a Controller>,
    look: Look,
}

impl<'a> Frame<'a> {
    /// Of a page of a site.
    fn of(
        catalogue: &'a Catalogue,
        title: &'a str,
        controller: &'a Controller,
        look: &Look,
    ) -> Self {
        Self {
            lang: catalogue.lang,
            dir: catalogue.direction.as_str(),
            title,
            controller: Some(controller),
            look: look.clone(),
        }
    }

    /// Of a page that belongs to no site that we know.
    fn of_nobody(catalogue: &'a Catalogue, title: &'a str) -> Self {
        Self {
            lang: catalogue.lang,
            dir: catalogue.direction.as_str(),
            title,
            controller: None,
            look: Look::default(),
        }
    }
}

struct Row<'a> {
    purpose: &'a PurposeView,
    status: &'static str,
    since: String,
    origin: Option<String>,
    active: bool,
}

/// A page and its status code.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) html: String,
}

/// The confirm page, in each of its states.
///
/// # Errors
/// Only if a template is broken, which building notices; the same goes for the other pages.
pub(crate) fn confirm(view: &ConfirmView) -> askama::Result<Page> {
    match view {
        ConfirmView::Waiting(person) => {
            let catalogue = Catalogue::of(&person.lang);
            let words = &catalogue.page;
            let waiting = person
                .purposes
                .iter()
                .filter(|purpose| purpose.status == Status::Requested)
                .collect();
            let frame = frame_of(person, catalogue, words.confirm_title);
            let lead = fill(
                words.confirm_lead,
                &[("controller", &person.controller.name)],
            );
            Ok(Page {
                status: 200,
                html: Confirm {
                    frame,
                    words,
                    lead,
                    waiting,
                }
                .render()?,
            })
        }
        ConfirmView::Confirmed(person) => {
            let words = &Catalogue::of(&person.lang).page;
            let any = person
                .purposes
                .iter()
                .any(|purpose| purpose.status == Status::Given);
            if any {
                standing(person, words.confirmed_title, words.confirmed_lead, None)
            } else {
                standing(
                    person,
                    words.confirmed_nothing_title,
                    words.confirmed_nothing_lead,
                    None,
                )
            }
        }
        ConfirmView::Already(person) => {
            let words = &Catalogue::of(&person.lang).page;
            standing(person, words.already_title, words.already_lead, None)
        }
        ConfirmView::Gone(person) => {
            let catalogue = Catalogue::of(&person.lang);
            let words = &catalogue.page;
            let frame = frame_of(person, catalogue, words.gone_title);
            let html = Message {
                frame,
                words,
                lead: words.expired_lead.to_owned(),
            }
            .render()?;
            Ok(Page { status: 410, html })
        }
        ConfirmView::Unknown => unknown_link(),
    }
}

/// The personal page, in each of its states.
pub(crate) fn preferences(view: &PreferencesView, token: &str) -> askama::Result<Page> {
    match view {
        PreferencesView::Standing(person) => {
            let words = &Catalogue::of(&person.lang).page;
            standing(
                person,
                words.preferences_title,
                words.preferences_lead,
                Some(token),
            )
        }
        PreferencesView::Withdrawn(person) => {
            let words = &Catalogue::of(&person.lang).page;
            standing(
                person,
                words.withdrawn_title,
                words.withdrawn_lead,
                Some(token),
            )
        }
        PreferencesView::Unknown => unknown_link(),
    }
}

fn frame_of<'a>(person: &'a PersonView, catalogue: &'a Catalogue, title: &'a str) -> Frame<'a> {
    Frame::of(catalogue, title, &person.controller, &person.look)
}

/// How everything stands; with the token of the personal page, with its buttons and links.
fn standing(
    person: &PersonView,
    title: &str,
    lead: &str,
    token: Option<&str>,
) -> askama::Result<Page> {
    let catalogue = Catalogue::of(&person.lang);
    let words = &catalogue.page;
    let rows: Vec<Row<'_>> = person
        .purposes
        .iter()
        .map(|purpose| row(catalogue, purpose))
        .collect();
    let active = rows.iter().any(|row| row.active);
    let editable = token.is_some() && active;
    let frame = frame_of(person, catalogue, title);
    let lead = fill(lead, &[("controller", &person.controller.name)]);
    Ok(Page {
        status: 200,
        html: StandingPage {
            frame,
            words,
            ours: &catalogue.record,
            token,
            lead,
            rows,
            editable,
            active,
        }
        .render()?,
    })
}

/// Whether it is a yes, confirmed or not.
fn is_active(status: Status) -> bool {
    matches!(status, Status::Given | Status::Requested)
}

fn row<'a>(catalogue: &'static Catalogue, purpose: &'a PurposeView) -> Row<'a> {
    let status = catalogue.state(purpose.status);
    // The day by the clock of UTC; to the millisecond it is in the machine-readable form.
    let since = catalogue.date(purpose.since);
    let since = fill(catalogue.page.since, &[("date", &since)]);
    let active = is_active(purpose.status);
    let origin = purpose.origin.as_ref().map(|origin| {
        let source = catalogue.source(origin.source, origin.imported.as_ref());
        let label = catalogue.widget.legal_basis;
        let ground = catalogue.legal_basis(origin.legal_basis);
        format!("{source} · {label}: {ground}")
    });
    Row {
        purpose,
        status,
        since,
        origin,
        active,
    }
}

/// The page for a link that we do not know. We do not know the reader's language either.
fn unknown_link() -> askama::Result<Page> {
    let catalogue = Catalogue::english();
    let words = &catalogue.page;
    let frame = Frame::of_nobody(catalogue, words.unknown_link_title);
    let html = Message {
        frame,
        words,
        lead: words.unknown_link_lead.to_owned(),
    }
    .render()?;
    Ok(Page { status: 404, html })
}

/// Which purposes a posted form names by `name`.
pub(crate) fn posted(body: &[u8], name: &str) -> BTreeSet<String> {
    let fields = url::form_urlencoded::parse(body);
    fields
        .filter(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}
