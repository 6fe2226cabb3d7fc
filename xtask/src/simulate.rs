//! `cargo xtask simulate`: more random histories of the ledger than the tests run, faster, and others each time.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::{process, step, workspace::root};

const USAGE: &str = "usage: cargo xtask simulate [--steps N] [--seed S]";

/// How much, and from where.
pub(crate) struct Options {
    steps: u64,
    /// Without one, another each time.
    seed: Option<u64>,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            steps: 1_000_000,
            seed: None,
        };
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            let value = || {
                let value = arguments.clone().next();
                let value = value.with_context(|| format!("{option} needs a number\n\n{USAGE}"))?;
                let number = value.parse::<u64>();
                number.with_context(|| format!("{option} {value}: not a whole number"))
            };
            match option.as_str() {
                "--steps" => options.steps = value()?,
                "--seed" => options.seed = Some(value()?),
                other => bail!("unknown option `{other}`\n\n{USAGE}"),
            }
            arguments.next();
        }
        Ok(options)
    }
}

/// Runs the simulator's test, which says from which seed a history that breaks can be had again.
pub(crate) fn run(options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |since| since.as_secs())
    });
    step::say(&format!("{} steps from seed {seed}", options.steps));
    let mut cargo = process::command("cargo");
    cargo
        .current_dir(root())
        .args([
            "test",
            "--profile",
            "simulate",
            "--package",
            "sayso-collector",
            "--lib",
            "simulator",
        ])
        .args(["--", "--nocapture"])
        .env("SAYSO_SIMULATE_STEPS", options.steps.to_string())
        .env("SAYSO_SIMULATE_SEED", seed.to_string());
    let mut child = cargo.spawn().context("cannot run cargo test")?;
    let status = process::wait(&mut child, None, |_| ())?;
    if !status.success() {
        bail!("a history broke; see above");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn steps_and_seed_are_read_and_nothing_else() {
        let parse = |text: &str| {
            let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Options::parse(&arguments)
        };
        let options = parse("--steps 5 --seed 7").expect("options");
        assert_eq!((options.steps, options.seed), (5, Some(7)));
        for wrong in ["--steps", "--steps many", "--seed -1", "--more 1", "5"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
