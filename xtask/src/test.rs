//! `cargo xtask test`: all the set-up, then every proof there is, and one line at the end that says how it went.
//! It stops early only when nothing can be tested; a failing check or test lets the others run.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Command, ExitCode, Stdio},
    thread,
    time::Instant,
};

use anyhow::{Context, Result};

use crate::{
    build,
    check::{self, Tally},
    process, setup, step, workspace,
};

/// Starts whole stacks, so it comes last and wants the programs built.
const JOURNEYS: &str = "sayso-tests";

/// Runs all; a failure when something failed, an error when nothing could be tested.
pub(crate) fn run() -> Result<ExitCode> {
    let start = Instant::now();
    setup::run(setup::Purpose::Tests)?;
    build::run(build::Options::ALL)?;
    let mut tally = check::run_all()?;

    let mut rules = cargo_test();
    rules.args(["--workspace", "--exclude", JOURNEYS]);
    run_counting("the tests of the rooms", rules, &mut tally)?;

    // The journeys start these by name.
    build::programs(&[
        "xtask",
        "sayso-example-pages",
        "sayso-example-webhook-receiver",
        "sayso-example-crm-pull",
        "sayso-verify",
    ])?;
    let mut journeys = cargo_test();
    journeys.args(["--package", JOURNEYS]);
    run_counting("the journeys", journeys, &mut tally)?;

    step::say(&format!(
        "\nafter {:.0} s\n{} passed, {} failed",
        start.elapsed().as_secs_f64(),
        tally.passed,
        tally.failed
    ));
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn cargo_test() -> Command {
    let mut cargo = process::command("cargo");
    cargo
        .current_dir(workspace::root())
        .args(["test", "--no-fail-fast"]);
    cargo
}

/// Lets the output through as it comes and adds up every `test result:` line in it.
fn run_counting(name: &str, mut cargo: Command, tally: &mut Tally) -> Result<()> {
    step::say(&format!("\n...  {name}: {}", process::describe(&cargo)));
    let start = Instant::now();
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let counting = thread::spawn(move || relay(output));
    let status = process::wait(&mut child, None, |_| ())?;
    let counted = counting.join().unwrap_or_default();
    tally.passed += counted.passed;
    tally.failed += counted.failed;
    if !status.success() && counted.failed == 0 {
        // It did not compile, or a test binary crashed: no line says so.
        tally.failed += 1;
        step::say(&format!("FAILED {name}: {status}"));
    }
    step::say(&format!(
        "done {name} ({:.1} s)",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn relay(output: impl Read) -> Tally {
    let mut tally = Tally::default();
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|count| count > 0)
    {
        let text = String::from_utf8_lossy(&line);
        step::say(text.trim_end_matches(['\r', '\n']));
        if let Some((passed, failed)) = result(&text) {
            tally.passed += passed;
            tally.failed += failed;
        }
        line.clear();
    }
    tally
}

/// `test result: ok. 5 passed; 0 failed; …`
fn result(line: &str) -> Option<(u64, u64)> {
    let line = line.trim_start().strip_prefix("test result: ")?;
    let (_, counts) = line.split_once(". ")?;
    let number = |what: &str| {
        let part = counts.split(';').map(str::trim);
        part.filter_map(|part| part.strip_suffix(what))
            .find_map(|number| number.trim().parse().ok())
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::result;

    #[test]
    fn the_runners_own_counts_are_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(result(line), Some((12, 3)));
        assert_eq!(result("test a::b ... ok"), None);
    }
}
