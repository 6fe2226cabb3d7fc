//! Tools that cargo builds, at the versions that Cargo.lock or a constant pins. They go to `target/tools`.
//! They are built without optimisation: building them dearly to run them for a second would not pay.

use anyhow::{Context, Result};

use super::apt;
use crate::{
    process, step,
    step::Steps,
    workspace::{locked_version, scratch, target, tool},
};

/// Not a dependency of ours, so no lock file names it.
const CARGO_DENY: &str = "0.20.2";

/// Must be the version of the crate: both sides of its bindings change together.
pub(crate) fn ensure_wasm_bindgen() -> Result<()> {
    let version = locked_version("wasm-bindgen")?;
    ensure("wasm-bindgen-cli", "wasm-bindgen", &version)
}

/// Must be the version of the `worker` crate, whose exports it wraps.
pub(crate) fn ensure_worker_build() -> Result<()> {
    let version = locked_version("worker")?;
    if cfg!(target_os = "linux")
        && !is_installed("worker-build", &version)
        && process::answer("pkg-config", &["--exists", "openssl"]).is_none()
    {
        // worker-build could download things by itself, hence its TLS. We never let it, but it has to compile.
        apt::install("OpenSSL for worker-build", &["pkg-config", "libssl-dev"])?;
    }
    ensure("worker-build", "worker-build", &version)
}

/// Licences, sources and advisories of the dependencies.
pub(crate) fn ensure_deny() -> Result<()> {
    ensure("cargo-deny", "cargo-deny", CARGO_DENY)
}

fn ensure(package: &str, binary: &str, version: &str) -> Result<()> {
    if is_installed(binary, version) {
        step::satisfied(&format!("{binary} {version}"));
        return Ok(());
    }
    let locked = install(package, version, true);
    // A tool's own lock file may pin what its registry has since withdrawn. The version of the tool stays pinned.
    let name = format!("{package} {version}: cargo install");
    let steps = Steps::begin(&name)?;
    let steps = match steps.then(locked) {
        Ok(steps) => steps,
        Err(_) if process::interrupted() => anyhow::bail!("interrupted"),
        Err(_) => {
            step::note("its own lock file does not work any more; again without it");
            Steps::begin(&name)?.then(install(package, version, false))?
        }
    };
    steps.done();
    is_installed(binary, version)
        .then_some(())
        .with_context(|| format!("{} does not run", tool(binary).display()))
}

fn is_installed(binary: &str, version: &str) -> bool {
    let path = tool(binary);
    path.exists()
        && process::answer(&path.to_string_lossy(), &["--version"])
            .is_some_and(|answer| answer.split_whitespace().any(|word| word == version))
}

fn install(package: &str, version: &str, locked: bool) -> std::process::Command {
    let mut command = process::command("cargo");
    command
        .args(["install", package, "--version", version, "--debug"])
        .arg("--root")
        .arg(target().join("tools"))
        // One folder for all of them: they share many crates.
        .arg("--target-dir")
        .arg(scratch().unwrap_or_else(|_| target()).join("tools-target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    if locked {
        command.arg("--locked");
    }
    command
}
