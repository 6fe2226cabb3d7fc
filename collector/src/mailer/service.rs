//! Mail services with an interface over HTTP: Postmark, Resend, Mailgun and SendGrid, each a mapping of a mail to a request.
//!
//! None of them is asked to follow who opens or clicks; where that is on by default it is switched off.

use std::{pin::pin, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::{Either, select};
use sayso_shared::{
    mailing::{Handover, Refusal, handover_by_status},
    problem::Problem,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use worker::{
    AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
};

use super::{Dispatch, message::one_line};

const TIME_OUT: Duration = Duration::from_secs(15);

/// One of the services, and our account there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Service {
    kind: Kind,
    /// Up to the path, without a slash at the end
    base: String,
    key: String,
    /// Only of Mailgun: the sending domain
    domain: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postmark,
    Resend,
    Mailgun,
    SendGrid,
}

/// A request before it is one of the Worker's: those cannot be made outside of a Worker.
#[derive(Debug, PartialEq)]
struct Draft {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Service {
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let needed = |name: &str, must: &str| {
            variable(name).ok_or_else(|| Problem::misconfigured(name, must))
        };
        let which = "must be postmark, resend, mailgun or sendgrid";
        let (kind, usual) = match needed("SAYSO_MAIL_SERVICE", which)?.as_str() {
            "postmark" => (Kind::Postmark, "https://api.postmarkapp.com"),
            "resend" => (Kind::Resend, "https://api.resend.com"),
            "mailgun" => (Kind::Mailgun, "https://api.mailgun.net"),
            "sendgrid" => (Kind::SendGrid, "https://api.sendgrid.com"),
            _ => return Err(Problem::misconfigured("SAYSO_MAIL_SERVICE", which)),
        };
        let key = needed("SAYSO_MAIL_KEY", "must be the API key of the mail service")?;
        let domain = match kind {
            Kind::Mailgun => needed(
                "SAYSO_MAIL_DOMAIN",
                "must be the sending domain at Mailgun, such as mg.example.com",
            )?,
            _ => String::new(),
        };
        let base = match variable("SAYSO_MAIL_URL") {
            None => usual.to_owned(),
            Some(text) => base(&text).ok_or_else(|| {
                let must = "must be the origin of the service, such as https://api.eu.mailgun.net";
                Problem::misconfigured("SAYSO_MAIL_URL", must)
            })?,
        };
        Ok(Self {
            kind,
            base,
            key,
            domain,
        })
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, dispatch: &Dispatch) -> Handover {
        let controller = AbortController::default();
        let signal = controller.signal();
        let exchange = async {
            let request = request(&self.draft(dispatch))?;
            let mut answer = Fetch::Request(request).send_with_signal(&signal).await?;
            let words = answer.text().await.unwrap_or_default();
            Ok::<_, worker::Error>(self.kind.meaning(answer.status_code(), &words))
        };
        match select(pin!(exchange), pin!(Delay::from(TIME_OUT))).await {
            Either::Left((Ok(handover), _)) => handover,
            Either::Left((Err(_), _)) => Handover::Failed("no answer".to_owned()),
            Either::Right(_) => {
                controller.abort();
                Handover::Failed("it took too long".to_owned())
            }
        }
    }

    fn draft(&self, dispatch: &Dispatch) -> Draft {
        let (path, headers, body) = match self.kind {
            Kind::Postmark => self.postmark(dispatch),
            Kind::Resend => self.resend(dispatch),
            Kind::Mailgun => self.mailgun(dispatch),
            Kind::SendGrid => self.sendgrid(dispatch),
        };
        Draft {
            url: format!("{}{path}", self.base),
            headers,
            body,
        }
    }

    /// <https://postmarkapp.com/developer/api/email-api>
    fn postmark(&self, dispatch: &Dispatch) -> (String, Vec<(&'static str, String)>, String) {
        let letter = &dispatch.letter;
        let mut headers: Vec<Value> = headers(dispatch)
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        // Without it Postmark puts a Message-ID of its own in the place of ours.
        headers.push(json!({"Name": "X-PM-KeepID", "Value": "true"}));
        let body = json!({
            "From": sender(dispatch), "To": letter.to, "Subject": one_line(&letter.subject),
            "TextBody": letter.text, "HtmlBody": letter.html, "Headers": headers,
            "TrackOpens": false, "TrackLinks": "None",
        });
        let key = ("x-postmark-server-token", self.key.clone());
        ("/email".to_owned(), vec![as_json(), key], body.to_string())
    }

    /// <https://resend.com/docs/api-reference/emails/send-email>
    fn resend(&self, dispatch: &Dispatch) -> (String, Vec<(&'static str, String)>, String) {
        let letter = &dispatch.letter;
        let body = json!({
            "from": sender(dispatch), "to": [letter.to], "subject": one_line(&letter.subject),
            "text": letter.text, "html": letter.html, "headers": object(headers(dispatch)),
        });
        // For 24 hours Resend answers a repeat without sending again.
        let once = ("idempotency-key", dispatch.id.clone());
        let headers = vec![as_json(), self.bearer(), once];
        ("/emails".to_owned(), headers, body.to_string())
    }

    /// <https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages>
    fn mailgun(&self, dispatch: &Dispatch) -> (String, Vec<(&'static str, String)>, String) {
        let letter = &dispatch.letter;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("from", &sender(dispatch))
            .append_pair("to", &letter.to)
            .append_pair("subject", &one_line(&letter.subject))
            .append_pair("text", &letter.text)
            .append_pair("html", &letter.html)
            .append_pair("o:tracking", "no");
        for (name, value) in headers(dispatch) {
            form.append_pair(&format!("h:{name}"), &value);
        }
        let login = STANDARD.encode(format!("api:{}", self.key));
        let headers = vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("authorization", format!("Basic {login}")),
        ];
        (
            format!("/v3/{}/messages", self.domain),
            headers,
            form.finish(),
        )
    }

    /// <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>
    fn sendgrid(&self, dispatch: &Dispatch) -> (String, Vec<(&'static str, String)>, String) {
        let letter = &dispatch.letter;
        let body = json!({
            "personalizations": [{"to": [{"email": letter.to}]}],
            "from": {"email": letter.from, "name": one_line(&letter.from_name)},
            "subject": one_line(&letter.subject),
            "content": [
                {"type": "text/plain", "value": letter.text},
                {"type": "text/html", "value": letter.html},
            ],
            "headers": object(headers(dispatch)),
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
            },
        });
        let headers = vec![as_json(), self.bearer()];
        ("/v3/mail/send".to_owned(), headers, body.to_string())
    }

    fn bearer(&self) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.key))
    }
}

impl Kind {
    /// What an answer says of a mail. Postmark says most things by 422 and a code of its own: 300 is an address that is none, 406 one
    /// that bounced or complained (<https://postmarkapp.com/developer/api/overview>).
    fn meaning(self, status: u16, words: &str) -> Handover {
        let said = || serde_json::from_str::<Value>(words).ok()?["ErrorCode"].as_u64();
        match said().filter(|_| self == Self::Postmark && status == 422) {
            Some(code @ (300 | 406)) => {
                Handover::Refused(Refusal::new(format!("HTTP 422, {code}"), words))
            }
            _ => handover_by_status(status, words),
        }
    }
}

/// The origin of a service: HTTPS, or this machine.
fn base(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    let is_origin = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_local;
    (is_origin && is_safe).then(|| url.origin().ascii_serialization())
}

fn as_json() -> (&'static str, String) {
    ("content-type", "application/json".to_owned())
}

/// `Name <address>`, the name quoted where it has to be (RFC 5322 section 3.2.4).
fn sender(dispatch: &Dispatch) -> String {
    let name = one_line(&dispatch.letter.from_name);
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{quoted}\" <{}>", dispatch.letter.from)
}

/// Our own headers, and the `Message-ID` that makes a mail that left twice one.
fn headers(dispatch: &Dispatch) -> impl Iterator<Item = (String, String)> {
    let id = (
        "Message-ID".to_owned(),
        format!("<{}>", dispatch.message_id()),
    );
    let own = dispatch.letter.headers.iter();
    own.map(|(name, value)| (name.clone(), one_line(value)))
        .chain([id])
}

fn object(headers: impl Iterator<Item = (String, String)>) -> Value {
    headers
        .map(|(name, value)| (name, Value::String(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn request(draft: &Draft) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in &draft.headers {
        headers.set(name, value)?;
    }
    headers.set("accept", "application/json")?;
    headers.set("user-agent", concat!("Sayso/", env!("CARGO_PKG_VERSION")))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(draft.body.as_str().into()));
    Request::new_with_init(&draft.url, &init)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sayso_shared::time::Timestamp;

    use super::*;
    use crate::letter::Letter;

    fn dispatch() -> Dispatch {
        Dispatch {
            id: "0197".to_owned(),
            written_at: Timestamp::EPOCH,
            letter: Letter {
                from: "hi@example.com".to_owned(),
                from_name: "Shop \"Zo\"".to_owned(),
                to: "jan@example.org".to_owned(),
                subject: "Ja?\r\nBcc: all@example.org".to_owned(),
                text: "text".to_owned(),
                html: "<p>html".to_owned(),
                headers: BTreeMap::from([("X-A".to_owned(), "b".to_owned())]),
                links: Vec::new(),
            },
        }
    }

    fn draft(service: &str) -> Draft {
        let variable = |name: &str| match name {
            "SAYSO_MAIL_SERVICE" => Some(service.to_owned()),
            "SAYSO_MAIL_KEY" => Some("key".to_owned()),
            "SAYSO_MAIL_DOMAIN" => Some("mg.example.com".to_owned()),
            _ => None,
        };
        let service = Service::read(variable).map_err(|problem| problem.detail);
        match service {
            Ok(service) => service.draft(&dispatch()),
            Err(why) => panic!("{why}"),
        }
    }

    fn body(draft: &Draft) -> Value {
        serde_json::from_str(&draft.body).unwrap_or_default()
    }

    #[test]
    fn postmark_keeps_our_message_id_and_follows_nobody() {
        let draft = draft("postmark");
        assert_eq!(draft.url, "https://api.postmarkapp.com/email");
        assert!(
            draft
                .headers
                .contains(&("x-postmark-server-token", "key".to_owned()))
        );
        let body = body(&draft);
        assert_eq!(body["From"], "\"Shop \\\"Zo\\\"\" <hi@example.com>");
        assert_eq!(body["Subject"], "Ja?  Bcc: all@example.org");
        assert_eq!(body["TrackLinks"], "None");
        let names: Vec<_> = body["Headers"].as_array().into_iter().flatten().collect();
        assert!(names.contains(&&json!({"Name": "Message-ID", "Value": "<0197@example.com>"})));
        assert!(names.contains(&&json!({"Name": "X-PM-KeepID", "Value": "true"})));
    }

    #[test]
    fn resend_is_told_that_a_repeat_is_one() {
        let draft = draft("resend");
        assert_eq!(draft.url, "https://api.resend.com/emails");
        assert!(
            draft
                .headers
                .contains(&("idempotency-key", "0197".to_owned()))
        );
        assert_eq!(body(&draft)["headers"]["Message-ID"], "<0197@example.com>");
        assert_eq!(body(&draft)["to"], json!(["jan@example.org"]));
    }

    #[test]
    fn mailgun_gets_a_form() {
        let draft = draft("mailgun");
        assert_eq!(
            draft.url,
            "https://api.mailgun.net/v3/mg.example.com/messages"
        );
        assert!(
            draft
                .headers
                .contains(&("authorization", "Basic YXBpOmtleQ==".to_owned()))
        );
        let form: BTreeMap<_, _> = form_urlencoded::parse(draft.body.as_bytes()).collect();
        assert_eq!(form["h:Message-ID"], "<0197@example.com>");
        assert_eq!(form["o:tracking"], "no");
        assert_eq!(form["to"], "jan@example.org");
    }

    #[test]
    fn sendgrid_follows_nobody() {
        let draft = draft("sendgrid");
        assert_eq!(draft.url, "https://api.sendgrid.com/v3/mail/send");
        let body = body(&draft);
        assert_eq!(
            body["personalizations"][0]["to"][0]["email"],
            "jan@example.org"
        );
        assert_eq!(body["tracking_settings"]["open_tracking"]["enable"], false);
        assert_eq!(body["content"][1]["value"], "<p>html");
    }

    #[test]
    fn postmark_refuses_an_inactive_recipient_for_good_and_an_unpaid_account_not() {
        let words = |code: u16| json!({"ErrorCode": code, "Message": "no"}).to_string();
        for code in [300, 406] {
            let said = Kind::Postmark.meaning(422, &words(code));
            assert!(matches!(said, Handover::Refused(_)), "{code}");
            let said = Kind::Resend.meaning(422, &words(code));
            assert!(matches!(said, Handover::Declined(_)), "{code}");
        }
        for said in [&words(400), &words(405), "<html>", ""] {
            let said = Kind::Postmark.meaning(422, said);
            assert!(matches!(said, Handover::Declined(_)), "{said:?}");
        }
    }

    #[test]
    fn the_key_never_leaves_over_plain_http() {
        let wanted = "https://api.eu.mailgun.net";
        assert_eq!(base("https://api.eu.mailgun.net/").as_deref(), Some(wanted));
        assert!(base("http://localhost:9000").is_some());
        for text in ["http://api.mailgun.net", "https://u:p@api.mailgun.net", "x"] {
            assert_eq!(base(text), None, "{text}");
        }
    }
}
