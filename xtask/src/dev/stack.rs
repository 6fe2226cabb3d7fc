//! The three servers: started, watched and ended together. Their output goes to ours, each line with the name of its
//! server in front, and to a log in the state folder.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    Ports, http, origin,
    secrets::{OF_THE_COLLECTOR, OPTIONAL, Secrets},
};
use crate::{process, step, workspace};

/// A start takes a second; a machine under load may need more.
const PATIENCE: Duration = Duration::from_mins(1);

/// What runs.
#[derive(Default)]
pub(super) struct Stack {
    servers: Vec<Server>,
}

struct Server {
    name: &'static str,
    child: Child,
}

impl Stack {
    /// workerd with the configuration that lies in the state folder.
    pub(super) fn start_collector(&mut self, state: &Path, secrets: &Secrets) -> Result<()> {
        let mut workerd = process::command(workerd()?);
        workerd
            .args(["serve", "--experimental"])
            // Files are named by their whole path, and workerd looks for those below this folder.
            .arg("--import-path=/")
            .arg(state.join("workerd.capnp"));
        for name in OF_THE_COLLECTOR {
            workerd.env(name, secrets.value(name));
        }
        for name in OPTIONAL {
            workerd.env_remove(name);
            if !secrets.value(name).is_empty() {
                workerd.env(name, secrets.value(name));
            }
        }
        let pid = self.start("workerd", workerd, state)?;
        let file = state.join("workerd.pid");
        fs::write(&file, format!("{pid}\n"))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Another Worker than ours, in a workerd of its own.
    pub(super) fn start_other(
        &mut self,
        name: &'static str,
        config: &Path,
        objects: &Path,
        port: u16,
        state: &Path,
    ) -> Result<()> {
        let mut workerd = process::command(workerd()?);
        workerd
            .args(["serve", "--experimental"])
            .arg(config)
            .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
            .arg(format!("--directory-path=objects={}", objects.display()));
        self.start(name, workerd, state).map(drop)
    }

    /// The web pages of the example company.
    pub(super) fn start_pages(&mut self, ports: Ports, state: &Path) -> Result<()> {
        let mut pages = program("sayso-example-pages");
        pages
            .env("PORT", ports.pages.to_string())
            .env("COLLECTOR", origin(ports.collector));
        self.start("pages", pages, state).map(drop)
    }

    /// The CRM that is pushed to.
    pub(super) fn start_receiver(
        &mut self,
        ports: Ports,
        state: &Path,
        secrets: &Secrets,
    ) -> Result<()> {
        let mut receiver = program("sayso-example-webhook-receiver");
        receiver
            .env("PORT", ports.receiver.to_string())
            .env("COLLECTOR", origin(ports.collector))
            .env("WEBHOOK_SECRET", secrets.webhook())
            .env("STATE", state.join("demo-crm"));
        self.start("demo-crm", receiver, state).map(drop)
    }

    fn start(&mut self, name: &'static str, mut command: Command, state: &Path) -> Result<u32> {
        let path = state.join(format!("{name}.log"));
        let log =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let log = Arc::new(log);
        let mut child = command
            .current_dir(workspace::root())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        if let Some(out) = child.stdout.take() {
            relay(name, out, Arc::clone(&log));
        }
        if let Some(out) = child.stderr.take() {
            relay(name, out, log);
        }
        let pid = child.id();
        self.servers.push(Server { name, child });
        Ok(pid)
    }

    /// The processes.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.servers
            .iter()
            .map(|server| server.child.id())
            .collect()
    }

    /// Waits until the collector answers.
    pub(super) fn wait_until_healthy(&mut self, port: u16) -> Result<()> {
        let mut problem = None;
        let answers = || match http::get(port, "/health") {
            Ok(answer) if answer.status == 200 => true,
            // It runs and says what is wrong with its settings: waiting will not mend that.
            Ok(answer) if answer.status == 503 => {
                problem = Some(answer.body);
                true
            }
            _ => false,
        };
        self.wait_for(
            "the collector's /health",
            Instant::now() + PATIENCE,
            answers,
        )?;
        match problem {
            None => Ok(()),
            Some(problem) => bail!("the collector cannot be used yet:\n{problem}"),
        }
    }

    /// Waits until something listens.
    pub(super) fn wait_until_listening(&mut self, name: &str, port: u16) -> Result<()> {
        self.wait_for(name, Instant::now() + PATIENCE, || listens(port))
    }

    /// Waits until all three answer.
    pub(super) fn wait_until_up(&mut self, ports: Ports) -> Result<()> {
        self.wait_until_healthy(ports.collector)?;
        let deadline = Instant::now() + PATIENCE;
        self.wait_for("the example pages", deadline, || listens(ports.pages))?;
        self.wait_for("the demo CRM", deadline, || listens(ports.receiver))
    }

    fn wait_for(
        &mut self,
        what: &str,
        deadline: Instant,
        mut is_up: impl FnMut() -> bool,
    ) -> Result<()> {
        while !is_up() {
            self.check_alive()?;
            if process::interrupted() {
                bail!("interrupted");
            }
            if Instant::now() > deadline {
                bail!(
                    "{what} did not answer within {} s; its last words are above",
                    PATIENCE.as_secs()
                );
            }
            thread::sleep(process::TICK);
        }
        Ok(())
    }

    /// Returns when the user wants to end; an error when a server died.
    pub(super) fn watch(&mut self) -> Result<()> {
        while !process::interrupted() {
            self.check_alive()?;
            thread::sleep(process::TICK);
        }
        Ok(())
    }

    fn check_alive(&mut self) -> Result<()> {
        for server in &mut self.servers {
            if let Some(status) = server.child.try_wait().context("cannot watch a server")? {
                // Its last words may still be on their way to the screen.
                thread::sleep(Duration::from_millis(200));
                bail!("{} died ({status}); the others were ended", server.name);
            }
        }
        Ok(())
    }

    /// Ends all that runs.
    pub(super) fn end(&mut self) {
        for server in &self.servers {
            process::terminate(&server.child);
        }
        for server in &mut self.servers {
            process::end(&mut server.child);
        }
        self.servers.clear();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.end();
    }
}

/// The binary itself: the script around it would be one more process to end.
fn workerd() -> Result<std::path::PathBuf> {
    let system = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("there is no workerd for {os} on {arch}"),
    };
    let path = workspace::root().join(format!(
        "node_modules/@cloudflare/workerd-{system}/bin/workerd"
    ));
    if !path.exists() {
        bail!("{} is missing; run `cargo xtask setup`", path.display());
    }
    Ok(path)
}

fn program(name: &str) -> Command {
    process::command(workspace::target().join("debug").join(name))
}

fn listens(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

fn relay(name: &'static str, from: impl Read + Send + 'static, log: Arc<File>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        // Bytes, as a server may print what is not UTF-8.
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let _ = (&*log).write_all(&line);
            step::say(&format!(
                "[{name}] {}",
                String::from_utf8_lossy(&line).trim_end()
            ));
            line.clear();
        }
    });
}
