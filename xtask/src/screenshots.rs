//! `cargo xtask screenshots`: a picture of each hosted page in each of its states, to be looked at by somebody with eyes.

use anyhow::{Context as _, Result, bail};

use crate::{build, process, setup, workspace::root};

/// Does the set-up, builds, and takes them; of all pages, or of those whose names hold one of these words.
pub(crate) fn run(words: &[String]) -> Result<()> {
    if let Some(option) = words.iter().find(|word| word.starts_with('-')) {
        return Err(crate::unknown_option(option));
    }
    setup::run(setup::Purpose::Tests)?;
    build::run(build::Options::ALL)?;
    build::programs(&[
        "xtask",
        "sayso-example-pages",
        "sayso-example-webhook-receiver",
    ])?;
    let mut cargo = process::command("cargo");
    cargo
        .current_dir(root())
        .args(["run", "--quiet", "--package", "sayso-tests"])
        .args(["--bin", "screenshots", "--"])
        .args(words);
    let mut child = cargo.spawn().context("cannot run cargo")?;
    let status = process::wait(&mut child, None, |_| ())?;
    if !status.success() {
        bail!("not all pictures could be taken; see above");
    }
    Ok(())
}
