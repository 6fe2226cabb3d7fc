//! Cloudflare's Email Service over the binding `EMAIL`.
//!
//! It makes up the `Message-ID` itself, so a mail whose taking was not noted is a second mail to the reader.

use js_sys::{JsString, Object, Reflect};
use sayso_shared::mailing::{Handover, Refusal};
use wasm_bindgen::JsValue;
use worker::{EmailAddress, Env, SendEmail, SendEmailBuilder};

use super::{Dispatch, message::one_line};

/// The name of the binding in wrangler.toml.
pub(super) const BINDING: &str = "EMAIL";

/// What the service says when it will never deliver this mail to this address. Everything else may pass, also a recipient that an
/// account may not write to before it is verified.
const FOR_GOOD: [&str; 3] = [
    "E_RECIPIENT_SUPPRESSED",
    "E_VALIDATION_ERROR",
    "E_CONTENT_TOO_LARGE",
];

pub(super) async fn send(env: &Env, dispatch: &Dispatch) -> Handover {
    let Ok(service) = env.get_binding::<SendEmail>(BINDING) else {
        return Handover::Failed("there is no binding EMAIL".to_owned());
    };
    let letter = &dispatch.letter;
    let from = EmailAddress::new(&one_line(&letter.from_name), &letter.from);
    let subject = one_line(&letter.subject);
    let mail = SendEmailBuilder::new_with_email_address_and_str(&from, &letter.to, &subject);
    mail.set_text(&letter.text);
    mail.set_html(&letter.html);
    let headers: Object<JsString> = Object::new_typed();
    for (name, value) in &letter.headers {
        let _ = Reflect::set(&headers, &name.into(), &one_line(value).into());
    }
    mail.set_headers(&headers);
    match service.send_with_builder(&mail).await {
        Ok(_) => Handover::Taken,
        Err(error) => meaning(&code(&error), &String::from(error.message())),
    }
}

fn code(error: &JsValue) -> String {
    Reflect::get(error, &"code".into())
        .ok()
        .and_then(|code| code.as_string())
        .unwrap_or_else(|| "no code".to_owned())
}

fn meaning(code: &str, words: &str) -> Handover {
    if FOR_GOOD.contains(&code) {
        Handover::Refused(Refusal::new(code, words))
    } else {
        Handover::Declined(Refusal::new(code, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppressed_address_is_a_refusal_and_a_full_day_is_not() {
        let refused = meaning("E_RECIPIENT_SUPPRESSED", "it bounced before");
        assert!(matches!(refused, Handover::Refused(_)));
        for code in [
            "E_RATE_LIMIT_EXCEEDED",
            "E_SENDER_NOT_VERIFIED",
            "E_RECIPIENT_NOT_ALLOWED",
            "E_DELIVERY_FAILED",
            "no code",
        ] {
            assert!(matches!(meaning(code, ""), Handover::Declined(_)), "{code}");
        }
    }
}
