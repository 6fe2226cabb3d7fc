//! Hosted pages: what a person sees who follows a link of a mail. Plain HTML, no scripts.

mod confirming;
mod doors;
mod hosted;
mod personal;
mod record;
mod views;

pub(crate) use confirming::confirm;
pub(crate) use doors::{Door, Reader, door};
pub(crate) use hosted::{HostedForm, Shown, Trouble, Typed, hosted, sent};
pub(crate) use personal::{preferences, unsubscribe};
pub(crate) use record::{Record, RecordView, record};
pub(crate) use views::{
    Can, ChoiceView, ConfirmView, Gone, GoneView, Origin, PersonView, PersonalView,
    PreferencesView, PurposeView, RestsOn, SiteView, WaitingView,
};

use std::collections::BTreeSet;

use sayso_shared::{catalogue::Catalogue, consent::Status, published::Controller};

use crate::look::Look;

/// A page and its status code.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) html: String,
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
    fn of(catalogue: &'a Catalogue, title: &'a str, site: &'a SiteView) -> Self {
        Self {
            controller: Some(&site.controller),
            look: site.look.clone(),
            ..Self::of_nobody(catalogue, title)
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

    /// Of a page that may belong to a site.
    fn of_any(catalogue: &'a Catalogue, title: &'a str, site: Option<&'a SiteView>) -> Self {
        match site {
            Some(site) => Self::of(catalogue, title, site),
            None => Self::of_nobody(catalogue, title),
        }
    }
}

/// Whether it is a yes, confirmed or not.
fn is_active(status: Status) -> bool {
    matches!(status, Status::Given | Status::Requested)
}

/// How a consent came to us and on which ground.
fn told(catalogue: &Catalogue, origin: &Origin) -> String {
    let source = catalogue.source(origin.source, origin.imported.as_ref());
    let label = catalogue.widget.legal_basis;
    let ground = catalogue.legal_basis(origin.legal_basis);
    format!("{source} · {label}: {ground}")
}

/// What a posted form says by `name`.
pub(crate) fn posted(body: &[u8], name: &str) -> BTreeSet<String> {
    let fields = url::form_urlencoded::parse(body);
    fields
        .filter(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}
