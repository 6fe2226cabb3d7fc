//! Everything that has to be on the machine, found or installed, in the order in which it is needed.
//! Each step first looks whether its work is done already, so a second run costs a moment.
//! It installs into this checkout where it can; only Debian's packages and the wasm target go to the machine.

pub(crate) mod apt;
mod browser;
mod cargo_tools;
mod debian_std;
pub(crate) mod npm;
mod php;
mod python;
mod versions;
mod wasm_target;

use std::{fs::File, path::PathBuf};

use anyhow::{Context, Result};

pub(crate) use wasm_target::WasmToolchain;

use crate::{step, workspace};

/// What the set-up is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To build and run.
    Building,
    /// Also to run the browser tests and the check of the dependencies.
    Tests,
}

/// Finds or installs all that `purpose` needs.
pub(crate) fn run(purpose: Purpose) -> Result<()> {
    let _turn = one_at_a_time()?;
    versions::check_rust()?;
    versions::check_node()?;
    wasm_target::ensure()?;
    npm::ensure()?;
    cargo_tools::ensure_wasm_bindgen()?;
    cargo_tools::ensure_worker_build()?;
    if purpose == Purpose::Tests {
        cargo_tools::ensure_deny()?;
        browser::ensure()?;
        python::ensure()?;
        php::ensure()?;
    }
    Ok(())
}

/// Makes sure that `cargo deny` is there.
pub(crate) fn deny() -> Result<PathBuf> {
    let _turn = one_at_a_time()?;
    cargo_tools::ensure_deny()?;
    Ok(workspace::tool("cargo-deny"))
}

/// The toolchain that builds wasm here; an error where there is none.
pub(crate) fn wasm_toolchain() -> Result<WasmToolchain> {
    wasm_target::find()
        .with_context(|| format!("no {} here; run `cargo xtask setup`", wasm_target::TARGET))
}

/// Two set-ups or builds in one checkout would write the same files; the second one waits.
/// The lock goes with the file that is handed out, and with the process.
pub(crate) fn one_at_a_time() -> Result<File> {
    let path = workspace::scratch()?.join("lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if file.try_lock().is_err() {
        step::note("another cargo xtask is setting up or building here; waiting for it");
        file.lock().context("cannot wait for the other xtask")?;
    }
    Ok(file)
}
