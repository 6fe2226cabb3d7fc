//! The Worker: worker-build wraps the wasm in the shim that Cloudflare's runtime wants. It never downloads anything:
//! every tool that it would fetch is handed to it.

use anyhow::Result;

use super::{Stamp, compile};
use crate::{
    process, setup,
    step::{self, Steps},
    workspace::{locked_version, npm_tool, root, tool},
};

const RECIPE: u32 = 1;

/// Makes `collector/build` when it is not up to date.
pub(crate) fn build(print: bool) -> Result<()> {
    let wasm = compile("sayso-collector", "release", print)?;
    let room = root().join("collector");
    let stamp = Stamp::new(
        "collector",
        RECIPE,
        room.join("build/index.js"),
        &[wasm, room.join("Cargo.toml")],
    )?;
    if stamp.holds() {
        step::satisfied("collector/build is up to date");
        return Ok(());
    }
    let mut worker_build = process::command(tool("worker-build"));
    worker_build
        .current_dir(&room)
        .arg("--release")
        .env("WASM_BINDGEN_BIN", tool("wasm-bindgen"))
        .env("WASM_OPT_BIN", npm_tool("wasm-opt"))
        .env("ESBUILD_BIN", npm_tool("esbuild"));
    setup::wasm_toolchain()?.apply(&mut worker_build);
    let version = locked_version("worker")?;
    Steps::begin(&format!("collector/build: worker-build {version}"))?
        .showing(print)
        .then(worker_build)?
        .done();
    stamp.set()
}
