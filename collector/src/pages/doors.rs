//! Doors: pages for whoever has no link that opens something, each with what to do next. They tell nothing of who is on record.

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, PageWords, WidgetWords, fill},
    language::Language,
};

use super::{Frame, Page, SiteView};

/// What such a page says.
pub(crate) enum Door {
    /// Not a link of ours, of this site as far as it can be known
    UnknownLink(Reader),
    /// Where a new link to the own page is asked for; with what was typed, if that was no address
    AskLink {
        reader: Reader,
        wrong: Option<String>,
    },
    /// Whatever was asked for is on its way, if there is anything
    OnItsWay(Reader),
    /// There is no such form
    UnknownForm(Reader),
    /// It did not work, and is none of the reader's doing: the status
    Fault(Reader, u16),
    /// What was sent could not be read: the status
    Unreadable(Reader, u16),
}

/// Who reads it, as far as that is known.
#[derive(Default)]
pub(crate) struct Reader {
    /// In the order in which they are preferred
    pub(crate) languages: Vec<Language>,
    pub(crate) site: Option<SiteView>,
}

impl Reader {
    fn catalogue(&self) -> &'static Catalogue {
        if let Some(site) = &self.site {
            return Catalogue::of(&site.lang);
        }
        let mut languages = self.languages.iter();
        languages
            .find_map(Catalogue::exactly)
            .unwrap_or(Catalogue::english())
    }
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) words: &'a PageWords,
    pub(super) lead: &'a str,
    /// Where a link is asked for
    pub(super) link: Option<String>,
}

/// Where a new link to the own page is asked for.
pub(super) fn link_of(site: &SiteView) -> String {
    format!("/link/{}?lang={}", site.key, site.lang)
}

#[derive(Template)]
#[template(path = "link.html")]
struct AskLink<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    widget: &'a WidgetWords,
    lead: String,
    wrong: Option<&'a str>,
}

/// A page for whoever has no link that opens something.
pub(crate) fn door(door: &Door) -> askama::Result<Page> {
    let (reader, status) = match door {
        Door::UnknownLink(reader) | Door::UnknownForm(reader) => (reader, 404),
        Door::AskLink { reader, wrong } => (reader, if wrong.is_some() { 422 } else { 200 }),
        Door::OnItsWay(reader) => (reader, 200),
        Door::Fault(reader, status) | Door::Unreadable(reader, status) => (reader, *status),
    };
    let catalogue = reader.catalogue();
    let words = &catalogue.page;
    let controller = reader.site.as_ref().map(|site| &site.controller);
    if let Door::AskLink { wrong, .. } = door {
        let name = controller.map_or("", |controller| controller.name.as_str());
        let html = AskLink {
            frame: Frame::of_any(catalogue, words.link_title, reader.site.as_ref()),
            words,
            widget: &catalogue.widget,
            lead: fill(words.link_lead, &[("controller", name)]),
            wrong: wrong.as_deref(),
        };
        let html = html.render()?;
        return Ok(Page { status, html });
    }
    let (title, lead) = match door {
        Door::UnknownLink(_) => (words.unknown_link_title, words.unknown_link_lead),
        Door::UnknownForm(_) => (words.unknown_form_title, words.unknown_form_lead),
        Door::OnItsWay(_) => (words.again_title, words.again_sent),
        Door::Fault(..) | Door::AskLink { .. } => (words.fault_title, words.fault_lead),
        Door::Unreadable(..) => (words.fault_title, words.unreadable_lead),
    };
    let site = reader.site.as_ref();
    let site = site.filter(|_| matches!(door, Door::UnknownLink(_)));
    let html = Message {
        frame: Frame::of_any(catalogue, title, reader.site.as_ref()),
        words,
        lead,
        link: site.map(link_of),
    };
    let html = html.render()?;
    Ok(Page { status, html })
}
