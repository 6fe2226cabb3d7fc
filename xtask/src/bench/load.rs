//! Load: wrk with 32 connections, and what it counted.

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Site, script};
use crate::{dev::Alone, process, step};

const CONNECTIONS: u32 = 32;

/// How long a server may go on working after a round before the next begins.
const PATIENCE: Duration = Duration::from_mins(2);

/// One server under load.
pub(super) struct Load<'a> {
    server: &'a Alone,
    site: &'a Site,
    rounds: Vec<Round>,
    /// Of all rounds and of the warm-up
    acknowledged: u64,
    settled: Duration,
}

struct Round {
    per_second: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

/// Medians of the rounds; times in milliseconds.
pub(super) struct Outcome {
    pub(super) per_second: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Of its process, for one submission and all that comes of it
    pub(super) cpu: f64,
    pub(super) acknowledged: u64,
    /// For how long it worked on after the last answer, at most
    pub(super) settled: Duration,
}

impl<'a> Load<'a> {
    pub(super) fn on(server: &'a Alone, site: &'a Site) -> Self {
        Self {
            server,
            site,
            rounds: Vec::new(),
            acknowledged: 0,
            settled: Duration::ZERO,
        }
    }

    pub(super) fn warm_up(&mut self) -> Result<()> {
        self.round(3)?;
        self.rounds.clear();
        Ok(())
    }

    /// One round; afterwards the server is left alone until it has nothing more to do.
    #[allow(clippy::cast_precision_loss)] // Counts of some thousands.
    pub(super) fn round(&mut self, seconds: u32) -> Result<()> {
        // What others left to be written is not this round's cost.
        process::answer("sync", &[]);
        let ticks = self.ticks()?;
        let seen = self.wrk(seconds)?;
        let count = |name: &str| seen[name].as_u64().unwrap_or_default();
        if count("refused") + count("broken") > 0 {
            bail!("not every submission was taken: {seen}");
        }
        self.acknowledged += count("answered");
        let settled = self.settle()?;
        self.settled = self.settled.max(settled);
        self.rounds.push(Round {
            // A tick is ten milliseconds.
            cpu: (self.ticks()? - ticks) as f64 * 10.0 / count("answered") as f64,
            per_second: count("answered") as f64 * 1e6 / count("took") as f64,
            p50: count("p50") as f64 / 1000.0,
            p99: count("p99") as f64 / 1000.0,
        });
        Ok(())
    }

    fn wrk(&self, seconds: u32) -> Result<Value> {
        let output = process::command("wrk")
            .args(["--threads=1", &format!("--connections={CONNECTIONS}")])
            .arg(format!("--duration={seconds}s"))
            // Slow is not broken.
            .arg("--timeout=30s")
            .arg("--script")
            .arg(script("submissions.lua"))
            .arg(format!("{}/v1/submissions", self.server.origin()))
            .env("ORIGIN", &self.site.origin)
            .env("NOTICE_HASH", &self.site.notice)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("wrk said\n{text}"))?;
        step::note(line);
        Ok(serde_json::from_str(line)?)
    }

    /// Waits until the process takes less than a twentieth of a processor.
    fn settle(&self) -> Result<Duration> {
        const LOOK: Duration = Duration::from_millis(500);
        let start = Instant::now();
        let mut before = self.ticks()?;
        while start.elapsed() < PATIENCE && !process::interrupted() {
            let busy = start.elapsed();
            thread::sleep(LOOK);
            let now = self.ticks()?;
            // A tick is a hundredth of a second.
            if now - before <= 2 {
                return Ok(busy);
            }
            before = now;
        }
        bail!(
            "a server is still busy {} s after a round",
            PATIENCE.as_secs()
        )
    }

    fn ticks(&self) -> Result<u64> {
        let pid = self.server.pid().context("no process")?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("needs Linux")?;
        let (_, fields) = stat.rsplit_once(") ").context("an odd /proc")?;
        // utime and stime are fields 14 and 15; the first here is 3.
        let fields = fields.split_whitespace().skip(11).take(2);
        Ok(fields.filter_map(|field| field.parse::<u64>().ok()).sum())
    }

    pub(super) fn outcome(&self) -> Outcome {
        let median = |of: fn(&Round) -> f64| {
            let mut all: Vec<f64> = self.rounds.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        Outcome {
            per_second: median(|round| round.per_second),
            p50: median(|round| round.p50),
            p99: median(|round| round.p99),
            cpu: median(|round| round.cpu),
            acknowledged: self.acknowledged,
            settled: self.settled,
        }
    }
}
