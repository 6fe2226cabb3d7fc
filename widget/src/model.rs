//! What the widget knows, and how that changes.
//!
//! No DOM, no clock, no network: moments, ids and answers are given from outside, so that all of it is tested natively.
//! It refuses to say "stored" before the collector did, and to tick a box for anybody.

use std::collections::BTreeMap;

use sayso_shared::{
    email::EmailAddress,
    submission::{SubjectWire, SubmissionWire},
};

use crate::{wire, words::Form};

/// What the page around the widget gives it.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Address of the page, without its query
    pub page: String,
    /// The chat conversation
    pub conversation: Option<String>,
    /// Whether the widget is a bubble in a conversation, with its own button
    pub chat: bool,
    /// Whether the widget asks for the address itself
    pub asks_email: bool,
    /// Whether the browser sends Global Privacy Control
    pub gpc: bool,
    /// When the boxes were shown, RFC 3339
    pub shown_at: String,
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The boxes can be ticked
    Choosing,
    /// The submission is on its way
    Sending,
    /// The collector has it
    Stored {
        /// A mail asks to confirm
        pending: bool,
    },
    /// It is not stored
    Failed,
    /// It is not stored, since the words have changed; the boxes show the new ones
    Outdated,
}

/// What came of a sent submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 201, or 200 for a repeat
    Stored {
        /// A mail asks to confirm
        pending: bool,
    },
    /// Anything else
    Failed,
}

/// Why nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The address is missing, or is none
    Email,
    /// This very submission is on its way or stored
    AlreadySent,
}

/// What was last sent: the same choice sent again is the same submission, byte for byte.
#[derive(Debug)]
struct Sent {
    email: String,
    json: String,
}

/// One widget.
#[derive(Debug)]
pub struct Model {
    /// The words
    pub form: Form,
    /// The surroundings
    pub place: Place,
    /// Where the person is
    pub phase: Phase,
    /// The address in the widget's own field, as typed
    pub email: String,
    /// Whether the address must be mended before anything is sent
    pub email_wrong: bool,
    ticks: Vec<bool>,
    id: String,
    mint: fn() -> String,
    sent: Option<Sent>,
}

impl Model {
    /// A form that has just been shown: nothing is ticked. `mint` makes a new UUIDv7 at each call.
    #[must_use]
    pub fn new(form: Form, place: Place, mint: fn() -> String) -> Self {
        Self {
            ticks: vec![false; form.purposes.len()],
            form,
            place,
            phase: Phase::Choosing,
            email: String::new(),
            email_wrong: false,
            id: mint(),
            mint,
            sent: None,
        }
    }

    /// The id of the submission that is being made, or was made last.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the box of that purpose is ticked.
    #[must_use]
    pub fn ticked(&self, purpose: usize) -> bool {
        self.ticks.get(purpose).copied().unwrap_or_default()
    }

    /// Each purpose with the choice that is made now.
    pub fn choices(&self) -> impl Iterator<Item = (&str, bool)> {
        let keys = self.form.purposes.iter().map(|purpose| &*purpose.key);
        keys.zip(self.ticks.iter().copied())
    }

    /// Whether the boxes can be changed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Sending | Phase::Stored { .. })
    }

    /// The person ticked or unticked a box.
    pub fn tick(&mut self, purpose: usize, yes: bool) {
        if let Some(tick) = self.ticks.get_mut(purpose) {
            *tick = yes;
            self.edited();
        }
    }

    /// The person wrote in the widget's own e-mail field.
    pub fn write_email(&mut self, text: String) {
        self.email = text;
        self.email_wrong = false;
        self.edited();
    }

    /// The person sends: gives the body to post. `host_email` is what stands in the host form's field, where the widget
    /// has none of its own.
    pub fn submit(
        &mut self,
        host_email: Option<&str>,
        decided_at: String,
    ) -> Result<String, Refusal> {
        if !self.is_open() {
            return Err(Refusal::AlreadySent);
        }
        let typed = if self.place.asks_email {
            &self.email
        } else {
            host_email.unwrap_or_default()
        };
        let Ok(email) = EmailAddress::parse(typed) else {
            self.email_wrong = self.place.asks_email;
            return Err(Refusal::Email);
        };
        let email = email.exposed();
        if self.sent.as_ref().is_some_and(|sent| sent.email != email) {
            self.edited();
        }
        self.phase = Phase::Sending;
        // The first try may have arrived although its answer did not: the moment of decision stays the first one.
        if let Some(sent) = &self.sent {
            return Ok(sent.json.clone());
        }
        let json = wire::render(&self.submission(email, decided_at));
        self.sent = Some(Sent {
            email: email.to_owned(),
            json: json.clone(),
        });
        Ok(json)
    }

    /// The collector answered the submission of that id, or did not. An answer to what has been reset since says
    /// nothing about what is shown now.
    pub fn settle(&mut self, id: &str, outcome: Outcome) {
        if id != self.id {
            return;
        }
        self.phase = match outcome {
            Outcome::Stored { pending } => Phase::Stored { pending },
            Outcome::Failed => Phase::Failed,
        };
    }

    /// The person wants to choose again after sending: what comes now is another submission.
    pub fn change(&mut self) {
        self.phase = Phase::Choosing;
        self.edited();
    }

    /// Back to the beginning: nothing ticked, no address.
    pub fn reset(&mut self) {
        self.ticks.fill(false);
        self.email.clear();
        self.email_wrong = false;
        self.change();
    }

    /// What the widget says aloud, in the person's language; nothing while there is nothing to say.
    #[must_use]
    pub fn said(&self) -> &str {
        let labels = &self.form.labels;
        match self.phase {
            Phase::Choosing => "",
            Phase::Sending => &labels.sending,
            Phase::Stored { pending: true } => &labels.stored_pending,
            Phase::Stored { pending: false } => &labels.stored_recorded,
            Phase::Failed => &labels.error,
            Phase::Outdated => &labels.outdated,
        }
    }

    fn submission(&self, email: &str, decided_at: String) -> SubmissionWire {
        let mut choices = BTreeMap::new();
        // One by one: `collect` would sort, and carry a sorting algorithm to every visitor.
        for (purpose, yes) in self.choices() {
            choices.insert(purpose.to_owned(), yes);
        }
        SubmissionWire {
            id: self.id.clone(),
            site: self.form.site.clone(),
            form: self.form.form.clone(),
            lang: self.form.lang.clone(),
            notice_hash: self.form.notice_hash.clone(),
            subject: SubjectWire {
                email: email.to_owned(),
                phone: None,
                external_id: None,
            },
            choices,
            source: self.form.source.clone(),
            page: self.place.page.clone(),
            conversation: self.place.conversation.clone(),
            shown_at: self.place.shown_at.clone(),
            decided_at,
            gpc: self.place.gpc,
            widget: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// After a try, any change makes another submission: one id never names two contents.
    fn edited(&mut self) {
        if self.sent.take().is_some() {
            self.id = (self.mint)();
        }
        if matches!(self.phase, Phase::Failed | Phase::Outdated) {
            self.phase = Phase::Choosing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::published;
    use std::cell::Cell;

    struct Visitor {
        model: Model,
        clock: u32,
    }

    fn mint() -> String {
        thread_local!(static MINTED: Cell<u32> = const { Cell::new(0) });
        MINTED.set(MINTED.get() + 1);
        format!("id-{}", MINTED.get())
    }

    fn open(place: Place) -> Visitor {
        let form = Form::read(&published()).expect("a form");
        let model = Model::new(form, place, mint);
        Visitor { model, clock: 0 }
    }

    fn open_form() -> Visitor {
        open(Place::default())
    }

    fn open_chat() -> Visitor {
        open(Place {
            chat: true,
            asks_email: true,
            conversation: Some("c-1".to_owned()),
            ..Place::default()
        })
    }

    impl Visitor {
        fn tick(&mut self, purpose: &str) {
            let is_it = |(key, _): (&str, bool)| key == purpose;
            let place = self.model.choices().position(is_it);
            self.model.tick(place.expect("a purpose"), true);
        }

        fn submit(&mut self, host_email: &str) -> Result<SubmissionWire, Refusal> {
            self.clock += 1;
            let now = format!("t{}", self.clock);
            let json = self.model.submit(Some(host_email), now)?;
            Ok(serde_json::from_str(&json).expect("a submission"))
        }

        fn send(&mut self) -> SubmissionWire {
            self.submit("jan@example.com").expect("something to send")
        }

        fn answered(&mut self, submission: &SubmissionWire, outcome: Outcome) {
            self.model.settle(&submission.id, outcome);
        }

        fn sees(&self, words: &str) {
            assert_eq!(self.model.said(), words);
        }
    }

    const PENDING: Outcome = Outcome::Stored { pending: true };

    #[test]
    fn nothing_is_ticked_beforehand() {
        assert!(open_form().model.choices().all(|(_, yes)| !yes));
    }

    #[test]
    fn a_submission_says_what_was_ticked_and_what_was_not() {
        let mut visitor = open_form();
        visitor.tick("EMARKETING");
        let sent = visitor.send();
        assert_eq!(
            sent.choices,
            [("STORE".to_owned(), false), ("EMARKETING".to_owned(), true)].into()
        );
        assert_eq!(sent.subject.email, "jan@example.com");
        assert_eq!(
            (&*sent.site, &*sent.form, &*sent.lang),
            ("demo", "newsletter", "nl")
        );
        assert_eq!(sent.notice_hash, "sha-256:00");
        assert_eq!(sent.decided_at, "t1");
    }

    #[test]
    fn ticking_nothing_is_a_choice_too() {
        let sent = open_form().send();
        assert!(sent.choices.values().all(|yes| !yes));
        assert_eq!(sent.choices.len(), 2);
    }

    #[test]
    fn without_an_address_nothing_is_sent() {
        let mut visitor = open_form();
        visitor.tick("STORE");
        for typed in ["", "jan", "jan@"] {
            assert_eq!(visitor.submit(typed), Err(Refusal::Email));
        }
        assert!(
            !visitor.model.email_wrong,
            "the host form minds its own field"
        );
        assert!(visitor.model.is_open());
    }

    #[test]
    fn in_a_chat_the_widget_asks_for_the_address_and_says_what_is_wrong_with_it() {
        let mut visitor = open_chat();
        visitor.tick("EMARKETING");
        assert_eq!(visitor.submit("host@example.com"), Err(Refusal::Email));
        assert!(visitor.model.email_wrong);
        visitor.model.write_email("jan@example.com".to_owned());
        assert!(!visitor.model.email_wrong);
        let sent = visitor.send();
        assert_eq!(sent.subject.email, "jan@example.com");
        assert_eq!(sent.conversation.as_deref(), Some("c-1"));
    }

    #[test]
    fn stored_is_said_only_after_the_collector_said_so() {
        let mut visitor = open_form();
        visitor.sees("");
        let sent = visitor.send();
        visitor.sees("Sending");
        visitor.answered(&sent, PENDING);
        visitor.sees("Check your mailbox");
        assert!(!visitor.model.is_open());
    }

    #[test]
    fn what_needs_no_mail_promises_none() {
        let mut visitor = open_form();
        let sent = visitor.send();
        visitor.answered(&sent, Outcome::Stored { pending: false });
        visitor.sees("Noted");
    }

    #[test]
    fn a_second_click_sends_nothing_more() {
        let mut visitor = open_form();
        let sent = visitor.send();
        assert_eq!(visitor.submit("jan@example.com"), Err(Refusal::AlreadySent));
        visitor.answered(&sent, PENDING);
        assert_eq!(visitor.submit("jan@example.com"), Err(Refusal::AlreadySent));
    }

    #[test]
    fn the_same_choice_sent_again_is_the_same_submission() {
        let mut visitor = open_form();
        visitor.tick("STORE");
        let first = visitor.send();
        visitor.answered(&first, Outcome::Failed);
        visitor.sees("Not stored");
        assert_eq!(visitor.send(), first);
    }

    #[test]
    fn another_choice_or_address_after_a_failure_is_another_submission() {
        let mut visitor = open_form();
        let first = visitor.send();
        visitor.answered(&first, Outcome::Failed);
        visitor.tick("STORE");
        visitor.sees("");
        let second = visitor.send();
        assert_ne!(second.id, first.id);
        visitor.answered(&second, Outcome::Failed);
        let third = visitor.submit("an@example.com").expect("sent");
        assert_ne!(third.id, second.id);
        assert_eq!(third.id, visitor.model.id());
        assert_eq!(third.subject.email, "an@example.com");
    }

    #[test]
    fn who_changes_their_mind_after_sending_makes_a_new_submission() {
        let mut visitor = open_form();
        visitor.tick("STORE");
        let first = visitor.send();
        visitor.answered(&first, PENDING);
        visitor.model.change();
        visitor.sees("");
        assert!(
            visitor.model.ticked(0),
            "the choice is still there to change"
        );
        assert_ne!(visitor.send().id, first.id);
    }

    #[test]
    fn an_answer_to_what_was_reset_is_not_said_of_the_empty_form() {
        let mut visitor = open_form();
        visitor.tick("STORE");
        let first = visitor.send();
        visitor.model.reset();
        visitor.answered(&first, PENDING);
        visitor.sees("");
        assert!(visitor.model.choices().all(|(_, yes)| !yes));
    }

    #[test]
    fn when_the_words_have_changed_the_person_is_asked_again() {
        let mut visitor = open_form();
        visitor.model.phase = Phase::Outdated;
        visitor.sees("The words have changed");
        assert!(visitor.model.is_open());
        visitor.tick("STORE");
        visitor.sees("");
    }
}
