//! `cargo xtask …`: the two commands of the project (`dev`, `test`) and the parts that they are made of.
//!
//! It refuses to guess: an unknown command or option is an error that shows the usage.

mod workspace;

mod process;
mod step;

mod setup;

mod build;

mod bench;
mod check;
mod dev;
mod journeys;
mod simulate;
mod size;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask <command>

  dev   [--port 8787] [--state DIR] [--no-build]   set up, build and run everything; ends with Ctrl-C
  test                                             set up, build, check and run every test
  setup [--for-tests]                              only the set-up (with the browser, Python and PHP for the tests)
  build [widget|collector] [--print]               wasm of the widget and of the Worker; --print shows each command
  check                                            formatting, lints, licences, and the arrows between the rooms
  bench [--quick|--full] [--events 10000,200000] [--shards 1] [--state DIR] [--no-build]
                                                   what the collector bears, beside the least that a Worker can do
  simulate [--steps N] [--seed S]                  random histories of the ledger with every fault; a seed repeats one
  fuzz [--examples 50] [--seed 1] [--no-build]     schemathesis asks every route whatever the OpenAPI document allows, and checks it
  screenshots [WORD …]                             each hosted page in each state, into target/screenshots
  bench lanes [--no-build]                         how long an event takes to a webhook, and how many one lane bears
  bench crm [--no-build]                           how fast a million events are pulled, and 1,000 addresses checked
  bench mail [--no-build]                          how long a mail takes from a visitor's POST to the SMTP server
  bench widget [--runs 9] [--strict] [--no-build]  how soon a visitor can tick, beside four consent managers; --strict fails
                                                   when a target is missed
  size                                             bytes of what a visitor and the Worker load
  size --pages                                     the same of each hosted page in each state";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            // A shell calls it 130 when Ctrl-C was what ended a command.
            ExitCode::from(if process::interrupted() { 130 } else { 1 })
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        bail!("no command given\n\n{USAGE}");
    };
    if command == process::GUARD {
        match process::guard(rest)? {}
    }
    process::watch_signals()?;
    match command.as_str() {
        "setup" => {
            let for_tests = only_flag(rest, "--for-tests")?;
            setup::run(if for_tests {
                setup::Purpose::Tests
            } else {
                setup::Purpose::Building
            })?;
        }
        "build" => build::command(build::Options::parse(rest)?)?,
        "dev" => dev::run(&dev::Options::parse(rest)?)?,
        "test" => {
            refuse_options(rest)?;
            // Its summary is the last word, also of a run that failed.
            return test::run();
        }
        "check" => {
            refuse_options(rest)?;
            check::run()?;
        }
        "simulate" => simulate::run(&simulate::Options::parse(rest)?)?,
        "fuzz" => journeys::fuzz(rest)?,
        "screenshots" => journeys::screenshots(rest)?,
        "bench" if rest.first().is_some_and(|word| word == "mail") => {
            journeys::bench_mail(&rest[1..])?;
        }
        "bench" if rest.first().is_some_and(|word| word == "widget") => {
            journeys::bench_widget(&rest[1..])?;
        }
        "bench" if rest.first().is_some_and(|word| word == "lanes") => {
            bench::lanes::run(&rest[1..])?;
        }
        "bench" if rest.first().is_some_and(|word| word == "crm") => {
            bench::crm::run(&rest[1..])?;
        }
        "bench" => bench::run(&bench::Options::parse(rest)?)?,
        "size" => {
            if only_flag(rest, "--pages")? {
                journeys::page_bytes()?;
            } else {
                size::run()?;
            }
        }
        "help" | "--help" | "-h" => println!("{USAGE}"),
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn only_flag(arguments: &[String], flag: &str) -> Result<bool> {
    match arguments {
        [] => Ok(false),
        [one] if one == flag => Ok(true),
        [other, ..] => Err(unknown_option(other)),
    }
}

fn refuse_options(arguments: &[String]) -> Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(other) => Err(unknown_option(other)),
    }
}

fn unknown_option(option: &str) -> anyhow::Error {
    anyhow::anyhow!("unknown option `{option}`\n\n{USAGE}")
}
