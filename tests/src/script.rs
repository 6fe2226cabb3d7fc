//! Runs the programs of others: Node, Python, bash, cargo's and npm's tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{fresh_folder, root};

/// What a program that has ended left.
#[derive(Debug)]
pub struct Ended {
    /// Whether its exit code was 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs `program` in the root of the workspace until it ends.
pub fn run(program: impl AsRef<Path>, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
    Ended {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// Its standard output.
    #[must_use]
    #[track_caller]
    pub fn printed(self) -> String {
        assert!(self.success, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// Runs JavaScript text as a module, with the packages of the root's `node_modules` at hand.
pub fn node(text: &str, environment: &[(&str, &str)]) -> Ended {
    run(
        "node",
        &["--input-type=module", "--eval", text],
        environment,
    )
}

/// Runs Python text, with the packages that xtask has put in place.
pub fn python(text: &str, environment: &[(&str, &str)]) -> Ended {
    run(python_program(), &["-c", text], environment)
}

/// Runs shell text, stopping at the first command that fails.
pub fn bash(text: &str, environment: &[(&str, &str)]) -> Ended {
    let script = fresh_folder("bash").join("script.sh");
    std::fs::write(&script, text).expect("a file under target/");
    let script = script.display().to_string();
    run("bash", &["-euo", "pipefail", &script], environment)
}

/// The interpreter of the virtual environment that xtask makes.
#[must_use]
pub fn python_program() -> PathBuf {
    root().join("target/python/bin/python")
}
