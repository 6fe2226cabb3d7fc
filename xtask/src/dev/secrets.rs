//! The secrets of a developer's machine: made once, kept in an ignored file that only the user can read.
//! Their values are never printed.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::step;

/// The names that the collector knows.
pub(super) const OF_THE_COLLECTOR: [&str; 3] =
    ["SAYSO_SIGNING_KEY", "SAYSO_KEK", "SAYSO_ADMIN_TOKEN"];
/// What an operator may set besides; nothing is made up for it.
pub(super) const OPTIONAL: [&str; 7] = [
    "SAYSO_RETIRED_KEYS",
    "SAYSO_KEK_FORMER",
    "SAYSO_SMTP_URL",
    "SAYSO_MAIL_SERVICE",
    "SAYSO_MAIL_KEY",
    "SAYSO_MAIL_DOMAIN",
    "SAYSO_MAIL_URL",
];
/// A certificate in PEM that the collector trusts besides those of browsers: a mail server on this machine has its own.
const TRUSTED: &str = "DEV_TRUSTED_CERTIFICATE";
/// What the demo CRM and its endpoint share.
const OF_THE_CRM: &str = "DEMO_WEBHOOK_SECRET";

/// Names and values of a `.dev.vars` file.
#[derive(Default)]
pub(super) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Reads the file and adds to it what it lacks.
    pub(super) fn load_or_create(file: &Path) -> Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.display()));
            }
        };
        let mut known = parse(&text);
        let mut added = String::new();
        for name in OF_THE_COLLECTOR.into_iter().chain([OF_THE_CRM]) {
            if !known.contains_key(name) {
                let value = fresh(name)?;
                let _ = writeln!(added, "{name}=\"{value}\"");
                known.insert(name.to_owned(), value);
            }
        }
        if !added.is_empty() {
            if !text.is_empty() && !text.ends_with('\n') {
                added.insert(0, '\n');
            }
            File::options()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(file)
                .and_then(|mut file| file.write_all(added.as_bytes()))
                .with_context(|| format!("cannot write {}", file.display()))?;
            step::note(&format!("new secrets in {}", file.display()));
        }
        Ok(Self(known))
    }

    /// A secret of the collector.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// How mails leave: into the mailbox page, unless the file says otherwise.
    pub(super) fn mailer(&self) -> &str {
        match self.value("SAYSO_MAILER") {
            "" => "dev",
            mailer => mailer,
        }
    }

    /// The file of a certificate that is trusted besides those of browsers.
    pub(super) fn trusted_certificate(&self) -> Option<&Path> {
        self.0.get(TRUSTED).map(Path::new)
    }

    /// What opens the admin routes.
    pub(super) fn admin_token(&self) -> &str {
        self.value("SAYSO_ADMIN_TOKEN")
    }

    /// What the webhooks to the demo CRM are signed with.
    pub(super) fn webhook(&self) -> &str {
        self.value(OF_THE_CRM)
    }
}

/// `NAME=value` or `NAME="value"` on each line, as wrangler reads it.
fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            (name.trim().to_owned(), value.to_owned())
        })
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn fresh(name: &str) -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read random bytes")?;
    Ok(if name == OF_THE_CRM {
        // Standard Webhooks wants the standard alphabet, with padding.
        format!("whsec_{}", STANDARD.encode(bytes))
    } else {
        URL_SAFE_NO_PAD.encode(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_value_may_be_quoted_and_hold_an_equals_sign() {
        let known = parse("# note\nA=\"x==\"\n B = y \nEMPTY=\nnothing\n");
        assert_eq!(known.get("A").map(String::as_str), Some("x=="));
        assert_eq!(known.get("B").map(String::as_str), Some("y"));
        assert_eq!(known.len(), 2);
    }
}
