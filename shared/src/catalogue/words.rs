//! The words of the widget, the mails and the pages; those of the printable page are in `record_words`.

use super::Forms;

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
    pub retention_days: Forms,
    pub retention_years: Forms,
    pub retention_open: &'static str,
    pub validity: &'static str,
    pub validity_open: &'static str,
    pub data: &'static str,
    pub change: &'static str,
    pub gpc: &'static str,
    pub confirm_by_mail: &'static str,
    pub privacy: &'static str,
    pub needed: &'static str,
    pub said: &'static str,
    pub open_form: &'static str,
    pub receipt: &'static str,
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
    pub confirm_until_hours: Forms,
    pub confirm_until_days: Forms,
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
    pub link_subject: &'static str,
    pub link_lead: &'static str,
    pub link_why: &'static str,
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
    pub already_confirmed_title: &'static str,
    pub already_title: &'static str,
    pub already_lead: &'static str,
    pub gone_title: &'static str,
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
    pub confirm_until: &'static str,
    pub expired_lead: &'static str,
    pub stopped_lead: &'static str,
    pub replaced_lead: &'static str,
    pub again_lead: &'static str,
    pub again_button: &'static str,
    pub again_title: &'static str,
    pub again_sent: &'static str,
    pub ask_form_again: &'static str,
    pub link_title: &'static str,
    pub link_lead: &'static str,
    pub switch_on_button: &'static str,
    pub agree_button: &'static str,
    pub given_title: &'static str,
    pub exact_words: &'static str,
    pub types_lead: &'static str,
    pub types_waiting: &'static str,
    pub languages_label: &'static str,
    pub revoke_lead: &'static str,
    pub revoke_button: &'static str,
    pub revoked_title: &'static str,
    pub revoked_lead: &'static str,
    pub unsubscribe_title: &'static str,
    pub unsubscribe_lead: &'static str,
    pub unsubscribe_button: &'static str,
    pub unsubscribed_lead: &'static str,
    pub see_all: &'static str,
    pub fault_title: &'static str,
    pub fault_lead: &'static str,
    pub unreadable_lead: &'static str,
    pub unknown_form_title: &'static str,
    pub unknown_form_lead: &'static str,
}

/// The hosted form: what stands around the words that the widget shows as well.
#[allow(missing_docs)] // Named by where on the page they stand.
#[cfg_attr(test, derive(serde::Serialize))]
pub struct HostedWords {
    pub errors_title: &'static str,
    pub stale: &'static str,
    pub foreign: &'static str,
    pub sent_title: &'static str,
}
