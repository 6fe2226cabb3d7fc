//! The personal page, in each of its states, and the page that stands for the button of a mail program.

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, PageWords, RecordWords, fill},
    language::Language,
};

use super::{
    ChoiceView, Frame, Page, PersonalView, PreferencesView, SiteView,
    doors::{Message, link_of},
    is_active, told,
};

#[derive(Template)]
#[template(path = "preferences.html")]
struct Preferences<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    ours: &'a RecordWords,
    token: &'a str,
    notice: Option<&'a str>,
    lead: String,
    choices: Vec<Choice<'a>>,
    active: bool,
    languages: Vec<Offered<'a>>,
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Unsubscribe<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: String,
    done: bool,
    token: &'a str,
}

struct Choice<'a> {
    view: &'a ChoiceView,
    status: &'static str,
    active: bool,
    since: Option<String>,
    origin: Option<String>,
    parts: Vec<Choice<'a>>,
    /// Whether the parts hold only once the whole does
    parts_wait: bool,
}

/// A language of the site.
struct Offered<'a> {
    lang: &'a Language,
    name: &'a str,
    is_this: bool,
}

/// The personal page, in each of its states; nothing for a link that is none of ours.
pub(crate) fn preferences(view: &PreferencesView, token: &str) -> askama::Result<Option<Page>> {
    let page = match view {
        PreferencesView::Standing(person) => {
            let words = &Catalogue::of(&person.site.lang).page;
            standing(
                person,
                (words.preferences_title, words.preferences_lead),
                token,
            )
        }
        PreferencesView::Withdrawn(person) => {
            let words = &Catalogue::of(&person.site.lang).page;
            standing(person, (words.withdrawn_title, words.withdrawn_lead), token)
        }
        PreferencesView::Given(person) => {
            let words = &Catalogue::of(&person.site.lang).page;
            standing(person, (words.given_title, words.withdrawn_lead), token)
        }
        PreferencesView::Revoked(site) => revoked(site),
        PreferencesView::Unknown => return Ok(None),
    };
    page.map(Some)
}

/// The page that stands for the button of a mail program: asks, or says that it is done.
pub(crate) fn unsubscribe(
    view: &PreferencesView,
    token: &str,
    done: bool,
) -> askama::Result<Option<Page>> {
    let (PreferencesView::Standing(person)
    | PreferencesView::Withdrawn(person)
    | PreferencesView::Given(person)) = view
    else {
        return Ok(None);
    };
    let site = &person.site;
    let catalogue = Catalogue::of(&site.lang);
    let words = &catalogue.page;
    let controller = [("controller", site.controller.name.as_str())];
    let (title, lead) = if done {
        (words.withdrawn_title, words.unsubscribed_lead)
    } else {
        (words.unsubscribe_title, words.unsubscribe_lead)
    };
    let html = Unsubscribe {
        frame: Frame::of(catalogue, title, site),
        words,
        lead: fill(lead, &controller),
        done,
        token,
    };
    let html = html.render()?;
    Ok(Some(Page { status: 200, html }))
}

fn standing(
    person: &PersonalView,
    (title, lead): (&str, &str),
    token: &str,
) -> askama::Result<Page> {
    let site = &person.site;
    let catalogue = Catalogue::of(&site.lang);
    let is_whole = |choice: &&ChoiceView| {
        let whole = choice.part_of.as_ref();
        !whole.is_some_and(|whole| person.choices.iter().any(|choice| choice.key == *whole))
    };
    let wholes = person.choices.iter().filter(is_whole);
    let choices = wholes.map(|whole| {
        let parts = person.choices.iter();
        let parts = parts.filter(|choice| choice.part_of.as_ref() == Some(&whole.key));
        let mut choice = choice(catalogue, whole);
        choice.parts = parts.map(|part| self::choice(catalogue, part)).collect();
        choice.parts_wait = !choice.parts.is_empty() && !choice.view.can.stop;
        choice
    });
    let languages = site.languages.iter().map(|lang| Offered {
        lang,
        name: Catalogue::exactly(lang).map_or(lang.as_str(), |catalogue| catalogue.name),
        is_this: *lang == site.lang,
    });
    let html = Preferences {
        frame: Frame::of(catalogue, title, site),
        words: &catalogue.page,
        ours: &catalogue.record,
        token,
        notice: person.notice.as_deref(),
        lead: fill(lead, &[("controller", &site.controller.name)]),
        choices: choices.collect(),
        active: person.choices.iter().any(|choice| choice.can.stop),
        languages: languages.collect(),
    };
    Ok(Page {
        status: 200,
        html: html.render()?,
    })
}

fn choice<'a>(catalogue: &'static Catalogue, view: &'a ChoiceView) -> Choice<'a> {
    let rests_on = view.rests_on.as_ref();
    let since = rests_on.map(|rests_on| catalogue.date(rests_on.since));
    Choice {
        status: catalogue.state(view.status),
        active: is_active(view.status) && view.can.stop,
        since: since.map(|day| fill(catalogue.page.since, &[("date", &day)])),
        origin: rests_on.map(|rests_on| told(catalogue, &rests_on.origin)),
        parts: Vec::new(),
        parts_wait: false,
        view,
    }
}

fn revoked(site: &SiteView) -> askama::Result<Page> {
    let catalogue = Catalogue::of(&site.lang);
    let words = &catalogue.page;
    let html = Message {
        frame: Frame::of(catalogue, words.revoked_title, site),
        words,
        lead: words.revoked_lead,
        link: Some(link_of(site)),
    };
    Ok(Page {
        status: 200,
        html: html.render()?,
    })
}
