//! Where npm packages come from: cargo deny asks this of crates, nobody asks it of package-lock.json.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{step, workspace};

/// What npm writes by default. A lock may also leave it out.
const REGISTRY: &str = "https://registry.npmjs.org/";

/// All that are installed from.
const LOCKS: [&str; 2] = [
    "package-lock.json",
    "xtask/src/bench/widget/package-lock.json",
];

/// Every package comes from npm's registry and carries the hash of what it holds.
pub(super) fn check() -> Result<()> {
    for file in LOCKS {
        let text = fs::read_to_string(workspace::root().join(file))
            .with_context(|| format!("cannot read {file}"))?;
        let lock: Value =
            serde_json::from_str(&text).with_context(|| format!("{file} is not JSON"))?;
        let wrong = wrong_packages(&lock);
        if !wrong.is_empty() {
            bail!("{file}:\n  {}", wrong.join("\n  "));
        }
    }
    step::satisfied("check: npm packages come from npm's registry, with hashes");
    Ok(())
}

fn wrong_packages(lock: &Value) -> Vec<String> {
    let packages = lock["packages"].as_object();
    let mut wrong = Vec::new();
    // The empty name is the project itself.
    for (name, package) in packages
        .into_iter()
        .flatten()
        .filter(|(name, _)| !name.is_empty())
    {
        if package["integrity"].as_str().is_none() {
            wrong.push(format!("{name} has no integrity"));
        }
        match package["resolved"].as_str() {
            Some(from) if !from.starts_with(REGISTRY) => {
                wrong.push(format!("{name} comes from {from}"));
            }
            _ => {}
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::wrong_packages;

    #[test]
    fn a_strange_host_and_a_missing_hash_are_seen() {
        let lock = json!({ "packages": {
            "": { "name": "sayso" },
            "node_modules/a": { "integrity": "sha512-x" },
            "node_modules/b": { "integrity": "sha512-x", "resolved": "https://registry.npmjs.org/b.tgz" },
            "node_modules/c": { "integrity": "sha512-x", "resolved": "https://mirror.example/c.tgz" },
            "node_modules/d": {},
        }});
        assert_eq!(
            wrong_packages(&lock),
            [
                "node_modules/c comes from https://mirror.example/c.tgz",
                "node_modules/d has no integrity"
            ]
        );
    }
}
