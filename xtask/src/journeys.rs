//! What needs the whole of Sayso running, and a browser or a mail server beside it: programs of the room `tests`, with the set-up and the
//! builds that they want.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::{build, process, setup, workspace::root};

/// `cargo xtask screenshots`: a picture of each hosted page in each of its states, to be looked at by somebody with eyes; of all, or of
/// those whose names hold one of these words.
pub(crate) fn screenshots(words: &[String]) -> Result<()> {
    if let Some(option) = words.iter().find(|word| word.starts_with('-')) {
        return Err(crate::unknown_option(option));
    }
    run("screenshots", words, true)
}

/// `cargo xtask fuzz`: made-up requests to every route, good and bad, and each answer held against the OpenAPI document.
pub(crate) fn fuzz(options: &[String]) -> Result<()> {
    let (no_build, options): (Vec<_>, Vec<_>) = options
        .iter()
        .cloned()
        .partition(|option| option == "--no-build");
    run("fuzz", &options, no_build.is_empty())
}

/// `cargo xtask size --pages`: the bytes of each page with its stylesheet.
pub(crate) fn page_bytes() -> Result<()> {
    run("page_bytes", &[], true)
}

/// `cargo xtask bench mail`: the time from a visitor's POST to the mail in the SMTP server.
pub(crate) fn bench_mail(options: &[String]) -> Result<()> {
    let no_build = crate::only_flag(options, "--no-build")?;
    run("mail_times", &[], !no_build)
}

/// `cargo xtask bench widget`: the time until a visitor can tick, beside others in the same run.
pub(crate) fn bench_widget(options: &[String]) -> Result<()> {
    let (no_build, options): (Vec<_>, Vec<_>) = options
        .iter()
        .cloned()
        .partition(|option| option == "--no-build");
    let peers = setup::npm::peers()?;
    run_with(
        "widget_times",
        &options,
        no_build.is_empty(),
        &[("PEERS", &peers)],
    )
}

fn run(program: &str, arguments: &[String], with_build: bool) -> Result<()> {
    run_with(program, arguments, with_build, &[])
}

fn run_with(
    program: &str,
    arguments: &[String],
    with_build: bool,
    environment: &[(&str, &Path)],
) -> Result<()> {
    if with_build {
        setup::run(setup::Purpose::Tests)?;
        build::run(build::Options::ALL)?;
        build::programs(&[
            "xtask",
            "sayso-example-pages",
            "sayso-example-webhook-receiver",
        ])?;
    }
    let mut cargo = process::command("cargo");
    cargo
        .current_dir(root())
        .args(["run", "--quiet", "--package", "sayso-tests"])
        .args(["--bin", program, "--"])
        .args(arguments)
        .envs(environment.iter().copied());
    let mut child = cargo.spawn().context("cannot run cargo")?;
    let status = process::wait(&mut child, None, |_| ())?;
    if !status.success() {
        bail!("it did not come to its end; see above");
    }
    Ok(())
}
