//! The words of one form, as the collector published them.
//!
//! The browser parses the JSON; this file takes out what is shown and refuses an answer that lacks a word, so that nobody
//! is asked half a question. It reads by hand because a general deserialiser costs every visitor several kilobytes.

/// A parsed JSON value, whoever parsed it: the browser, or a test.
pub trait Json: Sized {
    /// The member of that name, if there is one.
    fn member(&self, name: &str) -> Option<Self>;
    /// The elements, if this is a list.
    fn elements(&self) -> Option<Vec<Self>>;
    /// The text, if this is one.
    fn text(&self) -> Option<String>;
    /// Whether this is `true`.
    fn is_true(&self) -> bool;

    /// Whether the member is there and `true`.
    fn is_set(&self, name: &str) -> bool {
        self.member(name).is_some_and(|it| it.is_true())
    }

    /// The text of a member; the empty text where there is none.
    fn text_of(&self, name: &str) -> String {
        self.member(name)
            .and_then(|it| it.text())
            .unwrap_or_default()
    }
}

/// A form in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Site, form, language and source, as a submission names them
    pub site: String,
    /// See `site`
    pub form: String,
    /// See `site`
    pub lang: String,
    /// See `site`
    pub source: String,
    /// Which exact words these are
    pub notice_hash: String,
    /// The privacy statement
    pub privacy_url: String,
    /// Above the boxes
    pub intro: String,
    /// One box each
    pub purposes: Vec<Purpose>,
    /// The widget's own words
    pub labels: Labels,
}

/// What one box asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The name on the wire
    pub key: String,
    /// What the box says
    pub title: String,
    /// What it means
    pub text: String,
    /// On which ground, in words
    pub legal_basis: String,
    /// How long, in words
    pub retention: String,
    /// How long a yes holds, in words
    pub validity: String,
    /// What sort of data, in words; empty where the site does not say
    pub data: String,
    /// Whether a mail asks to confirm it
    pub double_opt_in: bool,
}

macro_rules! labels {
    ($($name:ident),* $(,)?) => {
        /// The widget's own words; what each is for stands with `Labels` of `sayso-shared`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub struct Labels { $(pub $name: String),* }

        impl Labels {
            fn read<J: Json>(reader: &mut Reader, json: &J) -> Self {
                Self { $($name: reader.text(json, stringify!($name))),* }
            }
        }
    };
}
labels!(
    legend,
    email,
    email_hint,
    more,
    submit,
    sending,
    stored_pending,
    stored_recorded,
    error,
    outdated,
    legal_basis,
    retention,
    validity,
    data,
    change,
    gpc,
    confirm_by_mail,
    privacy,
);

impl Form {
    /// Reads what `GET /v1/sites/{site}/forms/{form}` answers; nothing if a word is missing.
    pub fn read<J: Json>(json: &J) -> Option<Self> {
        let labels = json.member("labels")?;
        let notice = json.member("notice")?;
        let controller = json.member("controller")?;
        let mut legal_bases = labels.member("legal_bases")?.elements()?.into_iter();
        let mut retentions = labels.member("retentions")?.elements()?.into_iter();
        let mut validities = labels.member("validities")?.elements()?.into_iter();
        let mut data = labels.member("data_categories")?.elements()?.into_iter();

        let mut reader = Reader { lacks: false };
        let mut purposes = Vec::new();
        for purpose in json.member("purposes")?.elements()? {
            purposes.push(Purpose {
                key: reader.text(&purpose, "key"),
                title: reader.text(&purpose, "title"),
                text: reader.text(&purpose, "text"),
                legal_basis: reader.word(legal_bases.next()),
                retention: reader.word(retentions.next()),
                validity: reader.word(validities.next()),
                data: reader.word(data.next()),
                double_opt_in: purpose.is_set("double_opt_in"),
            });
        }
        let form = Self {
            site: reader.text(json, "site"),
            form: reader.text(json, "form"),
            lang: reader.text(json, "lang"),
            source: reader.text(json, "source"),
            notice_hash: reader.text(&notice, "hash"),
            privacy_url: reader.text(&controller, "privacy_url"),
            intro: reader.text(json, "intro"),
            purposes,
            labels: Labels::read(&mut reader, &labels),
        };
        (!reader.lacks).then_some(form)
    }
}

/// Reads on when a word is missing and says so at the end. To stop at once would be shorter here, but the compiler would
/// write at each of forty places what to do with the words read so far.
struct Reader {
    lacks: bool,
}

impl Reader {
    #[inline(never)]
    fn text<J: Json>(&mut self, json: &J, name: &str) -> String {
        self.word(json.member(name))
    }

    #[inline(never)]
    fn word<J: Json>(&mut self, json: Option<J>) -> String {
        let text = json.and_then(|json| json.text());
        self.lacks |= text.is_none();
        text.unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use sayso_shared::{
        key::{FormKey, PurposeKey, SiteKey},
        language::Language,
        published,
        purpose::{Channel, LegalBasis, Source},
    };
    use serde_json::Value;

    impl Json for Value {
        fn member(&self, name: &str) -> Option<Self> {
            self.get(name).cloned()
        }
        fn elements(&self) -> Option<Vec<Self>> {
            self.as_array().cloned()
        }
        fn text(&self) -> Option<String> {
            self.as_str().map(str::to_owned)
        }
        fn is_true(&self) -> bool {
            self == &Value::Bool(true)
        }
    }

    /// A form made of the collector's own type, so that a changed name on the wire shows here.
    pub(crate) fn published() -> Value {
        let purpose = |key: &str, double_opt_in| published::PublishedPurpose {
            key: PurposeKey::parse(key).expect("a key"),
            title: format!("Title of {key}"),
            text: format!("Text of {key}"),
            part_of: None,
            legal_basis: LegalBasis::Consent,
            condition: false,
            channels: vec![Channel::Email],
            double_opt_in,
            retention_days: Some(730),
            valid_for_days: None,
            data_categories: vec![],
        };
        let word = |word: &str| word.to_owned();
        let form = published::PublishedForm {
            site: SiteKey::parse("demo").expect("a key"),
            form: FormKey::parse("newsletter").expect("a key"),
            lang: Language::parse("nl").expect("a tag"),
            languages: vec![],
            source: Source::WebForm,
            notice: published::NoticeName {
                id: word("demo/newsletter/nl"),
                version: 1,
                hash: word("sha-256:00"),
            },
            controller: published::Controller {
                name: word("Wielrijk"),
                privacy_url: word("https://wielrijk.example/privacy"),
                contact: word("privacy@wielrijk.example"),
            },
            intro: word("Intro"),
            purposes: vec![purpose("STORE", false), purpose("EMARKETING", true)],
            identity: vec![word("email")],
            labels: published::Labels {
                legend: word("Legend"),
                email: word("E-mail"),
                email_hint: word("Email hint"),
                more: word("More"),
                submit: word("Submit"),
                sending: word("Sending"),
                stored_pending: word("Check your mailbox"),
                stored_recorded: word("Noted"),
                queued: word("Not stored yet"),
                error: word("Not stored"),
                outdated: word("The words have changed"),
                legal_basis: word("Legal basis"),
                legal_bases: vec![word("consent"), word("consent")],
                retention: word("Kept"),
                retentions: vec![word("two years"), word("two years")],
                validity: word("Your yes holds"),
                validities: vec![word("until you stop it"), word("one year")],
                data: word("Data"),
                data_categories: vec![word(""), word("contact details")],
                change: word("Change"),
                gpc: word("We see your signal"),
                confirm_by_mail: word("By mail"),
                privacy: word("Privacy"),
                needed: word("Needed"),
                said: word("Said, not asked"),
                open_form: word("Open the form"),
                receipt: word("Receipt"),
            },
        };
        serde_json::to_value(form).expect("a form is JSON")
    }

    #[test]
    fn the_form_that_the_collector_publishes_can_be_read() {
        let form = Form::read(&published()).expect("all words are there");
        assert_eq!(form.source, "web_form");
        assert_eq!(form.notice_hash, "sha-256:00");
        assert_eq!(form.purposes[1].key, "EMARKETING");
        assert_eq!(form.purposes[1].retention, "two years");
        assert_eq!(form.purposes[1].validity, "one year");
        assert_eq!(form.purposes[1].data, "contact details");
        assert!(form.purposes[1].double_opt_in && !form.purposes[0].double_opt_in);
        assert_eq!(form.labels.stored_pending, "Check your mailbox");
    }

    #[test]
    fn a_form_without_one_of_its_words_is_not_shown() {
        for missing in ["labels", "intro", "notice", "purposes", "controller"] {
            let mut form = published();
            form.as_object_mut().expect("an object").remove(missing);
            assert_eq!(Form::read(&form), None, "{missing}");
        }
        let mut form = published();
        form["labels"]["retentions"] = serde_json::json!(["two years"]);
        assert_eq!(Form::read(&form), None, "one retention for two purposes");
    }
}
