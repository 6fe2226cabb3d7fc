//! Our own words, in each language that we have them in: labels of the widget, pages and mails.
//!
//! What a site says is the site's; this is only what stands around it. A word that is missing in a language does not
//! compile. `{name}` in a text is a place that [`fill`] fills.

mod dates;
mod forms;
mod record_words;
mod words;

mod ar;
mod bg;
mod cs;
mod da;
mod de;
mod el;
mod en;
mod es;
mod et;
mod fi;
mod fr;
mod ga;
mod hr;
mod hu;
mod it;
mod lt;
mod lv;
mod mt;
mod nb;
mod nl;
mod pl;
mod pt;
mod ro;
mod sk;
mod sl;
mod sv;

pub use forms::{Forms, Plural};
pub use record_words::RecordWords;
pub use words::{HostedWords, MailWords, PageWords, StandardWords, StateWords, WidgetWords};

use crate::{
    consent::Status,
    language::Language,
    manner::Imported,
    published::{Controller, Labels, PublishedPurpose},
    purpose::{Channel, DataCategory, LegalBasis, Source},
    time::Timestamp,
};

/// All our words in one language.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Catalogue {
    /// The language, for `lang=`
    #[cfg_attr(test, serde(skip))]
    pub lang: &'static str,
    /// The language as its speakers call it
    #[cfg_attr(test, serde(skip))]
    pub name: &'static str,
    /// In which direction it is read
    #[cfg_attr(test, serde(skip))]
    pub direction: Direction,
    /// Who has read these texts over
    #[cfg_attr(test, serde(skip))]
    pub review: Review,
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
    /// The hosted form
    pub hosted: HostedWords,
    /// The printable page
    pub record: RecordWords,
}

/// In which direction a language is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// As Latin script is
    LeftToRight,
    /// As Arabic script is
    RightToLeft,
}

impl Direction {
    /// For `dir=`
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// Who has read the texts of a catalogue over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// Machine-drafted, not yet reviewed by a native speaker
    MachineDrafted,
    /// Reviewed by this native speaker
    By(&'static str),
}

impl Catalogue {
    /// All languages that we have.
    pub const ALL: [&'static Self; 26] = [
        &en::CATALOGUE,
        &nl::CATALOGUE,
        &de::CATALOGUE,
        &fr::CATALOGUE,
        &bg::CATALOGUE,
        &cs::CATALOGUE,
        &da::CATALOGUE,
        &el::CATALOGUE,
        &es::CATALOGUE,
        &et::CATALOGUE,
        &fi::CATALOGUE,
        &ga::CATALOGUE,
        &hr::CATALOGUE,
        &hu::CATALOGUE,
        &ar::CATALOGUE,
        &it::CATALOGUE,
        &lt::CATALOGUE,
        &lv::CATALOGUE,
        &mt::CATALOGUE,
        &nb::CATALOGUE,
        &pl::CATALOGUE,
        &pt::CATALOGUE,
        &ro::CATALOGUE,
        &sk::CATALOGUE,
        &sl::CATALOGUE,
        &sv::CATALOGUE,
    ];

    /// The catalogue for a language; English for those that we do not have yet.
    #[must_use]
    pub fn of(language: &Language) -> &'static Self {
        Self::exactly(language).unwrap_or(Self::english())
    }

    /// The catalogue of this very language, if we have it; one for all ways to say Norwegian.
    #[must_use]
    pub fn exactly(language: &Language) -> Option<&'static Self> {
        Self::ALL
            .into_iter()
            .find(|catalogue| catalogue.lang == language.written())
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

    /// How long the link of a mail works, as people say it: in days, where it is whole days.
    #[must_use]
    pub fn link_works(&self, hours: u32) -> String {
        let mail = &self.mail;
        if hours >= 48 && hours.is_multiple_of(24) {
            self.count(mail.confirm_until_days, hours / 24)
        } else {
            self.count(mail.confirm_until_hours, hours)
        }
    }

    /// A text in the form that goes with a count.
    #[must_use]
    pub fn count(&self, forms: Forms, n: u32) -> String {
        let wanted = Plural::of(self.lang, n);
        let form = forms.iter().find(|(plural, _)| *plural == wanted);
        let text = form.or(forms.last()).map_or("{n}", |(_, text)| text);
        fill(text, &[("n", &n.to_string())])
    }

    /// The day of a moment in words, such as `22 november 2026`, by the clock of UTC.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        dates::long(self.lang, at)
    }

    /// A moment in words, such as `22 november 2026, 14:05 UTC`. We do not know where the reader is, so it says whose clock it is.
    #[must_use]
    pub fn date_time(&self, at: Timestamp) -> String {
        dates::with_time(self.lang, at)
    }

    fn span(&self, days: Option<u32>, open: &str) -> String {
        let widget = &self.widget;
        match days {
            None => open.to_owned(),
            Some(days) if days % 365 == 0 => self.count(widget.retention_years, days / 365),
            Some(days) => self.count(widget.retention_days, days),
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
                .map(|purpose| {
                    let asked = purpose.is_asked();
                    asked.then(|| self.validity(purpose.valid_for_days))
                })
                .map(Option::unwrap_or_default)
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
            needed: own(widget.needed),
            said: own(widget.said),
            open_form: own(widget.open_form),
            receipt: own(widget.receipt),
        }
    }
}

/// Puts values in the places of a text: `{name}` becomes the value of `name`. A value is put in once and not read again. Where a
/// value ends with a full stop, as `Example B.V.` and the dates of some languages do, that of the sentence is not put after it.
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
        rest = match after.strip_prefix('.') {
            Some(after) if put.ends_with('.') => after,
            _ => after,
        };
    }
    filled + rest
}

#[cfg(test)]
mod tests;
