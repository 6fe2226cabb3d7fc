//! `cargo xtask bench lanes`: how long from an event's commit to its arrival at a receiver on this machine, and how many events a lane
//! bears.

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Site, forget, script};
use crate::{build, dev::Alone, process, step, workspace};

/// How long events come at 50 a second, in seconds.
const SECONDS: &str = "20";

/// How many events wait when the lane is opened.
const BACKLOG: &str = "4000";

/// The target for 99 of 100 events, in milliseconds.
const TARGET: u64 = 500;

/// Measures and prints; an error when an event is missing or out of order, never when a target is missed.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => build::run(build::Options::COLLECTOR)?,
        [one] if one == "--no-build" => {}
        [other, ..] => return Err(crate::unknown_option(other)),
    }
    let work = workspace::scratch()?.join("bench-lanes");
    forget(&work)?;
    let measured = measure(&work);
    forget(&work)?;
    measured
}

fn measure(work: &std::path::Path) -> Result<()> {
    let collector = Alone::collector(work)?;
    let site = Site::publish(&collector, 1)?;
    let output = process::command("node")
        .arg(script("lanes.mjs"))
        .env("COLLECTOR", collector.origin())
        .env("TOKEN", collector.admin_token())
        .env("ORIGIN", &site.origin)
        .env("NOTICE_HASH", &site.notice)
        .env("SECONDS", SECONDS)
        .env("BACKLOG", BACKLOG)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    if !output.status.success() {
        bail!("not every event arrived");
    }
    let seen: Value = serde_json::from_slice(&output.stdout).context("lanes.mjs prints JSON")?;
    let count = |name: &str| seen[name].as_u64().unwrap_or_default();
    if count("misplaced") > 0 || count("repeated") > 0 {
        bail!("events came out of order, or twice, though nothing failed: {seen}");
    }
    step::say(&format!(
        "{} events at 50 a second, from commit to arrival: p50 {} ms, p99 {} ms, at most {} ms",
        count("events"),
        count("p50"),
        count("p99"),
        count("most")
    ));
    let met = if count("p99") < TARGET {
        "met"
    } else {
        "missed"
    };
    step::say(&format!("  target: p99 below {TARGET} ms: {met}"));
    step::say(&format!(
        "{} events that waited, one lane: {} events/s",
        count("backlog"),
        count("backlog") * 1000 / count("took").max(1)
    ));
    Ok(())
}
