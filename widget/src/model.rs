//! What a widget knows that changes: whether the boxes are open, and what there is to tell.
//!
//! No DOM, no clock, no network, so that all of it is tested natively. What is ticked stands in the boxes themselves, which the person
//! may tick before this code has come. It refuses to say "stored" before the collector did.

use sayso_shared::email::EmailAddress;

use crate::outcome::Outcome;

/// What there is to tell the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing: the boxes speak for themselves
    None,
    /// The submission is on its way
    Sending,
    /// It is not stored yet, and is tried again
    Queued,
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

/// What the widget's one button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// It is not there: the host form's own button sends
    Hidden,
    /// It sends
    Send,
    /// It opens the boxes again
    Change,
}

/// One widget.
#[derive(Debug)]
pub struct Model {
    chat: bool,
    open: bool,
    news: News,
    email_wrong: bool,
}

impl Model {
    /// Boxes that have just been shown, in a conversation or in a form.
    #[must_use]
    pub fn new(chat: bool) -> Self {
        Self {
            chat,
            open: true,
            news: News::None,
            email_wrong: false,
        }
    }

    /// The person sends, with this address. Whether it may leave: without a good address nothing does.
    pub fn send(&mut self, email: &str) -> bool {
        self.email_wrong = EmailAddress::parse(email).is_err();
        if !self.email_wrong {
            self.sending();
        }
        !self.email_wrong
    }

    /// A submission is on its way, perhaps since before this code had come.
    pub fn sending(&mut self) {
        self.open = false;
        self.news = News::Sending;
    }

    /// The collector answered what this widget sent last, or did not.
    pub fn settle(&mut self, outcome: Outcome) {
        self.news = match outcome {
            Outcome::Pending => News::Stored { pending: true },
            Outcome::Recorded => News::Stored { pending: false },
            Outcome::Unreached => News::Queued,
            Outcome::Refused => News::Failed,
            Outcome::Outdated => News::Outdated,
        };
        if matches!(self.news, News::Failed | News::Outdated) {
            self.open = true;
        }
    }

    /// The person ticked, unticked or wrote something.
    pub fn edit(&mut self) {
        self.email_wrong = false;
        if self.open {
            self.news = News::None;
        }
    }

    /// The person wants to choose again after sending.
    pub fn change(&mut self) {
        self.open = true;
        self.edit();
    }

    /// The host form is emptied. What came of a submission is told all the same: a script that sends by itself empties the form
    /// right after.
    pub fn reset(&mut self) {
        self.open = true;
        self.email_wrong = false;
        if matches!(self.news, News::Failed | News::Outdated) {
            self.news = News::None;
        }
    }

    /// Whether the boxes can be changed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the address must be mended before anything is sent.
    #[must_use]
    pub fn email_is_wrong(&self) -> bool {
        self.email_wrong
    }

    /// Whether what the widget says is that something is not stored, and the person has to choose again.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.news, News::Failed | News::Outdated)
    }

    /// Whether a submission is on its way, and the button waits for what comes of it.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.news == News::Sending && !self.open
    }

    /// Which of the form's labels the widget says aloud; none while there is nothing to say.
    #[must_use]
    pub fn said(&self) -> Option<&'static str> {
        match self.news {
            News::None => None,
            News::Sending => Some("sending"),
            News::Queued => Some("queued"),
            News::Stored { pending: true } => Some("stored_pending"),
            News::Stored { pending: false } => Some("stored_recorded"),
            News::Failed => Some("error"),
            News::Outdated => Some("outdated"),
        }
    }

    /// Whether the number of the submission is worth showing: it is stored, and there is no host form that tells it.
    #[must_use]
    pub fn has_receipt(&self) -> bool {
        self.chat && matches!(self.news, News::Stored { .. })
    }

    /// What the button does. It is one for both ways, so that the focus stays where the person left it.
    #[must_use]
    pub fn button(&self) -> Button {
        match self.news {
            News::Stored { .. } | News::Queued if !self.open => Button::Change,
            _ if self.chat => Button::Send,
            _ => Button::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "jan@example.com";

    struct Visitor(Model);

    fn open_form() -> Visitor {
        Visitor(Model::new(false))
    }

    fn open_chat() -> Visitor {
        Visitor(Model::new(true))
    }

    impl Visitor {
        fn sends(mut self) -> Self {
            assert!(self.0.send(GOOD), "it leaves");
            self
        }

        fn answered(mut self, outcome: Outcome) -> Self {
            self.0.settle(outcome);
            self
        }

        fn resets(mut self) -> Self {
            self.0.reset();
            self
        }

        fn edits(mut self) -> Self {
            self.0.edit();
            self
        }

        fn changes(mut self) -> Self {
            self.0.change();
            self
        }

        #[track_caller]
        fn sees(self, label: &str) -> Self {
            assert_eq!(self.0.said(), Some(label));
            self
        }

        #[track_caller]
        fn sees_nothing(self) -> Self {
            assert_eq!(self.0.said(), None);
            self
        }

        #[track_caller]
        fn may_choose(self) -> Self {
            assert!(self.0.is_open());
            self
        }

        #[track_caller]
        fn finds(self, button: Button) -> Self {
            assert_eq!(self.0.button(), button);
            self
        }
    }

    #[test]
    fn stored_is_said_only_after_the_collector_said_so() {
        let sent = open_form().sees_nothing().sends().sees("sending");
        let stored = sent.answered(Outcome::Pending).sees("stored_pending");
        assert!(!stored.0.is_open());
    }

    #[test]
    fn what_needs_no_mail_promises_none() {
        open_form()
            .sends()
            .answered(Outcome::Recorded)
            .sees("stored_recorded");
    }

    #[test]
    fn without_a_good_address_nothing_leaves_and_what_to_mend_is_said() {
        for typed in ["", "jan", "jan@", "jan@localhost"] {
            let mut visitor = open_chat();
            assert!(!visitor.0.send(typed), "{typed}");
            assert!(visitor.0.email_is_wrong());
            let visitor = visitor.may_choose().sees_nothing().edits();
            assert!(!visitor.0.email_is_wrong());
        }
    }

    #[test]
    fn in_a_tunnel_the_person_reads_not_yet_and_later_stored() {
        open_form()
            .sends()
            .answered(Outcome::Unreached)
            .sees("queued")
            .finds(Button::Change)
            .answered(Outcome::Pending)
            .sees("stored_pending");
    }

    #[test]
    fn a_refusal_leaves_the_boxes_open() {
        open_form()
            .sends()
            .answered(Outcome::Refused)
            .sees("error")
            .may_choose()
            .edits()
            .sees_nothing();
    }

    #[test]
    fn when_the_words_have_changed_the_person_is_asked_again() {
        open_form()
            .answered(Outcome::Outdated)
            .sees("outdated")
            .may_choose()
            .edits()
            .sees_nothing();
    }

    #[test]
    fn who_changes_their_mind_after_sending_may() {
        open_form()
            .sends()
            .answered(Outcome::Pending)
            .finds(Button::Change)
            .changes()
            .sees_nothing()
            .may_choose()
            .finds(Button::Hidden);
    }

    #[test]
    fn a_form_that_is_emptied_after_sending_still_tells_what_came_of_it() {
        open_form()
            .sends()
            .resets()
            .sees("sending")
            .may_choose()
            .answered(Outcome::Pending)
            .sees("stored_pending")
            .finds(Button::Hidden)
            .edits()
            .sees_nothing();
    }

    #[test]
    fn a_form_that_is_emptied_forgets_what_went_wrong() {
        let visitor = open_form().sends().answered(Outcome::Refused);
        visitor.resets().sees_nothing();
    }

    #[test]
    fn what_a_page_before_left_is_told_beside_open_boxes() {
        open_form()
            .answered(Outcome::Unreached)
            .sees("queued")
            .may_choose()
            .finds(Button::Hidden);
    }

    #[test]
    fn a_chat_has_a_button_of_its_own_and_a_receipt() {
        let chat = open_chat().finds(Button::Send);
        assert!(!chat.0.has_receipt());
        let chat = chat.sends().answered(Outcome::Recorded);
        assert!(chat.0.has_receipt());
        chat.finds(Button::Change).changes().finds(Button::Send);
        let form = open_form().sends().answered(Outcome::Recorded);
        assert!(!form.0.has_receipt(), "the host form tells its own");
    }
}
