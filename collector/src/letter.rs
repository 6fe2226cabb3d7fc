//! Letters: the mails that people get. Plain words, no images, no tracking, no advertising.

pub(crate) mod alert;

use std::collections::BTreeMap;

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, MailWords, fill},
    consent::Status,
    definition::SiteDefinition,
    language::Language,
    manner::Recorded,
    published::{Controller, PublishedPurpose},
    receipt::SubmissionFacts,
    submitted::Person,
    theme::Palette,
    token::Token,
};
use serde::{Deserialize, Serialize};

/// A mail, ready to leave. It is stored sealed: it holds an address and tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) from_name: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) links: Vec<String>,
}

/// What a submission's mail has to say.
pub(crate) struct Contents<'a> {
    pub(crate) definition: &'a SiteDefinition,
    pub(crate) lang: &'a Language,
    pub(crate) person: &'a Person,
    /// To be confirmed
    pub(crate) waiting: Vec<&'a PublishedPurpose>,
    /// Recorded at once
    pub(crate) recorded: Vec<&'a PublishedPurpose>,
    /// Given and confirmed before
    pub(crate) already: Vec<&'a PublishedPurpose>,
    /// Where somebody else recorded it
    pub(crate) told: Option<Told<'a>>,
    pub(crate) confirm: Option<&'a Token>,
    pub(crate) preferences: &'a Token,
    /// For how many hours the confirm link still works
    pub(crate) hours: u32,
    /// Whether it is nothing but the link to the person's own page, which was asked for
    pub(crate) is_link: bool,
    pub(crate) public_url: &'a str,
}

/// What somebody else recorded.
pub(crate) struct Told<'a> {
    pub(crate) facts: &'a SubmissionFacts,
    pub(crate) recorded: &'a Recorded,
    /// As the recording named the person: what it brought is what is told
    pub(crate) named: &'a Person,
    /// What came of it without the person's confirmation
    pub(crate) settled: Vec<(&'a PublishedPurpose, Status)>,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Text<'a>(&'a Words<'a>);

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a>(&'a Words<'a>);

struct Words<'a> {
    lang: &'static str,
    dir: &'static str,
    /// By day and by night, where the reader's program knows the difference
    colours: Palette,
    ours: &'static MailWords,
    subject: String,
    confirm_lead: String,
    confirm_until: String,
    why: String,
    change_lead: String,
    controller: &'a Controller,
    waiting: &'a [&'a PublishedPurpose],
    recorded: &'a [&'a PublishedPurpose],
    already: &'a [&'a PublishedPurpose],
    told: Option<ToldWords<'a>>,
    confirm_link: Option<String>,
    change_link: String,
}

/// What somebody else recorded, in words.
struct ToldWords<'a> {
    lead: String,
    rows: Vec<ToldRow<'a>>,
    ground_label: &'static str,
    origin: String,
    kept: Vec<(&'static str, &'a str)>,
}

struct ToldRow<'a> {
    title: &'a str,
    state: &'static str,
    ground: &'static str,
}

impl Letter {
    /// The mail without what opens its links.
    pub(crate) fn without_secrets(mut self) -> Self {
        for link in std::mem::take(&mut self.links) {
            let parts = link.rsplit_once('~');
            let secret = parts.map(|(_, secret)| secret);
            let blank = parts.map_or("…".to_owned(), |(rest, _)| format!("{rest}~…"));
            self.text = self.text.replace(&link, &blank);
            self.html = self.html.replace(&link, &blank);
            if let Some(secret) = secret {
                for value in self.headers.values_mut() {
                    *value = value.replace(secret, "…");
                }
            }
            self.links.push(blank);
        }
        self
    }

    /// The HTML with links that open a page of their own: a frame within a page may not leave it.
    pub(crate) fn html_in_new_tabs(&self) -> String {
        self.html
            .replacen("<head>", "<head><base target=\"_blank\">", 1)
    }

    /// Writes the mail about a submission.
    ///
    /// # Errors
    /// Only if a template is broken, which building notices.
    pub(crate) fn write(contents: &Contents<'_>) -> askama::Result<Self> {
        let catalogue = Catalogue::of(contents.lang);
        let (words, definition) = (&catalogue.mail, contents.definition);
        let own = |text: &str| fill(text, &[("controller", &definition.controller.name)]);
        let link = |route: &str, token: &Token| {
            format!("{}/{route}/{}", contents.public_url, token.exposed())
        };
        let told = contents
            .told
            .as_ref()
            .map(|told| told.words(catalogue, contents));
        let subject = if contents.is_link {
            words.link_subject
        } else if contents.confirm.is_some() {
            words.confirm_subject
        } else if told.is_some() {
            words.told_subject
        } else if contents.recorded.is_empty() {
            words.already_subject
        } else {
            words.recorded_subject
        };
        let own_subjects = &definition.mail.confirm_subject;
        let own_subject = contents
            .confirm
            .and_then(|_| own_subjects.get(contents.lang));
        let written = Words {
            lang: catalogue.lang,
            dir: catalogue.direction.as_str(),
            colours: Palette::of(&definition.theme),
            ours: words,
            subject: own_subject.cloned().unwrap_or_else(|| own(subject)),
            confirm_lead: match &contents.told {
                None => own(words.confirm_lead),
                Some(told) => told.fill(catalogue, contents, words.told_confirm_lead),
            },
            confirm_until: catalogue.link_works(contents.hours),
            why: own(match told {
                _ if contents.is_link => words.link_why,
                None => words.why,
                Some(_) => words.told_why,
            }),
            change_lead: own(if contents.is_link {
                words.link_lead
            } else {
                words.change_lead
            }),
            controller: &definition.controller,
            waiting: &contents.waiting,
            recorded: &contents.recorded,
            already: &contents.already,
            told,
            confirm_link: contents.confirm.map(|token| link("confirm", token)),
            change_link: link("preferences", contents.preferences),
        };
        let (text, html) = (Text(&written).render()?, Html(&written).render()?);
        let mut headers =
            BTreeMap::from([("Auto-Submitted".to_owned(), "auto-generated".to_owned())]);
        // Of what is only asked there is nothing to stop yet, and who asked for a link is not writing to stop it.
        if contents.confirm.is_none() && !contents.is_link {
            let address = format!("<{}>", link("unsubscribe", contents.preferences));
            headers.insert("List-Unsubscribe".to_owned(), address);
            let post = "List-Unsubscribe=One-Click".to_owned();
            headers.insert("List-Unsubscribe-Post".to_owned(), post);
        }
        let links = written
            .confirm_link
            .into_iter()
            .chain([written.change_link])
            .collect();
        Ok(Self {
            from: definition.mail.from.clone(),
            from_name: definition.mail.from_name.clone(),
            to: contents.person.email.exposed().to_owned(),
            subject: written.subject,
            text,
            html,
            headers,
            links,
        })
    }
}

impl<'a> Told<'a> {
    fn words(&self, catalogue: &'static Catalogue, contents: &Contents<'a>) -> ToldWords<'a> {
        let words = &catalogue.mail;
        let person = self.named;
        let rows = self.settled.iter().map(|(purpose, status)| ToldRow {
            title: &purpose.title,
            state: catalogue.state(*status),
            ground: catalogue.legal_basis(self.facts.legal_basis(purpose)),
        });
        let kept = [
            (words.told_email, Some(person.email.exposed())),
            (words.told_phone, person.phone.as_deref()),
            (words.told_external_id, person.external_id.as_deref()),
        ];
        let kept = kept.into_iter();
        ToldWords {
            lead: self.fill(catalogue, contents, words.told_lead),
            rows: rows.collect(),
            ground_label: catalogue.widget.legal_basis,
            origin: self.fill(catalogue, contents, words.told_origin),
            kept: kept
                .filter_map(|(label, value)| Some((label, value?)))
                .collect(),
        }
    }

    fn fill(&self, catalogue: &Catalogue, contents: &Contents<'_>, text: &str) -> String {
        let day = catalogue.date(self.facts.decided_at);
        let imported = self.recorded.imported.as_ref();
        let source = catalogue.source(self.facts.source, imported);
        let controller = &contents.definition.controller.name;
        let values = [
            ("controller", controller.as_str()),
            ("source", &source),
            ("date", &day),
        ];
        fill(text, &values)
    }
}
