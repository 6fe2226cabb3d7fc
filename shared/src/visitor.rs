//! Visitors of links: with what a link was opened, as far as it says so itself.
//!
//! Programs that check the links of mails open them before people do. It changes nothing when they do, and a press that nobody made
//! would show: in the evidence stands with what a link was opened before it was pressed.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// With what a link is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VisitorClass {
    /// A browser, or something that passes for one
    Browser,
    /// A mail program
    MailProgram,
    /// Something that looks after links: a scanner, a crawler, a preview
    LinkScanner,
    /// Another program
    Program,
    /// It did not say
    Unsaid,
}

/// Parts of the names of programs that look after links; in lower case.
const SCANNERS: &[&str] = &[
    "bot/",
    "bot;",
    "bot)",
    "robot",
    "slackbot",
    "crawl",
    "spider",
    "scanner",
    "preview",
    "safelinks",
    "barracuda",
    "proofpoint",
    "mimecast",
    "urldefense",
    "trendmicro",
    "symantec",
    "fireeye",
    "forcepoint",
    "sophos",
    "bitdefender",
    "kaspersky",
    "virustotal",
    "slurp",
    "facebookexternalhit",
    "headless",
];

/// Parts of the names of mail programs; in lower case.
const MAIL_PROGRAMS: [&str; 6] = [
    "outlook",
    "microsoft office",
    "thunderbird",
    "apple mail",
    "googleimageproxy",
    "airmail",
];

impl VisitorClass {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 5] = [
        Self::Browser,
        Self::MailProgram,
        Self::LinkScanner,
        Self::Program,
        Self::Unsaid,
    ];

    /// By the `User-Agent` of a request (RFC 9110 section 10.1.5).
    #[must_use]
    pub fn of(user_agent: Option<&str>) -> Self {
        let agent = user_agent.unwrap_or_default().to_ascii_lowercase();
        let names = |parts: &[&str]| parts.iter().any(|part| agent.contains(part));
        if agent.trim().is_empty() {
            Self::Unsaid
        } else if names(SCANNERS) {
            Self::LinkScanner
        } else if names(&MAIL_PROGRAMS) {
            Self::MailProgram
        } else if agent.starts_with("mozilla/") || agent.starts_with("opera/") {
            Self::Browser
        } else {
            Self::Program
        }
    }

    /// Whether it opens links for somebody else's sake rather than to read what they lead to.
    #[must_use]
    pub fn is_scanner_like(self) -> bool {
        self != Self::Browser && self != Self::MailProgram
    }
}

/// How often a link was opened so far, as far as it is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Visits {
    /// How often altogether
    pub opened: u32,
    /// How often of those by something that looks after links, or says nothing of itself
    pub scanner_like: u32,
}

impl Visits {
    /// With one more.
    #[must_use]
    pub fn and(self, class: VisitorClass) -> Self {
        Self {
            opened: self.opened.saturating_add(1),
            scanner_like: self
                .scanner_like
                .saturating_add(u32::from(class.is_scanner_like())),
        }
    }
}

/// How a request was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirmation {
    /// When the button was pressed
    pub at: Timestamp,
    /// With what
    pub with: VisitorClass,
    /// How long after the mail had left, in seconds; nothing where it is not known to have left
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_after_mail: Option<u64>,
    /// How often the link had been opened before. It is remembered for a while only, so there may have been more
    pub before: Visits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_known_by_what_it_says_of_itself() {
        for (agent, class) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                VisitorClass::Browser,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15",
                VisitorClass::Browser,
            ),
            (
                "Mozilla/5.0 (compatible; Barracuda Sentinel)",
                VisitorClass::LinkScanner,
            ),
            (
                "Microsoft Office/16.0 (Microsoft Outlook 16.0; SafeLinks)",
                VisitorClass::LinkScanner,
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1)",
                VisitorClass::LinkScanner,
            ),
            (
                "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
                VisitorClass::MailProgram,
            ),
            ("curl/8.9.1", VisitorClass::Program),
            (" ", VisitorClass::Unsaid),
        ] {
            assert_eq!(VisitorClass::of(Some(agent)), class, "{agent}");
        }
        assert_eq!(VisitorClass::of(None), VisitorClass::Unsaid);
    }

    #[test]
    fn who_says_nothing_of_itself_counts_as_a_scanner() {
        let visits = VisitorClass::ALL
            .into_iter()
            .fold(Visits::default(), Visits::and);
        assert_eq!((visits.opened, visits.scanner_like), (5, 3));
    }
}
