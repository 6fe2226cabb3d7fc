//! Where things are in this checkout, and what its lock file pins. Nothing here is written to.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The top folder of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in a folder of the workspace")
        .to_owned()
}

/// Cargo's target folder: one for native, wasm and tools, so that nothing is compiled twice.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(
        || root().join("target"),
        // A relative one is meant from the folder in which cargo was called: the root.
        |folder| root().join(folder),
    )
}

/// Logs, stamps and half-made files of ours.
pub(crate) fn scratch() -> Result<PathBuf> {
    let folder = target().join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Where `cargo install` puts the tools; the user's own `~/.cargo/bin` stays as it is.
pub(crate) fn tool(name: &str) -> PathBuf {
    target().join("tools/bin").join(name)
}

/// A command that npm installed.
pub(crate) fn npm_tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

/// The version of a crate that Cargo.lock pins.
pub(crate) fn locked_version(crate_name: &str) -> Result<String> {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock"))
        .context("cannot read Cargo.lock")?
        .parse()
        .context("Cargo.lock is not TOML")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let versions: Vec<&str> = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(crate_name))
        .filter_map(|package| package.get("version").and_then(toml::Value::as_str))
        .collect();
    match versions.as_slice() {
        [version] => Ok((*version).to_owned()),
        [] => bail!("Cargo.lock does not name the crate {crate_name}"),
        several => bail!("Cargo.lock pins {crate_name} more than once: {several:?}"),
    }
}

/// SHA-256 over the contents of the files, in hex; a file that is not there counts as empty.
pub(crate) fn fingerprint<P: AsRef<Path>>(files: &[P]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(file).unwrap_or_default();
        // The length in front keeps two files apart from one file with the same bytes.
        hash.update(content.len().to_le_bytes());
        hash.update(&content);
    }
    hex(&hash.finalize())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
