//! The npm packages that package-lock.json pins. None of their install scripts is run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{process, step, workspace};

/// Installs them when they are missing or the lock has changed.
pub(crate) fn ensure() -> Result<()> {
    let root = workspace::root();
    install("npm packages", &root, &root)
}

/// What the widget is compared with: apart from the others, since only one bench wants it. Returns the folder that holds it.
pub(crate) fn peers() -> Result<PathBuf> {
    let folder = workspace::target().join("peers");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let listed = workspace::root().join("xtask/src/bench/widget");
    install("npm packages to compare with", &listed, &folder)?;
    Ok(folder)
}

/// Puts what the two files in `listed` name into `folder`.
fn install(name: &str, listed: &Path, folder: &Path) -> Result<()> {
    let files = ["package.json", "package-lock.json"];
    let stamp = folder.join("node_modules/.sayso-stamp");
    let wanted = workspace::fingerprint(&files.map(|file| listed.join(file)));
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        step::satisfied(name);
        return Ok(());
    }
    if listed != folder {
        for file in files {
            fs::copy(listed.join(file), folder.join(file))
                .with_context(|| format!("cannot copy {file} to {}", folder.display()))?;
        }
    }
    let mut install = process::command("npm");
    install
        .current_dir(folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    step::run(&format!("{name}: npm ci"), install)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
