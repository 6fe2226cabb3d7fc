//! Mailing: when a mail may leave, and what it means that it was taken or not. It sends nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Waits after the first, second, … time that a mail was not taken. After the last it is given up.
const WAITS: [u64; 5] = [30, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR];

/// How many mails one address may get, so that nobody can flood a stranger by filling in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailCap {
    /// In 24 hours
    pub a_day: u32,
    /// Between two of them
    pub cool_down: Duration,
}

impl MailCap {
    /// What every site has: three a day, a minute apart.
    pub const USUAL: Self = Self {
        a_day: 3,
        cool_down: Duration::from_secs(MINUTE),
    };
    /// For a developer, who gets all mails.
    pub const NONE: Self = Self {
        a_day: u32::MAX,
        cool_down: Duration::ZERO,
    };
}

/// When the next mail to an address may leave that got `today` in the last 24 hours, the last one at `last`; `None` when it has
/// had its share.
#[must_use]
pub fn mail_slot(
    cap: MailCap,
    today: u32,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let free = last.map_or(now, |last| (last + cap.cool_down).max(now));
    (today < cap.a_day).then_some(free)
}

/// What came of handing a mail over to the server or service that sends it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// It has taken the mail
    Taken,
    /// It will never take it: there is no such mailbox, or the address is on its list of those that must not be mailed
    Refused(Refusal),
    /// It refused it, for what may be a fault of the operator's or of the server's own: an account that is not paid, a sender that
    /// is not verified, a policy. It is tried again
    Declined(Refusal),
    /// It did not take it this time. The reason is for the operator's log: it names no person
    Failed(String),
}

/// Why a mail will never be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// The code of the server or service, such as `550` or `E_RECIPIENT_SUPPRESSED`
    pub code: String,
    /// In its own words, which often repeat the address: stored as sealed as that
    pub words: String,
}

impl Refusal {
    /// A refusal; of its words the first 500 characters are kept.
    #[must_use]
    pub fn new(code: impl Into<String>, words: &str) -> Self {
        Self {
            code: code.into(),
            words: words.chars().take(500).collect(),
        }
    }
}

impl Handover {
    /// Why it was not taken, for the evidence of a mail that is given up.
    #[must_use]
    pub fn reason(&self) -> Option<Refusal> {
        match self {
            Self::Taken => None,
            Self::Refused(refusal) | Self::Declined(refusal) => Some(refusal.clone()),
            Self::Failed(why) => Some(Refusal::new("not taken", why)),
        }
    }
}

/// What becomes of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It has left
    Left,
    /// It is tried again
    TriedAgain(Timestamp),
    /// It is not sent any more
    GivenUp,
}

/// What becomes of a mail that was handed over, `failures` times in vain before. `useless_from` is when the link in it stops working: a
/// mail that would come later is not sent.
#[must_use]
pub fn fate(
    handover: &Handover,
    failures: u32,
    useless_from: Option<Timestamp>,
    now: Timestamp,
) -> Fate {
    match handover {
        Handover::Taken => Fate::Left,
        Handover::Refused(_) => Fate::GivenUp,
        Handover::Declined(_) | Handover::Failed(_) => usize::try_from(failures)
            .ok()
            .and_then(|failures| WAITS.get(failures))
            .map(|seconds| now + Duration::from_secs(*seconds))
            .filter(|at| useless_from.is_none_or(|end| *at < end))
            .map_or(Fate::GivenUp, Fate::TriedAgain),
    }
}

/// What an answer over HTTP says of a mail. Hardly anything is about the mail for sure: a key that was withdrawn, a sender that is not
/// verified or a bill that is not paid are 4xx too, and the operator puts them right while the mail waits.
#[must_use]
pub fn handover_by_status(status: u16, words: &str) -> Handover {
    let refusal = || Refusal::new(format!("HTTP {status}"), words);
    match status {
        200..=299 => Handover::Taken,
        413 => Handover::Refused(refusal()),
        400..=599 => Handover::Declined(refusal()),
        _ => Handover::Failed(format!("it answered {status}")),
    }
}

/// What a permanent refusal over SMTP says of a mail. It is final when it is about the recipient or the mail; what is about the
/// sender, the login, a policy or the server itself, the operator puts right while the mail waits.
#[must_use]
pub fn handover_by_reply(code: u16, words: &str) -> Handover {
    let refusal = Refusal::new(code.to_string(), words);
    let is_final = match (code, enhanced_code(words)) {
        // RFC 4954 section 6: about the login.
        (530..=539, _) => false,
        // RFC 3463: addresses (but 7 and 8 are the sender's), mailboxes, a mail too big, content.
        (_, Some((subject, detail))) => match subject {
            1 => !matches!(detail, 7 | 8),
            2 | 6 => true,
            3 => detail == 4,
            _ => false,
        },
        (code, None) => matches!(code, 550..=554),
    };
    if is_final {
        Handover::Refused(refusal)
    } else {
        Handover::Declined(refusal)
    }
}

/// Subject and detail of the enhanced code that the words begin with (RFC 2034 section 4), such as (1, 1) of `5.1.1 No such user`.
fn enhanced_code(words: &str) -> Option<(u16, u16)> {
    let code = words.trim_start().strip_prefix("5.")?;
    let end = code.find(|c: char| c != '.' && !c.is_ascii_digit());
    let (subject, detail) = code[..end.unwrap_or(code.len())].split_once('.')?;
    // Some write a full stop or a colon after it.
    let detail = detail.trim_end_matches('.');
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn after(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn failed() -> Handover {
        Handover::Failed("no answer".to_owned())
    }

    #[test]
    fn a_mail_is_tried_for_a_few_hours() {
        let waits: Vec<_> = (0..6).map(|n| fate(&failed(), n, None, NOW)).collect();
        let tried = [30, 120, 600, 3600, 14_400].map(|s| Fate::TriedAgain(after(s)));
        assert_eq!(waits[..5], tried);
        assert_eq!(waits[5], Fate::GivenUp);
    }

    #[test]
    fn a_mail_whose_link_would_be_dead_is_not_sent() {
        let alive = fate(&failed(), 3, Some(after(3601)), NOW);
        assert_eq!(alive, Fate::TriedAgain(after(3600)));
        assert_eq!(fate(&failed(), 3, Some(after(3600)), NOW), Fate::GivenUp);
    }

    #[test]
    fn a_refused_mail_is_not_tried_again() {
        let refused = Handover::Refused(Refusal::new("550", &"no such mailbox ".repeat(99)));
        assert_eq!(fate(&refused, 0, None, NOW), Fate::GivenUp);
        let Handover::Refused(refusal) = refused else {
            unreachable!("it was made so")
        };
        assert_eq!(refusal.words.len(), 500);
    }

    #[test]
    fn what_is_wrong_with_us_is_tried_again_and_what_is_wrong_with_the_mail_is_not() {
        for status in [200, 202] {
            assert_eq!(handover_by_status(status, ""), Handover::Taken);
        }
        assert!(matches!(handover_by_status(413, ""), Handover::Refused(_)));
        for status in [400, 401, 402, 403, 404, 406, 408, 422, 429, 500, 503] {
            assert!(matches!(
                handover_by_status(status, ""),
                Handover::Declined(_)
            ));
        }
        assert!(matches!(handover_by_status(301, ""), Handover::Failed(_)));
    }

    #[test]
    fn an_smtp_server_refuses_for_good_only_what_is_about_the_recipient_or_the_mail() {
        let cases = [
            (550, "5.1.1 No such user", true),
            (553, "5.1.3: bad address", true),
            (552, "5.2.2 Mailbox full", true),
            (552, "5.3.4 Too big", true),
            (554, "5.6.0 Bad content", true),
            (550, "No such user", true),
            (551, "", true),
            (554, "Transaction failed", true),
            (553, "5.1.8 Sender has no domain", false),
            (550, "5.1.7 Bad sender", false),
            (550, "5.7.1 Relaying denied", false),
            (554, "5.7.26 Not authenticated", false),
            (550, "5.4.5 Daily quota exceeded", false),
            (503, "5.5.1 Bad sequence", false),
            (550, "5.3.0 Some fault", false),
            (530, "5.7.0 Log in", false),
            (535, "5.1.1 Strange", false),
            (501, "Syntax error", false),
            (541, "Refused by policy", false),
        ];
        for (code, words, is_final) in cases {
            let refused = matches!(handover_by_reply(code, words), Handover::Refused(_));
            assert_eq!(refused, is_final, "{code} {words}");
        }
    }

    #[test]
    fn a_declined_mail_is_tried_again_and_its_reason_is_kept() {
        let declined = handover_by_reply(550, "5.7.1 Relaying denied");
        assert_eq!(fate(&declined, 0, None, NOW), Fate::TriedAgain(after(30)));
        assert_eq!(fate(&declined, 5, None, NOW), Fate::GivenUp);
        let wanted = Refusal::new("550", "5.7.1 Relaying denied");
        assert_eq!(declined.reason(), Some(wanted));
        assert_eq!(Handover::Taken.reason(), None);
    }

    #[test]
    fn an_address_gets_three_mails_a_day_a_minute_apart() {
        let (cap, minute) = (MailCap::USUAL, Duration::from_mins(1));
        assert_eq!(mail_slot(cap, 0, None, NOW), Some(NOW));
        assert_eq!(mail_slot(cap, 1, Some(NOW), NOW), Some(NOW + minute));
        assert_eq!(
            mail_slot(cap, 2, Some(NOW), NOW + minute * 2),
            Some(NOW + minute * 2)
        );
        assert_eq!(mail_slot(cap, 3, Some(NOW), NOW + minute * 2), None);
        assert_eq!(mail_slot(MailCap::NONE, 500, Some(NOW), NOW), Some(NOW));
    }
}
