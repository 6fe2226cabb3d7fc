//! SuperOffice, as its published documents say: tenant state, the system user's ticket, and of the REST API v1 persons, consents and lists.
//!
//! A customer lives on one of two hosts and can move; the other answers 421 then. The login host is the first. The system user's statement
//! is verified with the public key by a library that is not ours.

mod lists;
mod login;
mod register;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Asked, Books, Cloud, Documented};
use crate::host::Reply;

pub use lists::{FIELD, NEWS};
pub use login::{Key, SECRET, SYSTEM_USER};
pub use register::Person;

/// The customer.
pub const TENANT: &str = "Cust12345";

/// Both hosts of SuperOffice, and what the customer has.
pub struct SuperOffice {
    hosts: [Cloud<Host>; 2],
    house: Arc<Mutex<House>>,
}

/// What is the same wherever the customer lives.
pub struct House {
    /// The application's key
    pub key: Key,
    /// In which state the customer is, and whether that can be used
    pub state: (&'static str, bool),
    /// The persons and their consents
    pub register: register::Register,
    /// How many tickets there were; the last one lets in
    pub tickets: u32,
    origins: Vec<String>,
    lives_at: usize,
}

/// One of the hosts.
pub struct Host {
    house: Arc<Mutex<House>>,
    number: usize,
}

impl SuperOffice {
    /// Starts both hosts.
    #[must_use]
    pub fn start() -> Self {
        let house = Arc::new(Mutex::new(House {
            key: Key::make(),
            state: ("Running", true),
            register: register::Register::default(),
            tickets: 0,
            origins: Vec::new(),
            lives_at: 1,
        }));
        let hosts = [0, 1].map(|number| {
            let house = Arc::clone(&house);
            Cloud::start(Host { house, number })
        });
        lock(&house).origins = hosts.iter().map(Cloud::origin).collect();
        Self { hosts, house }
    }

    /// Where somebody signs in.
    #[must_use]
    pub fn origin(&self) -> String {
        self.hosts[0].origin()
    }

    /// Looks into the house, or changes something as somebody who works with SuperOffice would.
    pub fn house<R>(&self, act: impl FnOnce(&mut House) -> R) -> R {
        act(&mut lock(&self.house))
    }

    /// The customer moves to the other host.
    pub fn moves(&self) {
        self.house(|house| house.lives_at = 1 - house.lives_at);
    }

    /// The next request like this to either host is answered so, once, and changes nothing.
    pub fn answers_once(
        &self,
        with: impl Fn(&Asked) -> bool + Clone + Send + 'static,
        reply: Reply,
    ) {
        let at = self.house(|house| house.lives_at);
        self.hosts[at].answers_once(with, reply);
    }

    /// Every request to either host that fits.
    #[must_use]
    pub fn asked(&self, fits: impl Fn(&Asked) -> bool) -> Vec<Asked> {
        let hosts = self.hosts.iter();
        hosts.flat_map(|host| host.asked(&fits)).collect()
    }

    /// Fails if the documentation does not name something that was asked.
    pub fn asked_nothing_undocumented(&self) {
        for host in &self.hosts {
            host.asked_nothing_undocumented();
        }
    }
}

impl Books for Host {
    fn answer(&mut self, asked: &Asked) -> Documented {
        let mut house = lock(&self.house);
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if self.number == 0 {
            match (asked.method.as_str(), &path[..]) {
                ("GET", ["api", "state", TENANT]) => return house.tell_state(asked),
                ("POST", ["Login", "api", "PartnerSystemUser", "Authenticate"]) => {
                    return house.authenticate(asked);
                }
                _ => {}
            }
        }
        let [TENANT, "api", "v1", path @ ..] = &path[..] else {
            return Err(asked.undocumented("no such path"));
        };
        if self.number != house.lives_at {
            return Ok(Reply::of(421, "text/plain", "Misdirected Request"));
        }
        if !house.lets_in(asked) {
            let words = "Authentication failed";
            return Ok(refusal(401, "SoSecurityException", words));
        }
        if asked.header("accept") != "application/json" || asked.header("accept-language") != "en" {
            return Err(asked.undocumented("what it accepts"));
        }
        house.register.answer(asked, path)
    }
}

impl House {
    fn tell_state(&self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        asked.has_no_body()?;
        if !asked.header("authorization").is_empty() || !asked.header("so-apptoken").is_empty() {
            return Err(asked.undocumented("a secret, which nobody asked for"));
        }
        let (state, is_running) = self.state;
        let at = &self.origins[self.lives_at];
        let body = json!({
            "ContextIdentifier": TENANT, "Endpoint": format!("{at}/{TENANT}"), "State": state, "IsRunning": is_running,
            "ValidUntil": "2099-10-05T09:52:01.9342965Z", "Api": format!("{at}/{TENANT}/api"), "Version": "10.3.7",
        });
        Ok(answer(200, &body))
    }
}

/// An error in SuperOffice's shape.
#[must_use]
pub fn refusal(status: u16, kind: &str, message: &str) -> Reply {
    let body = json!({"Error": true, "ErrorType": kind, "ErrorMessage": message, "ErrorSource": "SoDataBase"});
    answer(status, &body)
}

fn answer(status: u16, body: &Value) -> Reply {
    Reply::of(status, "application/json", &body.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
