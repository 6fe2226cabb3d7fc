//! The wasm32-unknown-unknown target: there already, or by rustup, or by Debian's packages, in that order.

use std::{
    env,
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Result, bail};

use super::debian_std;
use crate::{process, step};

/// The one target of both wasm files.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Which compiler and linker build wasm; empty where the default ones can.
#[derive(Default)]
pub(crate) struct WasmToolchain {
    /// What RUSTUP_TOOLCHAIN has to say.
    pub(crate) toolchain: Option<String>,
    /// The linker's program, where the compiler does not bring one.
    pub(crate) linker: Option<String>,
}

impl WasmToolchain {
    /// Makes the command use this toolchain.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        if let Some(linker) = &self.linker {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

/// What can build wasm here already.
pub(crate) fn find() -> Option<WasmToolchain> {
    if has_std("rustc") {
        return Some(WasmToolchain::default());
    }
    debian_std::find()
}

/// Finds or installs the target.
pub(crate) fn ensure() -> Result<()> {
    if let Some(found) = find() {
        step::satisfied(&match found.toolchain {
            Some(name) => format!("{TARGET} (toolchain {name})"),
            None => TARGET.to_owned(),
        });
        return Ok(());
    }
    let by_rustup = by_rustup();
    if has_std("rustc") {
        return Ok(());
    }
    if let Err(reason) = by_rustup {
        step::note(&format!("not by rustup: {}", first_line(&reason)));
    }
    match debian_std::install() {
        Ok(()) => Ok(()),
        Err(reason) => bail!(
            "the Rust target {TARGET} is missing and could not be installed.\n\
             By rustup: run `rustup target add {TARGET}` where rustup's servers can be reached.\n\
             By Debian's packages (12 or newer, as root): {reason:#}"
        ),
    }
}

/// Whether a compiler has the target's standard library.
pub(crate) fn has_std(rustc: &str) -> bool {
    let arguments = ["--print", "target-libdir", "--target", TARGET];
    let Some(folder) = process::answer(rustc, &arguments) else {
        return false;
    };
    let Ok(entries) = Path::new(&folder).read_dir() else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn by_rustup() -> Result<()> {
    if process::answer("rustup", &["--version"]).is_none() {
        bail!("rustup is not installed");
    }
    let server = env::var("RUSTUP_DIST_SERVER")
        .unwrap_or_else(|_| "https://static.rust-lang.org".to_owned());
    if !reachable(&server) {
        bail!("{server} cannot be reached");
    }
    let mut add = process::command("rustup");
    add.args(["target", "add", TARGET])
        .env("RUSTUP_MAX_RETRIES", "1");
    step::run_within(
        &format!("{TARGET}: rustup target add"),
        Duration::from_mins(3),
        add,
    )
}

/// A quick look, since rustup itself tries for minutes. Behind a proxy only rustup can tell.
fn reachable(server: &str) -> bool {
    let proxied = [
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "http_proxy",
    ];
    if proxied.iter().any(|name| env::var_os(name).is_some()) {
        return true;
    }
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let host = rest.split('/').next().unwrap_or_default();
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:{}", if scheme == "http" { 80 } else { 443 })
    };
    let Ok(addresses) = address.to_socket_addrs() else {
        return false;
    };
    addresses
        .take(3)
        .any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(4)).is_ok())
}

fn first_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.lines().next().unwrap_or_default().to_owned()
}
