//! The hosted form: the same words as the widget shows, as a page of its own. Nothing is ticked on it but what the person ticked.

use std::collections::BTreeSet;

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, HostedWords, PageWords},
    language::Language,
    published::{Labels, PublishedForm, PublishedPurpose},
};
use serde::{Deserialize, Serialize};

use super::{Frame, SiteView};

/// A form as its site hands it to the Worker, which renders.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HostedForm {
    pub(crate) site: SiteView,
    pub(crate) form: PublishedForm,
    /// Origins whose pages may show it in a frame
    pub(crate) framers: Vec<String>,
}

/// What a person has filled in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) email: String,
    pub(crate) ticked: BTreeSet<String>,
}

/// Why the page is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The address is missing, or is none
    Email,
    /// It was open for too long, or its words have changed
    Stale,
    /// It was not sent from our page
    Foreign,
    /// It could not be stored
    NotStored,
}

/// Everything that the page shows.
pub(crate) struct Shown<'a> {
    pub(crate) hosted: &'a HostedForm,
    /// The signed token
    pub(crate) token: &'a str,
    pub(crate) typed: &'a Typed,
    /// The sealed address of the link that led here: it goes along to the other languages
    pub(crate) prefill: Option<&'a str>,
    /// Whether the browser sends Global Privacy Control
    pub(crate) gpc: bool,
    pub(crate) trouble: Option<Trouble>,
}

#[derive(Template)]
#[template(path = "hosted.html")]
struct FormPage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    hosted: &'a HostedWords,
    labels: &'a Labels,
    form: &'a PublishedForm,
    languages: Vec<LanguageLink<'a>>,
    prefill: String,
    said: Option<&'a str>,
    email_wrong: bool,
    token: &'a str,
    boxes: Vec<Choice<'a>>,
    email: &'a str,
    gpc: bool,
}

#[derive(Template)]
#[template(path = "sent.html")]
struct SentPage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    lead: &'a str,
    lang: &'a Language,
    change: &'a str,
}

struct LanguageLink<'a> {
    tag: &'a str,
    name: &'a str,
    current: bool,
}

struct Choice<'a> {
    purpose: &'a PublishedPurpose,
    ticked: bool,
    /// Each with the label before it
    facts: Vec<(&'a str, &'a str)>,
}

/// The form.
pub(crate) fn hosted(shown: &Shown<'_>) -> askama::Result<String> {
    let HostedForm { site, form, .. } = shown.hosted;
    let catalogue = Catalogue::of(&form.lang);
    let labels = &form.labels;
    let said = shown.trouble.map(|trouble| match trouble {
        Trouble::Email => labels.email_hint.as_str(),
        Trouble::Stale => catalogue.hosted.stale,
        Trouble::Foreign => catalogue.hosted.foreign,
        Trouble::NotStored => labels.error.as_str(),
    });
    let boxes = (0..).zip(&form.purposes).map(|(at, purpose)| Choice {
        purpose,
        ticked: shown.typed.ticked.contains(purpose.key.as_str()),
        facts: facts(labels, at),
    });
    FormPage {
        frame: Frame::of(catalogue, &labels.legend, site),
        words: &catalogue.page,
        hosted: &catalogue.hosted,
        labels,
        form,
        languages: languages(form),
        prefill: shown
            .prefill
            .map(|sealed| format!("&email={sealed}"))
            .unwrap_or_default(),
        said,
        email_wrong: shown.trouble == Some(Trouble::Email),
        token: shown.token,
        boxes: boxes.collect(),
        email: &shown.typed.email,
        gpc: shown.gpc,
    }
    .render()
}

/// What stands behind one box, in the order of the widget.
fn facts(labels: &Labels, at: usize) -> Vec<(&str, &str)> {
    let facts = [
        (&labels.legal_basis, labels.legal_bases.get(at)),
        (&labels.validity, labels.validities.get(at)),
        (&labels.retention, labels.retentions.get(at)),
        (&labels.data, labels.data_categories.get(at)),
    ];
    facts
        .into_iter()
        .filter_map(|(label, text)| Some((label.as_str(), text?.as_str())))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn languages(form: &PublishedForm) -> Vec<LanguageLink<'_>> {
    let languages = form.languages.iter();
    languages
        .map(|language| LanguageLink {
            tag: language.as_str(),
            name: Catalogue::exactly(language).map_or(language.as_str(), |known| known.name),
            current: *language == form.lang,
        })
        .collect()
}

/// What is said once the choice is stored.
pub(crate) fn sent(hosted: &HostedForm, pending: bool) -> askama::Result<String> {
    let HostedForm { site, form, .. } = hosted;
    let catalogue = Catalogue::of(&form.lang);
    let labels = &form.labels;
    SentPage {
        frame: Frame::of(catalogue, catalogue.hosted.sent_title, site),
        words: &catalogue.page,
        lead: after_thanks(
            catalogue.hosted.sent_title,
            if pending {
                &labels.stored_pending
            } else {
                &labels.stored_recorded
            },
        ),
        lang: &form.lang,
        change: &labels.change,
    }
    .render()
}

/// What the label says once the title has thanked: it begins with the same words, since in the widget it has no title.
fn after_thanks<'a>(title: &str, label: &'a str) -> &'a str {
    let rest = label.strip_prefix(title.trim_end_matches('!'));
    let rest = rest.and_then(|rest| rest.strip_prefix(['.', '!']));
    rest.map_or(label, str::trim_start)
}

#[cfg(test)]
mod tests {
    use sayso_shared::{
        definition::SiteDefinition,
        key::SiteKey,
        notice::{Notice, NoticeText},
        purpose::LegalBasis,
        time::Timestamp,
    };
    use serde_json::json;

    use super::*;
    use crate::look::Look;

    /// The page of a form with what is asked, what is said, and what is a condition.
    fn page(lang: &str) -> String {
        let words = |key: &str| json!({lang: format!("Words of {key}")});
        let purpose = |key: &str, ground: &str| json!({"key": key, "title": words(key), "text": words(key), "legal_basis": ground, "channels": ["email"], "double_opt_in": true});
        let definition = SiteDefinition::parse(&json!({
            "name": "Demo", "controller": {"name": "Demo", "privacy_url": "https://example.com/p", "contact": "a@example.com"},
            "default_language": lang, "languages": [lang], "origins": [],
            "mail": {"from": "a@example.com", "from_name": "Demo"},
            "purposes": [purpose("NEWS", "consent"), purpose("ORDER", "contract"), purpose("TERMS", "consent")],
            "forms": [{"key": "form", "source": "hosted_form", "purposes": ["NEWS", "ORDER", "TERMS"], "conditions": ["TERMS"], "intro": words("intro")}]
        }))
        .expect("a definition");
        let site = SiteKey::parse("demo").expect("a name");
        let (form, lang) = (&definition.forms[0], &definition.default_language);
        let text = NoticeText::of(&site, &definition, form, lang).expect("its words");
        let notice = Notice {
            version: 1,
            hash: text.hash(),
            published_at: Timestamp::from_unix_millis(0),
            text,
        };
        let form = notice.published(&definition, form.source);
        let hosted_form = HostedForm {
            site: SiteView {
                key: site,
                lang: lang.clone(),
                languages: vec![lang.clone()],
                controller: definition.controller.clone(),
                look: Look::default(),
            },
            form,
            framers: Vec::new(),
        };
        let shown = Shown {
            hosted: &hosted_form,
            token: "token",
            typed: &Typed::default(),
            prefill: None,
            gpc: false,
            trouble: None,
        };
        hosted(&shown).expect("a page")
    }

    #[test]
    fn what_rests_on_another_ground_is_said_in_its_place_without_a_box() {
        for catalogue in Catalogue::ALL {
            let page = page(catalogue.lang);
            let place = |text: &str| page.find(text).expect(text);
            assert!(place("title-NEWS") < place("title-ORDER"));
            assert!(place("title-ORDER") < place("title-TERMS"));
            assert_eq!(page.matches("type=\"checkbox\"").count(), 2);
            assert!(!page.contains("box-ORDER") && !page.contains("value=\"ORDER\""));
            let lead = format!("<p class=\"small\">{}</p>", catalogue.widget.said);
            assert_eq!(page.matches(&lead).count(), 1, "{}", catalogue.lang);
            let ground = catalogue.legal_basis(LegalBasis::Contract);
            assert_eq!(page.matches(ground).count(), 1, "{}", catalogue.lang);
            let by_mail = page.matches(catalogue.widget.confirm_by_mail).count();
            assert_eq!(by_mail, 2, "nothing is confirmed that was not asked");
            let holds = format!("<dt>{}</dt>", catalogue.widget.validity);
            assert_eq!(page.matches(&holds).count(), 2, "only a yes has an end");
        }
    }

    #[test]
    fn a_condition_says_that_it_is_needed_and_keeps_nobody_from_sending() {
        let page = page("en");
        assert_eq!(
            page.matches("(Needed for this service)</span></label>")
                .count(),
            1
        );
        let box_of = |key: &str| {
            let from = page.find(&format!("id=\"box-{key}\"")).expect("a box");
            page[from..].split_once('>').expect("its end").0.to_owned()
        };
        assert!(box_of("TERMS").contains(" required"));
        assert!(!box_of("NEWS").contains(" required"));
        assert!(page.contains("novalidate"));
    }

    #[test]
    fn nobody_is_thanked_twice() {
        for catalogue in Catalogue::ALL {
            let title = catalogue.hosted.sent_title;
            let widget = &catalogue.widget;
            for label in [widget.stored_pending, widget.stored_recorded] {
                let rest = after_thanks(title, label);
                assert!(rest.len() < label.len(), "{}: {label}", catalogue.lang);
                assert!(rest.len() > 10, "{}: {label}", catalogue.lang);
            }
        }
        let other = "Your choice has been stored.";
        assert_eq!(after_thanks("Thank you", other), other);
    }
}
