//! The npm packages that package-lock.json pins. None of their install scripts is run.

use std::fs;

use anyhow::{Context, Result};

use crate::{process, step, workspace};

/// Installs them when they are missing or the lock has changed.
pub(crate) fn ensure() -> Result<()> {
    let root = workspace::root();
    let stamp = root.join("node_modules/.sayso-stamp");
    let wanted =
        workspace::fingerprint(&[root.join("package.json"), root.join("package-lock.json")]);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        step::satisfied("npm packages");
        return Ok(());
    }
    let mut install = process::command("npm");
    install
        .current_dir(&root)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    step::run("npm packages: npm ci", install)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
