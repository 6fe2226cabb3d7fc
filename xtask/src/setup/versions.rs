//! Rust and Node: what the user brings. These are checked, never installed.

use anyhow::{Context, Result, bail};

use crate::{process, step};

const RUST: (u32, u32) = (1, 91); // worker 0.8 needs it
const NODE: (u32, u32) = (20, 3); // wrangler 4.85 needs it

/// Fails with what to do when the compiler is missing or too old.
pub(crate) fn check_rust() -> Result<()> {
    let answer = process::answer("rustc", &["--version"])
        .context("`rustc` does not run. Install Rust by rustup: https://rustup.rs")?;
    let version = answer.split_whitespace().nth(1).unwrap_or_default();
    if parse(version)? < RUST {
        bail!(
            "Rust {version} is too old: {}.{} or newer is needed. Run `rustup update stable`",
            RUST.0,
            RUST.1
        );
    }
    step::satisfied(&format!("Rust {version}"));
    Ok(())
}

/// Fails with what to do when Node or npm is missing or too old.
pub(crate) fn check_node() -> Result<()> {
    let how = format!(
        "Node {}.{} or newer runs wrangler, esbuild and wasm-opt. Install it from https://nodejs.org \
         or by your package manager, so that `node` and `npm` are on the PATH",
        NODE.0, NODE.1
    );
    let answer = process::answer("node", &["--version"])
        .with_context(|| format!("`node` does not run. {how}"))?;
    let version = answer.trim_start_matches('v');
    if parse(version)? < NODE {
        bail!("Node {version} is too old. {how}");
    }
    process::answer("npm", &["--version"]).with_context(|| format!("`npm` does not run. {how}"))?;
    step::satisfied(&format!("Node {version}"));
    Ok(())
}

/// Major and minor number.
fn parse(version: &str) -> Result<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("`{version}` is not a version that xtask can read"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse("20.3.0").ok() > parse("20.20.2").ok().map(|_| (20, 2)));
        assert!(parse("9.99").ok() < parse("20.3").ok());
        assert!(parse("nightly").is_err());
    }
}
