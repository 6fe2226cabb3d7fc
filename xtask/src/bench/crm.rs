//! `cargo xtask bench crm`: how fast a CRM pulls a million events, how long a check of 1,000 addresses among a million people takes, and
//! what workerd holds in memory meanwhile.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Site, fill, forget, key_name, load::Load, script};
use crate::{build, dev::Alone, process, setup, step, workspace};

/// How many events are pulled, and how many people there are.
const EVENTS: u64 = 1_000_000;

/// How often 1,000 addresses are checked.
const ROUNDS: u64 = 100;

/// The target for a check, in milliseconds.
const TARGET: u64 = 150;

/// Measures and prints; an error when an event or an answer is missing, never when a target is missed.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => build::run(build::Options::COLLECTOR)?,
        [one] if one == "--no-build" => {}
        [other, ..] => return Err(crate::unknown_option(other)),
    }
    for tool in ["wrk", "sqlite3"] {
        if process::answer("sh", &["-c", &format!("command -v {tool}")]).is_none() {
            setup::apt::install(tool, &[tool])?;
        }
    }
    let work = workspace::scratch()?.join("bench-crm");
    forget(&work)?;
    let measured = measure(&work);
    forget(&work)?;
    measured
}

fn measure(work: &Path) -> Result<()> {
    {
        // What is copied has to be real once.
        let collector = Alone::collector(work)?;
        let site = Site::publish(&collector, 1)?;
        Load::on(&collector, &site).warm_up()?;
    }
    step::note("copying what is there until it is enough");
    fill::up_to(work, EVENTS)?;
    fill::people(work, EVENTS)?;
    let collector = Alone::collector(work)?;
    // The words have to be there for the site to be awake.
    Site::publish(&collector, 1)?;
    let key = collector.put(
        &format!("/v1/sites/bench/keys/{}", key_name()?),
        &json!({ "scopes": ["events:read", "subjects:read"] }),
    )?;
    let output = process::command("node")
        .arg(script("crm.mjs"))
        .env("COLLECTOR", collector.origin())
        .env("KEY", key["secret"].as_str().unwrap_or_default())
        .env("PID", collector.pid().context("no process")?.to_string())
        .env("ROUNDS", ROUNDS.to_string())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    if !output.status.success() {
        bail!("not everything was answered");
    }
    let seen: Value = serde_json::from_slice(&output.stdout).context("crm.mjs prints JSON")?;
    let count = |name: &str| seen[name].as_u64().unwrap_or_default();
    if count("events") < EVENTS || count("allowed") != ROUNDS * 500 {
        bail!("something is missing: {seen}");
    }
    step::say(&format!(
        "{} events in pages of 1,000: {} events/s, {} MB/s",
        count("events"),
        count("events") * 1000 / count("pulled").max(1),
        count("bytes") / 1000 / count("pulled").max(1),
    ));
    step::say(&format!(
        "{ROUNDS} checks of 1,000 addresses among {EVENTS} people ({} of them with consents): p50 {} ms, p99 {} ms",
        count("known"),
        count("p50"),
        count("p99")
    ));
    let met = if count("p50") < TARGET {
        "met"
    } else {
        "missed"
    };
    step::say(&format!("  target: p50 below {TARGET} ms: {met}"));
    let megabytes = |name: &str| count(name) / 1024;
    step::say(&format!(
        "workerd's memory: {} MiB before, at most {} MiB while pulling, {} MiB in all",
        megabytes("before"),
        megabytes("pulling"),
        megabytes("memory")
    ));
    Ok(())
}
