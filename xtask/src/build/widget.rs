//! The widget's static files: a loader with a fixed name, and the wasm and its JS under names that carry the hash of
//! their content, so that a browser may keep them for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::{Stamp, compile, esbuild, read};
use crate::{
    process,
    step::{self, Steps},
    workspace::{hex, npm_tool, root, scratch, tool},
};

const RECIPE: u32 = 1;

/// What every browser of the last years reads. `--all-features` would write types that Chromium refuses.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Makes `widget/dist` when it is not up to date.
pub(crate) fn build(print: bool) -> Result<()> {
    let loader = root().join("widget/loader/say-so.js");
    let dist = root().join("widget/dist");
    let wasm = compile("sayso-widget", "widget", print)?;
    let inputs = [wasm.clone(), loader.clone()];
    let output = if loader.exists() {
        dist.join("say-so.js")
    } else {
        dist.join("widget")
    };
    let stamp = Stamp::new("widget", RECIPE, output, &inputs)?;
    if stamp.holds() {
        step::satisfied("widget/dist is up to date");
        return Ok(());
    }
    let work = scratch()?.join("widget");
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    shrink(&wasm, &work, print)?;

    let hashed = dist.join("widget");
    fs::create_dir_all(&hashed).with_context(|| format!("cannot create {}", hashed.display()))?;
    let js = publish(&work.join("say-so.min.js"), &hashed, "js")?;
    let wasm = publish(&work.join("say-so.min.wasm"), &hashed, "wasm")?;
    if loader.exists() {
        load(&loader, &work, &js, &wasm, print)?;
        let finished = work.join("loader.min.js");
        fs::rename(&finished, dist.join("say-so.js"))
            .with_context(|| format!("cannot move {}", finished.display()))?;
    } else {
        step::note("widget/loader/say-so.js does not exist yet: no loader");
    }
    forget_old(&hashed, &[js, wasm])?;
    stamp.set()
}

/// From the compiler's wasm to the smallest pair of JS and wasm.
fn shrink(wasm: &Path, work: &Path, print: bool) -> Result<()> {
    let mut bindgen = process::command(tool("wasm-bindgen"));
    bindgen
        .arg(wasm)
        .args(["--target", "web", "--no-typescript"])
        // The loader says where the wasm is; its name is not known here yet.
        .arg("--omit-default-module-path")
        .args(["--remove-name-section", "--remove-producers-section"])
        .args(["--out-name", "say-so", "--out-dir"])
        .arg(work);
    let mut optimise = process::command(npm_tool("wasm-opt"));
    optimise
        .args(["-Oz", "--converge"])
        .args(WASM_FEATURES)
        .arg(work.join("say-so_bg.wasm"))
        .arg("-o")
        .arg(work.join("say-so.min.wasm"));
    let mut minify = esbuild();
    minify
        .arg(work.join("say-so.js"))
        // Bundled, as wasm-bindgen may have put snippets of JS beside it.
        .args(["--bundle", "--minify", "--format=esm", "--target=es2022"])
        .arg(format!(
            "--outfile={}",
            work.join("say-so.min.js").display()
        ));
    Steps::begin("widget/dist: wasm-bindgen, wasm-opt, esbuild")?
        .showing(print)
        .then(bindgen)?
        .then(optimise)?
        .then(minify)?
        .done();
    Ok(())
}

/// The loader with the addresses of the two files in it.
fn load(loader: &Path, work: &Path, js: &str, wasm: &str, print: bool) -> Result<()> {
    let mut text =
        fs::read_to_string(loader).with_context(|| format!("cannot read {}", loader.display()))?;
    for (placeholder, name) in [("__SAYSO_JS__", js), ("__SAYSO_WASM__", wasm)] {
        if !text.contains(placeholder) {
            bail!("{} does not mention {placeholder}", loader.display());
        }
        let address = format!("\"/widget/{name}\"");
        for quote in ["\"", "'", "`", ""] {
            text = text.replace(&format!("{quote}{placeholder}{quote}"), &address);
        }
    }
    let filled = work.join("loader.js");
    fs::write(&filled, text).with_context(|| format!("cannot write {}", filled.display()))?;
    let mut minify = esbuild();
    minify
        .arg(&filled)
        .args(["--minify", "--format=esm", "--target=es2022"])
        .arg(format!(
            "--outfile={}",
            work.join("loader.min.js").display()
        ));
    Steps::begin("widget/dist/say-so.js: esbuild")?
        .showing(print)
        .then(minify)?
        .done();
    Ok(())
}

/// Copies a file under its hashed name and returns that name.
fn publish(file: &Path, folder: &Path, extension: &str) -> Result<String> {
    let content = read(file)?;
    // 64 bits tell our few builds apart.
    let hash = hex(&Sha256::digest(&content)[..8]);
    let name = format!("say-so-{hash}.{extension}");
    let goal = folder.join(&name);
    // Moved into place, so that a server never sees half a file.
    let half: PathBuf = folder.with_extension("half");
    fs::write(&half, content).with_context(|| format!("cannot write {}", half.display()))?;
    fs::rename(&half, &goal).with_context(|| format!("cannot write {}", goal.display()))?;
    Ok(name)
}

fn forget_old(folder: &Path, current: &[String]) -> Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !current.contains(&name) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
