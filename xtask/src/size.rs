//! `cargo xtask size`: the bytes that a visitor loads and that Cloudflare stores, as they travel.
//! Node compresses, since it is here anyway and brings both methods.

use std::{fs, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, bail};

use crate::{process, step, workspace::root};

/// Ours, not Cloudflare's (3 MB on the free plan): what is small starts fast. Of this, the words of 26 languages are 130 KB,
/// delivery with all that an operator sees and repairs of it is 50 KB, and what a CRM asks for (waiting pulls, checks, tables as CSV and
/// Excel) 80 KB, connectors to five CRMs 250 KB.
const WORKER_LIMIT: u64 = 1_750_000;

/// The widget's: loader, wasm and the words of a form with three purposes, brotli 11. klaro alone is 59,197, fides.js 46,240.
const WIDGET_LIMIT: u64 = 40_000;

/// What the collector answers for a form with three purposes, as `shared` pins it.
const WORDS: &str = "shared/tests/golden/form_three_purposes.json";

struct Row {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints the table; fails when the widget or the Worker is over its limit.
pub(crate) fn run() -> Result<()> {
    let widget = measure(&widget_files()?)?;
    step::say(&format!(
        "{:<34}{:>10}{:>10}{:>12}",
        "bytes", "raw", "gzip 9", "brotli 11"
    ));
    for row in &widget {
        print(row);
    }
    let first_load = total("a visitor's first load", &widget);
    print(&first_load);
    let build = root().join("collector/build");
    let worker = measure(&[build.join("index.js"), build.join("index_bg.wasm")])?;
    let worker = total("the Worker", &worker);
    print(&worker);
    if first_load.brotli > WIDGET_LIMIT {
        bail!(
            "a visitor's first load has {} bytes after brotli; {WIDGET_LIMIT} are allowed",
            first_load.brotli
        );
    }
    if worker.gzip > WORKER_LIMIT {
        bail!(
            "the Worker has {} bytes after gzip; {WORKER_LIMIT} are allowed",
            worker.gzip
        );
    }
    Ok(())
}

fn widget_files() -> Result<Vec<PathBuf>> {
    let dist = root().join("widget/dist");
    let mut files = vec![dist.join("say-so.js")];
    let hashed = dist.join("widget");
    let entries = fs::read_dir(&hashed)
        .with_context(|| format!("{} is missing; run `cargo xtask build`", hashed.display()))?;
    let entries = entries.flatten().map(|entry| entry.path());
    // The loader lies there a second time, for pages that pin it.
    files.extend(entries.filter(|file| file.extension().is_some_and(|it| it == "wasm")));
    files.push(root().join(WORDS));
    Ok(files)
}

fn measure(files: &[PathBuf]) -> Result<Vec<Row>> {
    let output = process::command("node")
        .arg(root().join("xtask/src/size.mjs"))
        .args(files)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    if !output.status.success() {
        bail!("a file is missing; run `cargo xtask build`");
    }
    let text = String::from_utf8(output.stdout).context("size.mjs does not print UTF-8")?;
    text.lines()
        .zip(files)
        .map(|(line, file)| row(line, file))
        .collect()
}

fn row(line: &str, file: &std::path::Path) -> Result<Row> {
    let numbers: Result<Vec<u64>, _> = line.split_whitespace().map(str::parse).collect();
    match numbers.as_deref() {
        Ok([raw, gzip, brotli]) => Ok(Row {
            name: file
                .strip_prefix(root())
                .unwrap_or(file)
                .display()
                .to_string()
                .replace("widget/dist/", ""),
            raw: *raw,
            gzip: *gzip,
            brotli: *brotli,
        }),
        _ => bail!("size.mjs printed `{line}`"),
    }
}

fn total(name: &str, rows: &[Row]) -> Row {
    Row {
        name: name.to_owned(),
        raw: rows.iter().map(|row| row.raw).sum(),
        gzip: rows.iter().map(|row| row.gzip).sum(),
        brotli: rows.iter().map(|row| row.brotli).sum(),
    }
}

fn print(row: &Row) {
    step::say(&format!(
        "{:<34}{:>10}{:>10}{:>12}",
        row.name, row.raw, row.gzip, row.brotli
    ));
}
