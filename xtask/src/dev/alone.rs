//! Workers alone in workerd, without pages and CRM around them: what the bench loads.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Ports, config, http, origin, secrets::Secrets, stack::Stack};
use crate::workspace;

/// One workerd that runs; it ends with this.
pub(crate) struct Alone {
    stack: Stack,
    port: u16,
    admin_token: String,
}

impl Alone {
    /// The collector, on the state in this folder.
    pub(crate) fn collector(state: &Path) -> Result<Self> {
        let port = free_port()?;
        fs::create_dir_all(state.join("objects"))
            .with_context(|| format!("cannot create {}", state.display()))?;
        // Plain workerd wants the folder of the assets to be there; there is no need for any in it.
        fs::create_dir_all(workspace::root().join("widget/dist"))?;
        let secrets = Secrets::load_or_create(&state.join(".dev.vars"))?;
        config::Worker::from_wrangler()?.write(state, Ports::from(port), &secrets)?;
        let mut stack = Stack::default();
        stack.start_collector(state, &secrets)?;
        stack.wait_until_healthy(port)?;
        let admin_token = secrets.admin_token().to_owned();
        Ok(Self {
            stack,
            port,
            admin_token,
        })
    }

    /// Any other Worker: a configuration with the socket `http` and the disk `objects`.
    pub(crate) fn other(name: &'static str, config: &Path, state: &Path) -> Result<Self> {
        let port = free_port()?;
        let objects = state.join("objects");
        fs::create_dir_all(&objects)
            .with_context(|| format!("cannot create {}", state.display()))?;
        let mut stack = Stack::default();
        stack.start_other(name, config, &objects, port, state)?;
        stack.wait_until_listening(name, port)?;
        Ok(Self {
            stack,
            port,
            admin_token: String::new(),
        })
    }

    /// Where it is.
    pub(crate) fn origin(&self) -> String {
        origin(self.port)
    }

    /// The operator's token.
    pub(crate) fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// The process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.stack.pids().first().copied()
    }

    /// `PUT` as the operator.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask("PUT", path, Some(body))
    }

    /// `GET`, with the operator's token.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, None)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = http::request(self.port, method, path, Some(&self.admin_token), body)?;
        if !answer.is_success() {
            bail!(
                "{method} {path} answered {}\n{}",
                answer.status,
                answer.body
            );
        }
        serde_json::from_str(&answer.body).with_context(|| format!("{method} {path}"))
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}
