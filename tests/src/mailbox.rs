//! The visitor's mailbox: what `/dev/mailbox.json` shows of the mails that would have left.

use serde_json::Value;

use crate::deadline::eventually;
use crate::stack::Stack;
use crate::wire::get;

/// One mail, as far as a person looks at it.
#[derive(Debug)]
pub struct Mail {
    /// The whole of it.
    pub json: Value,
}

/// All mails to `to`, newest first.
#[must_use]
pub fn mails(stack: &Stack, to: &str) -> Vec<Mail> {
    let to = to.replace('+', "%2B");
    let answer = get(stack.collector(&format!("/dev/mailbox.json?to={to}")))
        .send()
        .expect(200)
        .json();
    let mails = answer["mails"].as_array().into_iter().flatten();
    mails.map(|mail| Mail { json: mail.clone() }).collect()
}

/// Waits for the first mail to `to`.
#[must_use]
pub fn wait_for_mail(stack: &Stack, to: &str) -> Mail {
    eventually("a mail", || mails(stack, to).into_iter().next())
}

impl Mail {
    /// The link whose page asks to confirm.
    #[must_use]
    pub fn confirm_link(&self) -> String {
        self.link("/confirm/")
    }

    /// The link whose page lets withdraw.
    #[must_use]
    pub fn withdraw_link(&self) -> String {
        self.link("/preferences/")
    }

    /// Every link.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let links = self.json["links"].as_array().into_iter().flatten();
        links.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn link(&self, path: &str) -> String {
        let mut links = self.links().into_iter();
        links
            .find(|link| link.contains(path))
            .unwrap_or_else(|| panic!("no link to {path} in {}", self.json))
    }
}
