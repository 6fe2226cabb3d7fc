//! The whole of Sayso, running: collector on workerd, example pages, demo CRM, as `cargo xtask dev` starts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::{Value, json};

use crate::deadline::eventually;
use crate::leash::Leash;
use crate::wire::{self, Answer, Ask, get};
use crate::{ports, workspace};

/// Starting takes two seconds; a busy machine may take a while.
const START: Duration = Duration::from_mins(2);

/// One running stack. It ends with the process that started it, at the latest.
#[derive(Debug)]
pub struct Stack {
    port: u16,
    state: PathBuf,
    dev: Leash,
}

impl Stack {
    /// A new one, with nothing stored yet.
    #[must_use]
    pub fn start() -> Self {
        Self::start_in(&workspace::fresh_folder("stack"), ports::free(3))
            .unwrap_or_else(|printed| panic!("dev did not get ready:\n{printed}"))
    }

    /// On the state that an earlier one left in `state`.
    ///
    /// # Errors
    /// All that it printed, when it does not get ready.
    pub fn start_in(state: &Path, port: u16) -> Result<Self, String> {
        let dev = launch(state, port);
        dev.wait_for_line("ready", START)?;
        Ok(Stack {
            port,
            state: state.to_owned(),
            dev,
        })
    }

    /// Where the collector's state, keys and logs are.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The collector's port; the pages and the CRM have the two after it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The pid of `xtask dev`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.dev.pid()
    }

    /// The collector's address for `path`, which begins with a slash.
    #[must_use]
    pub fn collector(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The same on the example pages' origin.
    #[must_use]
    pub fn pages(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port + 1)
    }

    /// The same on the demo CRM's origin.
    #[must_use]
    pub fn crm(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port + 2)
    }

    /// The operator's key of keys.
    #[must_use]
    pub fn admin_token(&self) -> String {
        secret(&self.state, "SAYSO_ADMIN_TOKEN")
    }

    /// The key with which the demo CRM pulls.
    #[must_use]
    pub fn demo_key(&self) -> String {
        let file = self.state.join("demo-key");
        let key =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        key.trim().to_owned()
    }

    /// A request of the operator's.
    #[must_use]
    pub fn admin(&self, method: &str, path: &str) -> Ask {
        wire::ask(method, self.collector(path)).bearer(&self.admin_token())
    }

    /// Registers a webhook endpoint of the demo site, as an operator would.
    pub fn add_endpoint(&self, name: &str, url: &str, secret: &str) -> Answer {
        let path = format!("/v1/sites/demo/endpoints/{name}");
        let answer = self
            .admin("PUT", &path)
            .json(&json!({"url": url, "secret": secret}))
            .send();
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        answer
    }

    /// One page of events as the demo CRM pulls it.
    #[must_use]
    pub fn pull(&self, after: &str) -> Answer {
        get(self.collector(&format!("/v1/events?after={after}&limit=100")))
            .bearer(&self.demo_key())
            .send()
    }

    /// Every event of the demo site, and the cursor at the end.
    #[must_use]
    pub fn events(&self) -> (Vec<Value>, String) {
        let mut events = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.pull(&cursor).expect(200).json();
            events.extend(page["events"].as_array().into_iter().flatten().cloned());
            page["next"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut cursor);
            if page["more"] != true {
                return (events, cursor);
            }
        }
    }

    /// Waits until the demo CRM knows this of a person.
    pub fn crm_knows(&self, email: &str, purpose: &str, status: &str) {
        eventually(&format!("the CRM to know {purpose} as {status}"), || {
            let state = get(self.crm("/state.json")).send().json();
            (state["people"][email][purpose] == status).then_some(())
        });
    }

    /// The process of workerd.
    #[must_use]
    pub fn workerd_pid(&self) -> u32 {
        let file = self.state.join("workerd.pid");
        fs::read_to_string(&file)
            .ok()
            .and_then(|pid| pid.trim().parse().ok())
            .unwrap_or_else(|| panic!("no pid in {}", file.display()))
    }

    /// Takes the power from workerd, as a crash of the machine would, and the rest with it.
    pub fn crash(self) -> Wreck {
        signal("KILL", self.workerd_pid());
        self.gone()
    }

    /// What is left when workerd was killed by the test itself.
    pub fn gone(mut self) -> Wreck {
        let status = self.dev.wait();
        assert!(!status.success(), "dev must not hide that workerd died");
        Wreck {
            state: self.state.clone(),
            port: self.port,
            printed: self.dev.printed(),
        }
    }

    /// Asks dev to end, and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.stop_by("TERM")
    }

    /// The same by another signal: Ctrl-C sends INT.
    pub fn stop_by(mut self, name: &str) -> ExitStatus {
        signal(name, self.pid());
        self.dev.wait()
    }
}

/// What a crash leaves: files.
#[derive(Debug)]
pub struct Wreck {
    state: PathBuf,
    port: u16,
    /// What dev had printed when it ended.
    pub printed: String,
}

impl Wreck {
    /// Starts again on the same files and the same ports.
    #[must_use]
    pub fn start_again(self) -> Stack {
        Stack::start_in(&self.state, self.port)
            .unwrap_or_else(|printed| panic!("dev did not come back:\n{printed}"))
    }
}

/// `xtask dev` without waiting for it to be ready.
#[must_use]
pub fn launch(state: &Path, port: u16) -> Leash {
    let (port, folder) = (port.to_string(), state.display().to_string());
    let arguments = ["dev", "--no-build", "--port", &port, "--state", &folder];
    Leash::start(
        &workspace::program("xtask"),
        &arguments,
        workspace::root(),
        &[],
    )
}

/// A secret that dev keeps in `.dev.vars`.
#[must_use]
pub fn secret(state: &Path, name: &str) -> String {
    let file = state.join(".dev.vars");
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .map_or_else(
            || panic!("no {name} in {}", file.display()),
            |(_, value)| value.trim().trim_matches('"').to_owned(),
        )
}

/// Sends a signal by its name without SIG.
pub fn signal(name: &str, pid: u32) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .expect("kill is on every machine");
    assert!(status.success(), "process {pid} is already gone");
}
