//! The mail to the operator when delivery to an endpoint has stopped, or events were put aside. In English, as is everything that operators read.

use std::collections::BTreeMap;

use askama::Template;
use sayso_shared::{
    definition::MailSender,
    delivery::Stopped,
    key::{EndpointKey, SiteKey},
    time::Timestamp,
};

use super::Letter;

/// Where something is wrong, and what.
pub(crate) struct Alert<'a> {
    pub(crate) site: &'a SiteKey,
    pub(crate) endpoint: &'a EndpointKey,
    pub(crate) is_connector: bool,
    pub(crate) news: News,
    pub(crate) since: Option<Timestamp>,
    pub(crate) public_url: &'a str,
}

/// What there is to tell.
#[derive(Clone, Copy)]
pub(crate) enum News {
    /// Nothing is sent any more
    Stopped(Stopped),
    /// So many events were refused, each for its own sake, and wait for the operator
    PutAside(u32),
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
            subject: self.subject(),
            text,
            html,
            headers: BTreeMap::from([("Auto-Submitted".to_owned(), "auto-generated".to_owned())]),
            links: Vec::new(),
        })
    }

    fn subject(&self) -> String {
        let Self { site, endpoint, .. } = self;
        match self.news {
            News::Stopped(_) => format!("Delivery to {endpoint} of {site} has stopped"),
            News::PutAside(1) => format!("{endpoint} of {site} refused an event"),
            News::PutAside(count) => format!("{endpoint} of {site} refused {count} events"),
        }
    }

    /// What it is called in a sentence, and in a route with an s.
    fn kind(&self) -> &'static str {
        if self.is_connector {
            "connector"
        } else {
            "endpoint"
        }
    }

    /// Its routes.
    fn routes(&self) -> String {
        let (url, site) = (self.public_url, self.site);
        format!("{url}/v1/sites/{site}/{}s/{}", self.kind(), self.endpoint)
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
            is_connector: false,
            news: News::Stopped(Stopped::Failing),
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
        alert.news = News::Stopped(Stopped::Gone);
        let letter = alert
            .letter(&sender(Some("ops@example.com")))
            .expect("a letter");
        assert_eq!(letter.to, "ops@example.com");
        assert!(letter.text.contains("410"), "{}", letter.text);
    }
    #[test]
    fn it_says_what_was_put_aside_and_where_that_is_seen_and_sent_again() {
        let sender = MailSender {
            from: "post@example.com".to_owned(),
            from_name: "Demo".to_owned(),
            confirm_subject: BTreeMap::new(),
            operator: None,
        };
        let site = SiteKey::parse("demo").expect("a site");
        let endpoint = EndpointKey::parse("crm").expect("an endpoint");
        let mut alert = Alert {
            site: &site,
            endpoint: &endpoint,
            is_connector: true,
            news: News::PutAside(1),
            since: Some(Timestamp::EPOCH),
            public_url: "https://consent.example.com",
        };
        let letter = alert.letter(&sender).expect("a letter");
        assert_eq!(letter.subject, "crm of demo refused an event");
        let routes = "https://consent.example.com/v1/sites/demo/connectors/crm";
        for part in [
            format!("GET {routes}/deliveries"),
            format!("POST {routes}/deliveries/EVENT/resend"),
        ] {
            assert!(letter.text.contains(&part), "{}", letter.text);
        }
        assert!(!letter.text.contains("/enable"), "{}", letter.text);
        alert.news = News::PutAside(3);
        let letter = alert.letter(&sender).expect("a letter");
        assert_eq!(letter.subject, "crm of demo refused 3 events");
        assert!(letter.text.contains("3 events"), "{}", letter.text);
    }
}
