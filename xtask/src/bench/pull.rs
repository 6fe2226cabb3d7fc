//! Pulling: all events from the first to the last, with pages timed on the way.

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Site, script};
use crate::{dev::Alone, process};

/// What a CRM saw. Times are of one page of 100, in milliseconds.
pub(super) struct Pulled {
    pub(super) events: u64,
    pub(super) submissions: u64,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// A ledger to pull.
pub(super) struct Ledger<'a> {
    pub(super) collector: &'a Alone,
    pub(super) site: &'a Site,
    /// About how many events there will be
    pub(super) events: u64,
}

/// Pulls everything of every ledger, taking turns.
#[allow(clippy::cast_precision_loss)] // Microseconds of some seconds.
pub(super) fn all(ledgers: &[Ledger<'_>]) -> Result<Vec<Pulled>> {
    let ledgers = ledgers.iter().map(|ledger| {
        json!({ "collector": ledger.collector.origin(), "key": ledger.site.key, "events": ledger.events })
    });
    let output = process::command("node")
        .arg(script("pull.mjs"))
        .env("LEDGERS", Value::Array(ledgers.collect()).to_string())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    if !output.status.success() {
        bail!("the events could not be pulled");
    }
    let seen: Vec<Value> =
        serde_json::from_slice(&output.stdout).context("pull.mjs prints JSON")?;
    let read = seen.iter().map(|seen| {
        let count = |name: &str| seen[name].as_u64().unwrap_or_default();
        Pulled {
            events: count("events"),
            submissions: count("submissions"),
            p50: count("p50") as f64 / 1000.0,
            p99: count("p99") as f64 / 1000.0,
        }
    });
    Ok(read.collect())
}
