//! The plan of the house: which room may depend on which, and what must never come into `shared`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, step, workspace};

/// The only room that others may use.
const SHARED: &str = "sayso-shared";
/// What would bring a clock, randomness, an executor or a browser into the rules.
const NOT_IN_SHARED: [&str; 6] = [
    "getrandom",
    "js-sys",
    "tokio",
    "wasm-bindgen",
    "web-sys",
    "worker",
];

/// Every room may depend on `shared`; on another room none may.
pub(super) fn check_arrows() -> Result<()> {
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--locked"];
    let answer = process::answer("cargo", &arguments)
        .context("`cargo metadata --locked` fails: is Cargo.lock up to date?")?;
    let metadata: Value = serde_json::from_str(&answer)?;
    let wrong = wrong_arrows(&metadata);
    if !wrong.is_empty() {
        bail!(
            "rooms meet only in {SHARED}, or on the wire:\n  {}",
            wrong.join("\n  ")
        );
    }
    step::satisfied("check: arrows between the rooms");
    Ok(())
}

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let packages = list(&metadata["packages"]);
    let rooms: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    let mut wrong = Vec::new();
    for package in packages {
        let from = text(&package["name"]);
        for dependency in list(&package["dependencies"]) {
            let to = text(&dependency["name"]);
            if rooms.contains(to) && (to != SHARED || from == SHARED || from == "xtask") {
                wrong.push(format!("{from} -> {to}"));
            }
        }
    }
    wrong
}

/// Neither bare nor with all that the collector adds to it.
pub(super) fn check_shared() -> Result<()> {
    for features in [&[][..], &["--all-features"]] {
        let manifest = workspace::root().join("shared/Cargo.toml");
        let mut arguments = vec!["tree", "--locked", "--prefix=none", "--edges=normal"];
        arguments.extend(["--target=wasm32-unknown-unknown", "--format={p}"]);
        let manifest = manifest.to_string_lossy();
        arguments.extend(["--manifest-path", &manifest]);
        arguments.extend(features);
        let tree = process::answer("cargo", &arguments)
            .with_context(|| format!("`cargo {}` fails", arguments.join(" ")))?;
        let found: BTreeSet<&str> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| NOT_IN_SHARED.contains(name))
            .collect();
        if !found.is_empty() {
            bail!(
                "{SHARED} {} depends on {found:?}. Time and random bytes are arguments there; \
                 `cargo tree -p {SHARED} --target wasm32-unknown-unknown -i NAME` shows the way in",
                features.join(" ")
            );
        }
    }
    step::satisfied("check: shared stays free of clock, randomness, async and JS");
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::wrong_arrows;

    #[test]
    fn rooms_meet_in_shared_only() {
        let metadata = json!({ "packages": [
            { "name": "sayso-shared", "dependencies": [{ "name": "serde" }] },
            { "name": "sayso-widget", "dependencies": [{ "name": "sayso-shared" }] },
            { "name": "sayso-collector", "dependencies": [{ "name": "sayso-widget" }] },
            { "name": "xtask", "dependencies": [{ "name": "sayso-shared" }] },
        ]});
        assert_eq!(
            wrong_arrows(&metadata),
            ["sayso-collector -> sayso-widget", "xtask -> sayso-shared"]
        );
    }
}
