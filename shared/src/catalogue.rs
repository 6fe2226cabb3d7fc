//! Our own words, in each language that we have them in: labels of the widget, pages and mails.
//!
//! What a site says is the site's; this is only what stands around it. A word that is missing in a language does not
//! compile. `{name}` in a text is a place that [`fill`] fills.

mod de;
mod en;
mod fr;
mod nl;
mod record_words;

pub use record_words::RecordWords;

use crate::{
    consent::Status,
    language::Language,
    manner::Imported,
    published::{Controller, Labels, PublishedPurpose},
    purpose::{Channel, DataCategory, LegalBasis, Source},
};

/// All our words in one language.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Catalogue {
    /// The language, for `lang=`
    pub lang: &'static str,
    /// The widget
    pub widget: WidgetWords,
    /// The grounds in words, in the order of Article 6(1)
    pub legal_bases: [&'static str; 6],
    /// The sorts of data in words, in the order of `DataCategory::ALL`
    pub data_categories: [&'static str; 8],
    /// The two purposes that every site begins with
    pub standard: StandardWords,
    /// The states in words
    pub states: StateWords,
    /// The mail after a submission
    pub mail: MailWords,
    /// The pages
    pub page: PageWords,
    /// The printable page
    pub record: RecordWords,
}

#[allow(missing_docs)] // Each name is that of the label it becomes; see `published::Labels`.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct WidgetWords {
    pub legend: &'static str,
    pub email: &'static str,
    pub email_hint: &'static str,
    pub more: &'static str,
    pub submit: &'static str,
    pub sending: &'static str,
    pub stored_pending: &'static str,
    pub stored_recorded: &'static str,
    pub queued: &'static str,
    pub error: &'static str,
    pub outdated: &'static str,
    pub legal_basis: &'static str,
    pub retention: &'static str,
    pub retention_days: &'static str,
    pub retention_years: &'static str,
    pub retention_year: &'static str,
    pub retention_open: &'static str,
    pub validity: &'static str,
    pub validity_open: &'static str,
    pub data: &'static str,
    pub change: &'static str,
    pub gpc: &'static str,
    pub confirm_by_mail: &'static str,
    pub privacy: &'static str,
}

#[allow(missing_docs)] // Each name is that of the purpose and of the text it becomes; see `definition::Purpose`.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct StandardWords {
    pub store_title: &'static str,
    pub store_text: &'static str,
    pub emarketing_title: &'static str,
    pub emarketing_text: &'static str,
}

#[allow(missing_docs)] // One word for each state of `consent::Status`.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct StateWords {
    pub unknown: &'static str,
    pub requested: &'static str,
    pub given: &'static str,
    pub refused: &'static str,
    pub withdrawn: &'static str,
    pub expired: &'static str,
    pub lapsed: &'static str,
}

#[allow(missing_docs)] // Read top to bottom, it is the mail.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MailWords {
    pub confirm_subject: &'static str,
    pub recorded_subject: &'static str,
    pub already_subject: &'static str,
    pub greeting: &'static str,
    pub confirm_lead: &'static str,
    pub confirm_button: &'static str,
    pub confirm_until: &'static str,
    pub confirm_ignore: &'static str,
    pub confirm_ignore_recorded: &'static str,
    pub recorded_lead: &'static str,
    pub already_lead: &'static str,
    pub told_confirm_lead: &'static str,
    pub told_subject: &'static str,
    pub told_lead: &'static str,
    pub told_origin: &'static str,
    pub told_kept: &'static str,
    pub told_email: &'static str,
    pub told_phone: &'static str,
    pub told_external_id: &'static str,
    pub told_why: &'static str,
    pub change_lead: &'static str,
    pub change_button: &'static str,
    pub why: &'static str,
}

#[allow(missing_docs)] // Named by where on which page they stand.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PageWords {
    pub confirm_title: &'static str,
    pub confirm_lead: &'static str,
    pub confirm_untick: &'static str,
    pub confirm_button: &'static str,
    pub confirm_next: &'static str,
    pub confirmed_title: &'static str,
    pub confirmed_lead: &'static str,
    pub confirmed_nothing_title: &'static str,
    pub confirmed_nothing_lead: &'static str,
    pub already_title: &'static str,
    pub already_lead: &'static str,
    pub gone_title: &'static str,
    pub gone_lead: &'static str,
    pub unknown_link_title: &'static str,
    pub unknown_link_lead: &'static str,
    pub preferences_title: &'static str,
    pub preferences_lead: &'static str,
    pub since: &'static str,
    pub withdraw_button: &'static str,
    pub withdraw_all_button: &'static str,
    pub withdrawn_title: &'static str,
    pub withdrawn_lead: &'static str,
    pub nothing_active: &'static str,
    pub privacy: &'static str,
    pub contact: &'static str,
}

impl Catalogue {
    /// All languages that we have.
    pub const ALL: [&'static Self; 4] = [
        &en::CATALOGUE,
        &nl::CATALOGUE,
        &de::CATALOGUE,
        &fr::CATALOGUE,
    ];

    /// The catalogue for a language; English for those that we do not have yet.
    #[must_use]
    pub fn of(language: &Language) -> &'static Self {
        Self::exactly(language).unwrap_or(Self::english())
    }

    /// The catalogue of this very language, if we have it.
    #[must_use]
    pub fn exactly(language: &Language) -> Option<&'static Self> {
        Self::ALL
            .into_iter()
            .find(|catalogue| catalogue.lang == language.primary())
    }

    /// The catalogue for readers whose language is not known.
    #[must_use]
    pub fn english() -> &'static Self {
        &en::CATALOGUE
    }

    /// The ground in words.
    #[must_use]
    pub fn legal_basis(&self, basis: LegalBasis) -> &'static str {
        let [
            consent,
            contract,
            legal_obligation,
            vital_interests,
            public_task,
            legitimate_interests,
        ] = self.legal_bases;
        match basis {
            LegalBasis::Consent => consent,
            LegalBasis::Contract => contract,
            LegalBasis::LegalObligation => legal_obligation,
            LegalBasis::VitalInterests => vital_interests,
            LegalBasis::PublicTask => public_task,
            LegalBasis::LegitimateInterests => legitimate_interests,
        }
    }

    /// A state in words.
    #[must_use]
    pub fn state(&self, status: Status) -> &'static str {
        let words = &self.states;
        match status {
            Status::Unknown => words.unknown,
            Status::Requested => words.requested,
            Status::Given => words.given,
            Status::Refused => words.refused,
            Status::Withdrawn => words.withdrawn,
            Status::Expired => words.expired,
            Status::Lapsed => words.lapsed,
        }
    }

    /// How long data are kept, as people say it.
    #[must_use]
    pub fn retention(&self, days: Option<u32>) -> String {
        self.span(days, self.widget.retention_open)
    }

    /// How long a yes holds, as people say it.
    #[must_use]
    pub fn validity(&self, days: Option<u32>) -> String {
        self.span(days, self.widget.validity_open)
    }

    /// Sorts of data, one after the other.
    #[must_use]
    pub fn data_categories(&self, categories: &[DataCategory]) -> String {
        let known = DataCategory::ALL.into_iter().zip(self.data_categories);
        let named = known.filter(|(category, _)| categories.contains(category));
        let words: Vec<&str> = named.map(|(_, word)| word).collect();
        words.join(", ")
    }

    /// How an answer came in. What was taken over says from where, and that nobody confirmed it with us.
    #[must_use]
    pub fn source(&self, source: Source, imported: Option<&Imported>) -> String {
        let words = &self.record;
        if let Some(imported) = imported {
            return fill(words.imported_from, &[("from", &imported.from)]);
        }
        let mut known = Source::ALL.into_iter().zip(words.sources);
        let named = known.find(|(each, _)| *each == source);
        named.map_or("", |(_, word)| word).to_owned()
    }

    /// Ways to reach a person, one after the other.
    #[must_use]
    pub fn channels(&self, channels: &[Channel]) -> String {
        let words = &self.record;
        let known = Channel::ALL.into_iter().zip(words.channel_names);
        let named = known.filter(|(channel, _)| channels.contains(channel));
        let words: Vec<&str> = named.map(|(_, word)| word).collect();
        words.join(", ")
    }

    fn span(&self, days: Option<u32>, open: &str) -> String {
        let widget = &self.widget;
        match days {
            None => open.to_owned(),
            Some(365) => widget.retention_year.to_owned(),
            Some(days) if days % 365 == 0 => fill(
                widget.retention_years,
                &[("years", &(days / 365).to_string())],
            ),
            Some(days) => fill(widget.retention_days, &[("days", &days.to_string())]),
        }
    }

    /// The labels that the widget gets with a form.
    #[must_use]
    pub fn labels(&self, controller: &Controller, purposes: &[PublishedPurpose]) -> Labels {
        let widget = &self.widget;
        let own = |text: &str| fill(text, &[("controller", &controller.name)]);
        Labels {
            legend: own(widget.legend),
            email: own(widget.email),
            email_hint: own(widget.email_hint),
            more: own(widget.more),
            submit: own(widget.submit),
            sending: own(widget.sending),
            stored_pending: own(widget.stored_pending),
            stored_recorded: own(widget.stored_recorded),
            queued: own(widget.queued),
            error: own(widget.error),
            outdated: own(widget.outdated),
            legal_basis: own(widget.legal_basis),
            legal_bases: purposes
                .iter()
                .map(|purpose| self.legal_basis(purpose.legal_basis).to_owned())
                .collect(),
            retention: own(widget.retention),
            retentions: purposes
                .iter()
                .map(|purpose| self.retention(purpose.retention_days))
                .collect(),
            validity: own(widget.validity),
            validities: purposes
                .iter()
                .map(|purpose| self.validity(purpose.valid_for_days))
                .collect(),
            data: own(widget.data),
            data_categories: purposes
                .iter()
                .map(|purpose| self.data_categories(&purpose.data_categories))
                .collect(),
            change: own(widget.change),
            gpc: own(widget.gpc),
            confirm_by_mail: own(widget.confirm_by_mail),
            privacy: own(widget.privacy),
        }
    }
}

/// Puts values in the places of a text: `{name}` becomes the value of `name`. A value is put in once and not read again.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, place) = rest.split_at(open);
        filled.push_str(before);
        let known = place.find('}').and_then(|close| {
            let value = values.iter().find(|(name, _)| *name == &place[1..close])?;
            Some((value.1, &place[close + 1..]))
        });
        let (put, after) = known.unwrap_or(("{", &place[1..]));
        filled.push_str(put);
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        path::Path,
    };

    use serde_json::Value;

    use super::*;

    #[test]
    fn places_are_filled_once() {
        for (text, filled) in [
            ("", ""),
            ("Hello", "Hello"),
            ("{a} and {b}", "{b} and 2"),
            ("{c} stays", "{c} stays"),
            ("open { brace", "open { brace"),
        ] {
            assert_eq!(fill(text, &[("a", "{b}"), ("b", "2")]), filled);
        }
    }

    #[test]
    fn sorts_of_data_are_said_one_after_the_other() {
        let said = Catalogue::english()
            .data_categories(&[DataCategory::Preferences, DataCategory::Contact]);
        assert_eq!(said, "contact details, preferences");
        assert_eq!(Catalogue::english().data_categories(&[]), "");
    }

    #[test]
    fn a_retention_is_said_as_people_say_it() {
        let english = &en::CATALOGUE;
        assert_eq!(english.retention(Some(730)), "2 years");
        assert_eq!(english.retention(Some(365)), "1 year");
        assert_eq!(english.retention(Some(90)), "90 days");
        assert_eq!(english.validity(Some(365)), "1 year");
        assert_eq!(english.validity(None), "until you stop it");
    }

    /// All texts of a language, by their places: `mail.greeting`.
    fn texts(catalogue: &Catalogue) -> BTreeMap<String, String> {
        fn collect(place: &str, value: &Value, texts: &mut BTreeMap<String, String>) {
            let within = |name: &str| format!("{place}.{name}").trim_matches('.').to_owned();
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        collect(&within(name), value, texts);
                    }
                }
                Value::Array(items) => {
                    for (index, value) in items.iter().enumerate() {
                        collect(&within(&index.to_string()), value, texts);
                    }
                }
                value => {
                    let text = value.as_str().expect("a text");
                    texts.insert(place.to_owned(), text.to_owned());
                }
            }
        }
        let mut found = BTreeMap::new();
        let value = serde_json::to_value(catalogue).expect("JSON");
        collect("", &value, &mut found);
        found
    }

    fn places(text: &str) -> BTreeSet<&str> {
        let after_open = text.split('{').skip(1);
        after_open
            .filter_map(|rest| Some(rest.split_once('}')?.0))
            .collect()
    }

    #[test]
    fn no_text_is_empty_and_each_keeps_the_places_of_the_english_one() {
        let english = texts(Catalogue::english());
        for catalogue in Catalogue::ALL {
            for (place, text) in texts(catalogue) {
                let told = format!("{} {place}: {text:?}", catalogue.lang);
                assert!(!text.is_empty() && text.trim() == text, "{told}");
                assert_eq!(places(&text), places(&english[&place]), "{told}");
            }
        }
    }

    #[test]
    fn no_text_was_left_in_another_language() {
        // Words that two languages share.
        let shared = ["page.contact", "states.given"];
        for (index, one) in Catalogue::ALL.into_iter().enumerate() {
            for other in &Catalogue::ALL[index + 1..] {
                let (one, other) = (texts(one), texts(other));
                for (place, text) in &one {
                    let is_copied = other[place] == *text && !shared.contains(&place.as_str());
                    assert!(!is_copied, "{place} is {text:?} in both");
                }
            }
        }
    }

    #[test]
    fn french_marks_do_not_begin_a_line() {
        for (place, text) in texts(&fr::CATALOGUE) {
            for mark in [" ?", " !", " :", " ;"] {
                assert!(!text.contains(mark), "{place}: {text:?}");
            }
        }
    }

    /// What is read nowhere is shown nowhere: it goes. A word counts as read where code or a template takes it from the
    /// catalogue by one of the names that it has there.
    #[test]
    fn every_text_is_read_somewhere() {
        fn read(folder: &Path, sources: &mut String) {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() && path.file_name().is_some_and(|name| name != "catalogue") {
                    read(&path, sources);
                } else if path.is_file() {
                    sources.push_str(&fs::read_to_string(&path).expect("a text"));
                }
            }
        }
        let mut sources = String::new();
        for folder in ["src", "../collector/src", "../collector/templates"] {
            read(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
                &mut sources,
            );
        }
        let is_read = |name: &str| {
            ["words", "ours", "widget", "page", "self", "catalogue"]
                .iter()
                .any(|owner| {
                    let taken = format!("{owner}.{name}");
                    sources.match_indices(&taken).any(|(at, taken)| {
                        let next = sources[at + taken.len()..].chars().next();
                        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
                    })
                })
        };
        for place in texts(Catalogue::english()).into_keys() {
            // A list is read as a whole.
            let place = place.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit());
            let name = place.rsplit('.').next().unwrap_or(place);
            assert!(
                is_read(name),
                "{place} is read nowhere: remove it, or call what it is read from `words`"
            );
        }
    }

    #[test]
    fn a_language_without_a_catalogue_reads_english() {
        let language = |tag| Language::parse(tag).expect("a tag");
        assert_eq!(Catalogue::of(&language("nl-BE")).lang, "nl");
        assert_eq!(Catalogue::of(&language("fi")).lang, "en");
    }
}
