//! `cargo xtask check`: what must hold before a test is worth running. Every check runs, also after one has failed,
//! so that one run shows all that is wrong.

mod npm_lock;
mod rooms;

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, setup, step, workspace};

/// Runs every check; an error when one fails.
pub(crate) fn run() -> Result<()> {
    let tally = run_all()?;
    step::say(&format!(
        "\n{} checks passed, {} failed",
        tally.passed, tally.failed
    ));
    if tally.failed > 0 {
        bail!("not everything is as it should be; the reasons are above");
    }
    Ok(())
}

/// How many held and how many did not.
#[derive(Default, Clone, Copy)]
pub(crate) struct Tally {
    /// That held.
    pub(crate) passed: u64,
    /// That did not.
    pub(crate) failed: u64,
}

impl Tally {
    /// Counts an outcome, and shows why it is a bad one.
    pub(crate) fn count(&mut self, name: &str, outcome: Result<()>) -> Result<()> {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(_) if process::interrupted() => bail!("interrupted"),
            Err(error) => {
                self.failed += 1;
                step::say(&format!("FAILED {name}: {error:#}\n"));
            }
        }
        Ok(())
    }
}

/// Runs every check and counts.
pub(crate) fn run_all() -> Result<Tally> {
    let deny = setup::deny()?;
    let mut tally = Tally::default();
    let mut format = cargo("fmt");
    format.args(["--all", "--check"]);
    tally.count("formatting", step::run("check: cargo fmt", format))?;
    tally.count("the arrows between the rooms", rooms::check_arrows())?;
    tally.count("what shared depends on", rooms::check_shared())?;

    tally.count("where npm packages come from", npm_lock::check())?;

    let mut lints = cargo("clippy");
    // The rooms that end up as wasm compile natively as well, so one run sees every line but those under `cfg(target_arch)`.
    lints
        .args(["--workspace", "--all-targets", "--quiet"])
        .args(["--", "-D", "warnings"]);
    tally.count("lints", step::run("check: cargo clippy", lints))?;

    let mut licences = process::command(&deny);
    licences
        .current_dir(workspace::root())
        .args(["--workspace", "check", "--hide-inclusion-graph"])
        .args(["licenses", "bans", "sources"]);
    tally.count(
        "licences, bans and sources of the dependencies",
        step::run("check: cargo deny licenses bans sources", licences),
    )?;
    advisories(&deny, &mut tally)?;
    Ok(tally)
}

/// Known holes in dependencies: their list comes from the network, so without it there is nothing to check.
fn advisories(deny: &std::path::Path, tally: &mut Tally) -> Result<()> {
    let mut fetch = process::command(deny);
    fetch.current_dir(workspace::root()).args(["fetch", "db"]);
    let fetched = step::run_within(
        "check: fetch the advisories of RustSec",
        std::time::Duration::from_mins(1),
        fetch,
    );
    if fetched.is_err() {
        if process::interrupted() {
            bail!("interrupted");
        }
        step::note("SKIPPED advisories: the list of RustSec cannot be reached from here");
        return Ok(());
    }
    let mut check = process::command(deny);
    check.current_dir(workspace::root()).args([
        "--workspace",
        "check",
        "--disable-fetch",
        "--hide-inclusion-graph",
        "advisories",
    ]);
    tally.count(
        "advisories",
        step::run("check: cargo deny advisories", check),
    )
}

fn cargo(subcommand: &str) -> Command {
    let mut command = process::command("cargo");
    command.current_dir(workspace::root()).arg(subcommand);
    command
}
