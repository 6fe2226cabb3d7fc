//! `cargo xtask dev`: the whole thing on this machine. The collector runs in workerd itself, the runtime that
//! Cloudflare runs, without wrangler in between; beside it the example pages and the demo CRM.
//! It starts nothing before it knows that its ports are free, and leaves nothing behind when it ends.

mod alone;
mod config;
mod demo;
mod http;
mod secrets;
mod stack;

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{build, step, workspace};
pub(crate) use alone::Alone;
use secrets::Secrets;
use stack::Stack;

const DEFAULT_PORT: u16 = 8787;

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Options {
    port: u16,
    state: Option<PathBuf>,
    build: bool,
}

impl Options {
    /// Parses `[--port 8787] [--state DIR] [--no-build]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            port: DEFAULT_PORT,
            state: None,
            build: true,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = || {
                inline
                    .clone()
                    .or_else(|| arguments.next().cloned())
                    .with_context(|| format!("{name} needs a value"))
            };
            match name {
                "--port" => options.port = parse_port(&value()?)?,
                "--state" => options.state = Some(PathBuf::from(value()?)),
                "--no-build" if inline.is_none() => options.build = false,
                _ => return Err(crate::unknown_option(argument)),
            }
        }
        Ok(options)
    }
}

/// Two more ports are counted up from it.
fn parse_port(text: &str) -> Result<u16> {
    match text.parse::<u16>() {
        Ok(port) if (1024..=65_533).contains(&port) => Ok(port),
        _ => bail!("--port needs a number from 1024 to 65533, not `{text}`"),
    }
}

/// Where the three servers are.
#[derive(Clone, Copy)]
struct Ports {
    collector: u16,
    pages: u16,
    receiver: u16,
}

impl Ports {
    fn from(first: u16) -> Self {
        Self {
            collector: first,
            pages: first + 1,
            receiver: first + 2,
        }
    }

    fn check_free(self) -> Result<()> {
        for (port, whose) in [
            (self.collector, "the collector"),
            (self.pages, "the example pages"),
            (self.receiver, "the demo CRM"),
        ] {
            if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                bail!(
                    "port {port}, for {whose}, cannot be used ({error}). Nothing was started. End what uses it, \
                     or take three other ports in a row: `cargo xtask dev --port 9000 --state DIR`"
                );
            }
        }
        Ok(())
    }
}

/// The origin that people and programs on this machine use for a port.
fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Sets up, builds, runs, and stays until the user ends it or one of the servers dies.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let ports = Ports::from(options.port);
    ports.check_free()?;
    let state = state_folder(options.state.as_deref())?;
    let _ours = lock(&state)?;

    if options.build {
        build::run(build::Options::ALL)?;
        build::programs(&["sayso-example-pages", "sayso-example-webhook-receiver"])?;
    }
    let secrets = match &options.state {
        Some(_) => Secrets::load_or_create(&state.join(".dev.vars"))?,
        None => Secrets::load_or_create(&workspace::root().join(".dev.vars"))?,
    };

    let mut stack = Stack::default();
    let up = start_all(&mut stack, ports, &state, &secrets);
    let outcome = up.and_then(|()| {
        announce(ports, &state, options.state.is_none());
        step::note(&format!("after {:.1} s", start.elapsed().as_secs_f64()));
        step::say("ready");
        stack.watch()
    });
    stack.end();
    let _ = fs::remove_file(state.join("workerd.pid"));
    if outcome.is_ok() {
        step::say("ended");
    }
    outcome
}

fn start_all(stack: &mut Stack, ports: Ports, state: &Path, secrets: &Secrets) -> Result<()> {
    config::Worker::from_wrangler()?.write(state, ports, secrets)?;
    stack.start_collector(state, secrets)?;
    stack.start_pages(ports, state)?;
    stack.start_receiver(ports, state, secrets)?;
    stack.wait_until_up(ports)?;
    demo::load(ports, state, secrets)
}

fn announce(ports: Ports, state: &Path, default_state: bool) {
    let collector = origin(ports.collector);
    let pages = origin(ports.pages);
    let state = if default_state {
        ".sayso".to_owned()
    } else {
        state.display().to_string()
    };
    step::say(&format!(
        "
     Web form        {pages}/web-form/
     Chat            {pages}/chat-page/
     Mailbox         {collector}/dev/mailbox
     Demo CRM        {}/
     Collector       {collector}/health
     Its API         {pages}/api/
     Pull as a CRM   COLLECTOR={collector} API_KEY=$(cat {state}/demo-key) CURSOR={state}/crm-pull.cursor \
         cargo run -p sayso-example-crm-pull
     Logs, state     {state}
",
        origin(ports.receiver),
    ));
}

fn state_folder(asked: Option<&Path>) -> Result<PathBuf> {
    let folder = asked.map_or_else(|| workspace::root().join(".sayso"), Path::to_owned);
    fs::create_dir_all(folder.join("objects"))
        .with_context(|| format!("cannot create {}", folder.display()))?;
    fs::canonicalize(&folder).with_context(|| format!("cannot find {}", folder.display()))
}

/// Two collectors on one state would spoil it. The lock goes with the process, however that ends.
fn lock(state: &Path) -> Result<File> {
    let path = state.join("lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!(
            "another `cargo xtask dev` runs on {}. Take another folder: `--state DIR`",
            state.display()
        );
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> anyhow::Result<Options> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn options_are_read() -> anyhow::Result<()> {
        let options = parse("--port 9000 --state=/tmp/x --no-build")?;
        assert_eq!(options.port, 9000);
        assert_eq!(options.state, Some("/tmp/x".into()));
        assert!(!options.build);
        assert_eq!(parse("")?.port, 8787);
        Ok(())
    }

    #[test]
    fn wrong_options_are_refused() {
        for line in [
            "--port",
            "--port 80",
            "--port 65534",
            "--port x",
            "--prot 9000",
            "9000",
            "--state",
            "--no-build=yes",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
