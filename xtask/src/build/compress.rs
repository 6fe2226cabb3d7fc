//! The widget's files as they travel: beside each, in a folder named after the content coding, the same compressed as well as that coding
//! can. A server that compresses while it answers cannot afford that, and plain workerd does not compress at all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};

use anyhow::{Context, Result, bail};

use crate::{process, step, workspace::root};

/// As the collector asks for them in `collector/src/routes/assets.rs`.
const CODINGS: [&str; 2] = ["br", "gzip"];

/// Brings the compressed files of `widget/dist` up to date.
pub(super) fn widget() -> Result<()> {
    let dist = root().join("widget/dist");
    let files = files(&dist)?;
    for coding in CODINGS {
        forget_old(&dist, coding)?;
    }
    if files.iter().all(|file| is_fresh(&dist, file)) {
        step::satisfied("widget/dist is compressed");
        return Ok(());
    }
    let mut node = process::command("node");
    node.arg(root().join("xtask/src/build/compress.mjs"))
        .arg(&dist)
        .args(&files)
        .stdout(Stdio::null());
    step::run("widget/dist: brotli, gzip", node)
}

/// What is served, as paths within the folder.
fn files(dist: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["", "widget"] {
        let entries = fs::read_dir(dist.join(folder))
            .with_context(|| format!("cannot list {}", dist.join(folder).display()))?;
        for entry in entries.flatten() {
            if entry.path().is_file() {
                files.push(Path::new(folder).join(entry.file_name()));
            }
        }
    }
    if files.is_empty() {
        bail!("{} is empty", dist.display());
    }
    Ok(files)
}

fn is_fresh(dist: &Path, file: &Path) -> bool {
    let written = |file: PathBuf| -> Option<SystemTime> { file.metadata().ok()?.modified().ok() };
    CODINGS
        .iter()
        .all(|coding| written(dist.join(coding).join(file)) > written(dist.join(file)))
}

/// Removes what is the compressed form of nothing any more.
fn forget_old(dist: &Path, coding: &str) -> Result<()> {
    for folder in ["", "widget"] {
        let compressed = dist.join(coding).join(folder);
        fs::create_dir_all(&compressed)
            .with_context(|| format!("cannot create {}", compressed.display()))?;
        for entry in fs::read_dir(&compressed)?.flatten() {
            if !dist.join(folder).join(entry.file_name()).exists() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    Ok(())
}
