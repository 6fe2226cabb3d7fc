//! The widget's static files: a loader with a fixed name, and the wasm under a name that carries the hash of its content, so that a
//! browser may keep it for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256, Sha384};

use super::{Stamp, compile, esbuild, read};
use crate::{
    process,
    step::{self, Steps},
    workspace::{hex, npm_tool, root, scratch, tool},
};

const RECIPE: u32 = 2;

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
    let room = root().join("widget");
    let dist = room.join("dist");
    let wasm = compile("sayso-widget", "widget", print)?;
    let mut inputs = vec![wasm.clone(), room.join("say-so.css")];
    inputs.extend(modules(&room.join("loader"))?);
    let stamp = Stamp::new("widget", RECIPE, dist.join("say-so.js"), &inputs)?;
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
    let wasm = publish(&work.join("say-so.min.wasm"), &hashed, "wasm")?;
    bundle(&work, &hashed.join(&wasm), print)?;
    let finished = work.join("loader.min.js");
    // Twice: under the name that every page uses, and under one that never changes, for pages that pin it.
    let pinned = publish(&finished, &hashed, "js")?;
    fs::rename(&finished, dist.join("say-so.js"))
        .with_context(|| format!("cannot move {}", finished.display()))?;
    forget_old(&hashed, &[pinned, wasm])?;
    stamp.set()
}

/// The tag for pages that pin this build by its hash.
pub(crate) fn pinned() -> Result<String> {
    let loader = root().join("widget/dist/say-so.js");
    let (name, integrity) = (hashed_name(&read(&loader)?, "js"), integrity(&loader)?);
    Ok(format!(
        "<script type=\"module\" src=\"https://COLLECTOR/widget/{name}\" integrity=\"{integrity}\" crossorigin></script>"
    ))
}

fn modules(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut modules: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    modules.sort();
    Ok(modules)
}

/// From the compiler's wasm to the smallest one, with its JS beside it.
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
    Steps::begin("widget/dist: wasm-bindgen, wasm-opt")?
        .showing(print)
        .then(bindgen)?
        .then(optimise)?
        .done();
    Ok(())
}

/// One file of the loader's modules, the style sheet and the JS of the wasm, which knows the wasm's name and hash.
fn bundle(work: &Path, wasm: &Path, print: bool) -> Result<()> {
    let room = root().join("widget");
    let sheet = work.join("say-so.min.css");
    let mut minify = esbuild();
    minify
        .arg(room.join("say-so.css"))
        .args(["--minify", "--log-level=warning"])
        .arg(format!("--outfile={}", sheet.display()));
    let name = wasm.file_name().unwrap_or_default().to_string_lossy();
    let mut bundle = esbuild();
    bundle
        .arg(room.join("loader/say-so.js"))
        .args(["--bundle", "--minify", "--format=esm", "--target=es2022"])
        .args(["--loader:.css=text", "--log-level=warning"])
        .arg(format!(
            "--alias:sayso-widget={}",
            work.join("say-so.js").display()
        ))
        .arg(format!("--alias:say-so.css={}", sheet.display()))
        .arg(format!("--define:SAYSO_WASM=\"/widget/{name}\""))
        .arg(format!(
            "--define:SAYSO_WASM_INTEGRITY=\"{}\"",
            integrity(wasm)?
        ))
        .arg(format!(
            "--define:SAYSO_VERSION=\"{}\"",
            env!("CARGO_PKG_VERSION")
        ))
        .arg(format!(
            "--outfile={}",
            work.join("loader.min.js").display()
        ));
    Steps::begin("widget/dist/say-so.js: esbuild")?
        .showing(print)
        .then(minify)?
        .then(bundle)?
        .done();
    Ok(())
}

/// As `integrity` attributes name a file (Subresource Integrity, section 3.1).
fn integrity(file: &Path) -> Result<String> {
    Ok(format!(
        "sha384-{}",
        STANDARD.encode(Sha384::digest(read(file)?))
    ))
}

/// Copies a file under its hashed name and returns that name.
fn publish(file: &Path, folder: &Path, extension: &str) -> Result<String> {
    let content = read(file)?;
    let name = hashed_name(&content, extension);
    let goal = folder.join(&name);
    // Moved into place, so that a server never sees half a file.
    let half: PathBuf = folder.with_extension("half");
    fs::write(&half, content).with_context(|| format!("cannot write {}", half.display()))?;
    fs::rename(&half, &goal).with_context(|| format!("cannot write {}", goal.display()))?;
    Ok(name)
}

/// 64 bits tell our few builds apart.
fn hashed_name(content: &[u8], extension: &str) -> String {
    let hash = hex(&Sha256::digest(content)[..8]);
    format!("say-so-{hash}.{extension}")
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
