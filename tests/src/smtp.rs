//! A mail server: real SMTP, with moods.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::deadline::eventually;
use crate::leash::Leash;
use crate::script;
use crate::workspace::{fresh_folder, root};

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// In clear, without a login: what an operator may have on the same machine.
    Plain,
    /// TLS from the first byte.
    Tls,
    /// STARTTLS.
    StartTls,
    /// STARTTLS, and only the older of the two ways to log in.
    OldLogin,
    /// It knows no STARTTLS.
    NeverTls,
}

/// One mail as the server has taken it.
#[derive(Debug)]
pub struct Taken {
    /// The envelope, and how it came.
    pub facts: Value,
    /// The message, base64.
    pub raw: String,
}

/// It runs for as long as this is held.
#[derive(Debug)]
pub struct SmtpServer {
    port: u16,
    mails: PathBuf,
    certificate: PathBuf,
    _leash: Leash,
}

impl SmtpServer {
    /// Starts on a free port, with a certificate of its own for `localhost`.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let mails = fresh_folder("smtp");
        let (key, certificate) = (mails.join("key.pem"), mails.join("cert.pem"));
        make_certificate(&key, &certificate);
        let mode = match manner {
            Manner::Plain => "plain",
            Manner::Tls => "tls",
            Manner::StartTls => "starttls",
            Manner::OldLogin => "login",
            Manner::NeverTls => "none",
        };
        let leash = Leash::start(
            "node".as_ref(),
            &["tests/src/smtp-server.mjs"],
            root(),
            &[
                ("DIR", &mails.display().to_string()),
                ("MODE", mode),
                ("KEY", &key.display().to_string()),
                ("CERT", &certificate.display().to_string()),
            ],
        );
        let port = eventually("the mail server to listen", || {
            let printed = leash.printed();
            let line = printed.lines().find_map(|line| line.split_once("smtp: "));
            line.and_then(|(_, port)| port.trim().parse().ok())
        });
        Self {
            port,
            mails,
            certificate,
            _leash: leash,
        }
    }

    /// The lines of `.dev.vars` that make a collector send by it.
    #[must_use]
    pub fn variables(&self, scheme: &str, rest: &str) -> String {
        format!(
            "SAYSO_MAILER=smtp\nSAYSO_SMTP_URL={scheme}localhost:{}{rest}\nDEV_TRUSTED_CERTIFICATE={}\n",
            self.port,
            self.certificate.display()
        )
    }

    /// The mails to an address, in the order in which they came.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Taken> {
        let facts = self.taken().into_iter();
        facts
            .filter(|facts| facts["to"] == address)
            .map(|facts| Taken {
                raw: facts["raw"].as_str().unwrap_or_default().to_owned(),
                facts,
            })
            .collect()
    }

    /// When the first mail to each address was there, in milliseconds since 1970.
    #[must_use]
    pub fn arrivals(&self) -> BTreeMap<String, u64> {
        let mut arrivals = BTreeMap::new();
        for facts in self.taken() {
            let to = facts["to"].as_str().unwrap_or_default().to_owned();
            let at = facts["at"].as_u64().expect("a moment");
            let _ = arrivals.entry(to).or_insert(at);
        }
        arrivals
    }

    /// The facts of all mails, in the order in which they came.
    fn taken(&self) -> Vec<Value> {
        let mut files: Vec<_> = fs::read_dir(&self.mails)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
            .collect();
        files.sort();
        let read = |path: &PathBuf| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok();
        files.iter().filter_map(read).collect()
    }

    /// The first mail to an address, as soon as it is there.
    #[must_use]
    pub fn mail_to(&self, address: &str) -> Taken {
        eventually(&format!("a mail to {address}"), || {
            self.mails_to(address).into_iter().next()
        })
    }
}

impl Taken {
    /// The mail as Python's `email` package understands it: headers, parts, defects.
    #[must_use]
    pub fn parsed(&self) -> Value {
        let text = include_str!("parse-mail.py");
        let printed = script::python(text, &[("RAW", &self.raw)]).printed();
        serde_json::from_str(&printed).expect("the script prints JSON")
    }
}

fn make_certificate(key: &Path, certificate: &Path) {
    let text = include_str!("make-certificate.py");
    let names = [
        ("KEY", key.display().to_string()),
        ("CERT", certificate.display().to_string()),
    ];
    let names: Vec<_> = names
        .iter()
        .map(|(name, path)| (*name, path.as_str()))
        .collect();
    assert!(script::python(text, &names).printed().is_empty());
}
