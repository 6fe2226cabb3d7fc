//! A Python environment in the target folder: the tests verify webhooks and receipts with libraries of others.

use std::fs;

use anyhow::{Context, Result};

use super::apt;
use crate::{
    process,
    step::{self, Steps},
    workspace,
};

/// Makes the environment, or again when tests/requirements.txt has changed.
pub(crate) fn ensure() -> Result<()> {
    let requirements = workspace::root().join("tests/requirements.txt");
    let folder = workspace::target().join("python");
    let stamp = folder.join("sayso-stamp");
    let wanted = workspace::fingerprint(&[&requirements]);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        step::satisfied("Python packages of the tests");
        return Ok(());
    }
    if process::answer("python3", &["-c", "import venv, ensurepip"]).is_none() {
        apt::install("Python", &["python3", "python3-venv"])?;
    }
    let _ = fs::remove_dir_all(&folder);
    let mut make = process::command("python3");
    make.args(["-m", "venv"]).arg(&folder);
    let mut install = process::command(folder.join("bin/pip"));
    install
        .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&requirements);
    Steps::begin("Python packages of the tests: pip install")?
        .then(make)?
        .then(install)?
        .done();
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
