//! One step of a longer job: says what it does, shows that it is alive, keeps the whole output in a log,
//! shows the end of the log when it fails, and says how long it took.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

/// How long a step may be silent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// How much of a log is shown when a step fails.
const TAIL_LINES: usize = 40;

/// Something was found as it should be.
pub(crate) fn satisfied(what: &str) {
    say(&format!("ok   {what}"));
}

/// Something that the user should know.
pub(crate) fn note(what: &str) {
    say(&format!("     {what}"));
}

/// Writes a line; a reader of our output that has gone away is no reason to end.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Runs one command to its end as a step called `name`.
pub(crate) fn run(name: &str, command: Command) -> Result<()> {
    Steps::begin(name)?.then(command)?.done();
    Ok(())
}

/// As [`run`], but gives up after `limit`.
pub(crate) fn run_within(name: &str, limit: Duration, command: Command) -> Result<()> {
    let mut steps = Steps::begin(name)?;
    steps.limit = Some(limit);
    steps.then(command)?.done();
    Ok(())
}

/// Several commands that are one step to the user.
pub(crate) struct Steps {
    name: String,
    log: PathBuf,
    start: Instant,
    limit: Option<Duration>,
    shown: bool,
}

impl Steps {
    /// Announces the step and starts its log.
    pub(crate) fn begin(name: &str) -> Result<Self> {
        say(&format!("...  {name}"));
        let log = workspace::scratch()?.join(format!("{}.log", slug(name)));
        fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;
        Ok(Self {
            name: name.to_owned(),
            log,
            start: Instant::now(),
            limit: None,
            shown: false,
        })
    }

    /// Also prints each command line before it runs.
    pub(crate) fn showing(mut self, shown: bool) -> Self {
        self.shown = shown;
        self
    }

    /// Runs the next command; an error holds the end of the log.
    pub(crate) fn then(self, mut command: Command) -> Result<Self> {
        let line = process::describe(&command);
        if self.shown {
            note(&format!("$ {line}"));
        }
        let mut log = File::options()
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        let _ = writeln!(log, "$ {line}");
        command.stdout(log.try_clone()?).stderr(log);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run `{line}`"))?;
        let mut next_sign = self.start.elapsed() + SIGN_OF_LIFE;
        let status = process::wait(&mut child, self.limit, |_| {
            if self.start.elapsed() >= next_sign {
                note(&format!(
                    "{}: {} s",
                    self.name,
                    self.start.elapsed().as_secs()
                ));
                next_sign += SIGN_OF_LIFE;
            }
        })
        .with_context(|| format!("{} (log: {})", self.name, self.log.display()))?;
        if status.success() {
            return Ok(self);
        }
        bail!(
            "{} failed: `{line}` ended with {status}\n\n{}\n\n(whole log: {})",
            self.name,
            tail(&self.log),
            self.log.display()
        )
    }

    /// Says how long it took.
    pub(crate) fn done(self) {
        say(&format!(
            "done {} ({:.1} s)",
            self.name,
            self.start.elapsed().as_secs_f64()
        ));
    }
}

fn tail(log: &PathBuf) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(TAIL_LINES);
    lines[first..].join("\n")
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() || character == '.' {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}
