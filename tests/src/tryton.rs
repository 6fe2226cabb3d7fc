//! Tryton, a CRM that Sayso did not write: a process of its own, on SQLite, asked over its own API.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use crate::deadline::{eventually, within};
use crate::leash::Leash;
use crate::ports;
use crate::wire::{ask, get};
use crate::workspace::{fresh_folder, root};

/// Making the database takes half a minute on a busy machine.
const START: Duration = Duration::from_mins(5);

/// It runs for as long as this is held.
#[derive(Debug)]
pub struct Tryton {
    port: u16,
    folder: PathBuf,
    /// The key of a validated user application.
    pub key: String,
    /// The id of a mailing list.
    pub list: u64,
    leash: Option<Leash>,
}

impl Tryton {
    /// Starts on a free port, with an empty database.
    #[must_use]
    pub fn start() -> Self {
        let (folder, port) = (fresh_folder("tryton"), ports::free(1));
        let mut tryton = Self {
            port,
            folder,
            key: String::new(),
            list: 0,
            leash: None,
        };
        tryton.start_again();
        tryton
    }

    /// Starts on what an earlier one left, on the same port.
    pub fn start_again(&mut self) {
        let program = root().join("target/python/bin/python");
        let (folder, port) = (self.folder.display().to_string(), self.port.to_string());
        let leash = Leash::start(
            &program,
            &["tests/src/tryton.py"],
            root(),
            &[("DIR", &folder), ("PORT", &port)],
        );
        let (key, list) = within(START, || {
            let printed = leash.printed();
            let said = |name: &str| {
                let line = printed.lines().find_map(|line| line.strip_prefix(name));
                line.map(|said| said.trim().to_owned())
            };
            Some((said("key: ")?, said("list: ")?.parse().ok()?))
        })
        .unwrap_or_else(|| panic!("no database of Tryton:\n{}", leash.printed()));
        (self.key, self.list) = (key, list);
        self.leash = Some(leash);
        eventually("Tryton to answer", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// Ends it; the database stays.
    pub fn stop(&mut self) {
        self.leash = None;
        eventually("Tryton to be gone", || {
            let connected = std::net::TcpStream::connect(("127.0.0.1", self.port));
            connected.is_err().then_some(())
        });
    }

    /// The settings and credentials of a connector to it.
    #[must_use]
    pub fn connector(&self) -> Value {
        json!({
            "crm": "tryton",
            "settings": {"origin": self.origin(), "database": "crm", "purposes": {"EMARKETING": {"list": self.list}}},
            "credentials": {"key": self.key},
        })
    }

    /// Where it is.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The rows of a model that a domain selects.
    #[must_use]
    pub fn rows(&self, model: &str, fields: &str, domain: &Value) -> Vec<Value> {
        let domain = URL_SAFE.encode(domain.to_string());
        let domain = domain.replace('=', "%3D");
        let url = format!(
            "{}/crm/rest/model/{model}?f={fields}&d={domain}",
            self.origin()
        );
        let rows = get(url).bearer(&self.key).send().expect(200).json();
        rows.as_array().cloned().unwrap_or_default()
    }

    /// Makes a row, as somebody who works with Tryton would.
    pub fn make(&self, model: &str, row: &Value) {
        let url = format!("{}/crm/rest/model/{model}", self.origin());
        let _ = ask("POST", url)
            .bearer(&self.key)
            .json(row)
            .send()
            .expect(200);
    }

    /// Changes a row, as somebody who works with Tryton would.
    pub fn set(&self, model: &str, id: u64, row: &Value) {
        let url = format!("{}/crm/rest/model/{model}/{id}", self.origin());
        let _ = ask("PUT", url)
            .bearer(&self.key)
            .json(row)
            .send()
            .expect(200);
    }

    /// Whether each subscription of an address to the list is active.
    #[must_use]
    pub fn subscriptions(&self, email: &str) -> Vec<bool> {
        let domain = json!([
            ["email", "=", email],
            ["list_", "=", self.list],
            ["active", "in", [true, false]]
        ]);
        let rows = self.rows("marketing.email", "active", &domain);
        let is_active = |row: &Value| row["active"] == json!(true) || row["active"] == json!(1);
        rows.iter().map(is_active).collect()
    }

    /// The parties of an address.
    #[must_use]
    pub fn parties(&self, email: &str) -> Vec<u64> {
        let domain = json!([["contact_mechanisms.value", "=", email]]);
        let rows = self.rows("party.party", "name", &domain);
        rows.iter().filter_map(|row| row["id"].as_u64()).collect()
    }

    /// The notes on a party.
    #[must_use]
    pub fn notes(&self, party: u64) -> Vec<String> {
        let domain = json!([["resource", "=", format!("party.party,{party}")]]);
        let rows = self.rows("ir.note", "message", &domain);
        let text = |row: &Value| row["message"].as_str().map(str::to_owned);
        rows.iter().filter_map(text).collect()
    }
}
