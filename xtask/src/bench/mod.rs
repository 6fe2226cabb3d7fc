//! `cargo xtask bench`: what the collector bears, in figures, beside the least that a Worker with a durable row can do.
//!
//! Both run in workerd on this machine's disk, the load comes from another process over loopback, rounds take turns, and nothing
//! that was acknowledged may be missing afterwards. It refuses to call a figure good or bad by more than its target: this machine
//! may be busy, and figures of two machines do not compare.

pub(crate) mod crm;
mod fill;
pub(crate) mod lanes;
mod load;
mod pull;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{
    build,
    dev::Alone,
    process, setup, step,
    workspace::{self, root},
};
use load::Load;
use table::Table;

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Options {
    build: bool,
    rounds: u32,
    seconds: u32,
    events: Vec<u64>,
    /// Over how many ledgers the site is split
    shards: u16,
    /// Where everything is stored meanwhile
    state: Option<PathBuf>,
}

impl Options {
    /// Parses `[--quick | --full] [--events N,N] [--shards N] [--state DIR] [--no-build]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            build: true,
            rounds: 3,
            seconds: 10,
            events: vec![10_000, 200_000],
            shards: 1,
            state: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--no-build" => options.build = false,
                "--quick" => {
                    (options.rounds, options.seconds) = (2, 5);
                    options.events = vec![10_000, 50_000];
                }
                "--full" => options.events = vec![10_000, 1_000_000],
                "--events" => {
                    let list = arguments.next().context("--events needs a value")?;
                    options.events = parse_events(list)?;
                }
                "--shards" => {
                    let number = arguments.next().context("--shards needs a value")?;
                    options.shards = number.parse().context("--shards needs a number")?;
                }
                "--state" => {
                    let folder = arguments.next().context("--state needs a value")?;
                    options.state = Some(PathBuf::from(folder));
                }
                _ => return Err(crate::unknown_option(argument)),
            }
        }
        Ok(options)
    }
}

fn parse_events(list: &str) -> Result<Vec<u64>> {
    let events: Vec<u64> = list
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("--events needs numbers such as 10000,200000")?;
    if events.first().is_none_or(|first| *first < 1000) || !events.is_sorted() {
        bail!("--events needs growing numbers from 1000 on");
    }
    Ok(events)
}

/// Measures, and prints one table; an error when a record is missing, never when a target is missed.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.build {
        build::run(build::Options::COLLECTOR)?;
    }
    for tool in ["wrk", "sqlite3"] {
        if process::answer("sh", &["-c", &format!("command -v {tool}")]).is_none() {
            setup::apt::install(tool, &[tool])?;
        }
    }
    // On the disk that the checkout is on: a folder in memory (`--state /dev/shm/x`) shows what no disk
    // can do: what bounds then is the processor.
    let work = match &options.state {
        Some(folder) => {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            fs::canonicalize(folder)?.join("bench")
        }
        None => workspace::scratch()?.join("bench"),
    };
    forget(&work)?;
    let measured = measure(options, &work);
    forget(&work)?;
    measured?.print();
    Ok(())
}

fn forget(work: &Path) -> Result<()> {
    match fs::remove_dir_all(work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", work.display()))
        }
        _ => Ok(()),
    }
}

fn measure(options: &Options, work: &Path) -> Result<Table> {
    let mut table = Table::default();
    submissions(options, work, &mut table)?;
    pulls(options, work, &mut table)?;
    Ok(table)
}

/// Rounds of load on both, in turns, every second time in reverse order.
fn submissions(options: &Options, work: &Path, table: &mut Table) -> Result<()> {
    let state = work.join("collector");
    let collector = Alone::collector(&state)?;
    let site = Site::publish(&collector, options.shards)?;
    let config = root().join("xtask/src/bench/baseline.capnp");
    let baseline = Alone::other("baseline", &config, &work.join("baseline"))?;
    let mut loads = [Load::on(&baseline, &site), Load::on(&collector, &site)];
    for load in &mut loads {
        load.warm_up()?;
    }
    for round in 0..options.rounds {
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for at in order {
            loads[at].round(options.seconds)?;
        }
    }
    let [least, ours] = loads;
    let (least, ours) = (least.outcome(), ours.outcome());
    let baseline_rows = baseline.get("/")?["rows"].as_u64().unwrap_or_default();
    let ledger = pull::Ledger {
        collector: &collector,
        site: &site,
        events: ours.acknowledged * 2,
    };
    let pulled = pull::all(&[ledger])?.pop().context("nothing was pulled")?;
    for (name, acknowledged, found) in [
        ("the baseline", least.acknowledged, baseline_rows),
        ("the collector", ours.acknowledged, pulled.submissions),
    ] {
        if found < acknowledged {
            bail!("{name} acknowledged {acknowledged} records and has {found}");
        }
    }
    drop((collector, baseline));
    let bytes = fill::bytes(&state)?;
    table.submissions(
        &least,
        baseline_rows,
        &ours,
        pulled.submissions,
        options.shards,
    );
    table.disk(&bytes, pulled.submissions);
    Ok(())
}

/// Pages of ledgers of several sizes.
fn pulls(options: &Options, work: &Path, table: &mut Table) -> Result<()> {
    let state = work.join("copied");
    {
        // What is copied has to be real once.
        let collector = Alone::collector(&state)?;
        let site = Site::publish(&collector, options.shards)?;
        Load::on(&collector, &site).warm_up()?;
    }
    let mut collectors = Vec::new();
    for events in &options.events {
        let filled = work.join(format!("of-{events}"));
        let mut copy = process::command("cp");
        copy.arg("--recursive").args([&state, &filled]);
        step::run(&format!("a ledger of {events} events"), copy)?;
        fill::up_to(&filled, *events)?;
        let collector = Alone::collector(&filled)?;
        let site = Site::publish(&collector, options.shards)?;
        collectors.push((collector, site, *events));
    }
    let ledgers: Vec<pull::Ledger<'_>> = collectors
        .iter()
        .map(|(collector, site, events)| pull::Ledger {
            collector,
            site,
            events: *events,
        })
        .collect();
    for pulled in pull::all(&ledgers)? {
        table.pull(&pulled);
    }
    Ok(())
}

/// What is loaded: a site with one form.
struct Site {
    origin: String,
    notice: String,
    key: String,
}

impl Site {
    fn publish(collector: &Alone, shards: u16) -> Result<Self> {
        let mut site: Value = serde_json::from_str(include_str!("site.json"))?;
        if shards > 1 {
            site["shards"] = shards.into();
        }
        let published = collector.put("/v1/sites/bench", &site)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // Shown once, when it is made: each start makes another.
        let key = collector.put(
            &format!("/v1/sites/bench/keys/{}", key_name()?),
            &serde_json::json!({ "scopes": ["events:read"] }),
        )?;
        Ok(Self {
            origin: text(&site["origins"][0]),
            notice: text(&published["notices"][0]["notice"]["hash"]),
            key: text(&key["secret"]),
        })
    }
}

fn key_name() -> Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(format!("bench-{}", now.as_nanos()))
}

/// A script that lies beside this file.
fn script(name: &str) -> PathBuf {
    root().join("xtask/src/bench").join(name)
}
