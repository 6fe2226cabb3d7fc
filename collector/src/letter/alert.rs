//! The mail to the operator when delivery to an endpoint has stopped. In English, as is everything that operators read.

use std::collections::BTreeMap;

use askama::Template;
use sayso_shared::{
    definition::MailSender,
    delivery::Stopped,
    key::{EndpointKey, SiteKey},
    time::Timestamp,
};

use super::Letter;

/// What has stopped, and why.
pub(crate) struct Alert<'a> {
    pub(crate) site: &'a SiteKey,
    pub(crate) endpoint: &'a EndpointKey,
    pub(crate) stopped: Stopped,
    pub(crate) since: Option<Timestamp>,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "alert.txt", escape = "none")]
struct Text<'a>(&'a Alert<'a>);

#[derive(Template)]
#[template(path = "alert.html")]
struct Html<'a> {
    text: &'a str,
}

impl Alert<'_> {
    /// The mail. It names neither the endpoint's address, in which there may be a secret, nor anybody.
    ///
    /// # Errors
    /// Only if a template is broken, which building notices.
    pub(crate) fn letter(&self, mail: &MailSender) -> askama::Result<Letter> {
        let text = Text(self).render()?;
        let html = Html { text: &text }.render()?;
        Ok(Letter {
            from: mail.from.clone(),
            from_name: mail.from_name.clone(),
            to: mail.operator.as_ref().unwrap_or(&mail.from).clone(),
            subject: format!("Delivery to {} of {} has stopped", self.endpoint, self.site),
            text,
            html,
            headers: BTreeMap::from([("Auto-Submitted".to_owned(), "auto-generated".to_owned())]),
            links: Vec::new(),
        })
    }

    fn is_gone(&self) -> bool {
        self.stopped == Stopped::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_stopped_why_and_what_to_do() {
        let sender = |operator: Option<&str>| MailSender {
            from: "post@example.com".to_owned(),
            from_name: "Demo".to_owned(),
            confirm_subject: BTreeMap::new(),
            operator: operator.map(str::to_owned),
        };
        let site = SiteKey::parse("demo").expect("a site");
        let endpoint = EndpointKey::parse("crm").expect("an endpoint");
        let mut alert = Alert {
            site: &site,
            endpoint: &endpoint,
            stopped: Stopped::Failing,
            since: Some(Timestamp::EPOCH),
            public_url: "https://consent.example.com",
        };
        let letter = alert.letter(&sender(None)).expect("a letter");
        assert_eq!(letter.to, "post@example.com");
        assert_eq!(letter.subject, "Delivery to crm of demo has stopped");
        for part in [
            "since 1970-01-01T00:00:00.000Z",
            "Nothing is lost",
            "POST https://consent.example.com/v1/sites/demo/endpoints/crm/enable",
        ] {
            assert!(letter.text.contains(part), "{}", letter.text);
            assert!(letter.html.contains(part), "{}", letter.html);
        }
        alert.stopped = Stopped::Gone;
        let letter = alert
            .letter(&sender(Some("ops@example.com")))
            .expect("a letter");
        assert_eq!(letter.to, "ops@example.com");
        assert!(letter.text.contains("410"), "{}", letter.text);
    }
}
