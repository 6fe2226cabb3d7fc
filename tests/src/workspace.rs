//! Where the project's files and build outputs are, and a place for each test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is a folder of the workspace")
}

/// A program of the workspace, built beforehand.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let program = target.join("debug").join(name);
    assert!(
        program.is_file(),
        "{} is not built; run `cargo xtask test`, or `cargo build --package {name}` and this test again",
        program.display()
    );
    program
}

/// The program workerd itself, as npm has put it in place.
#[must_use]
pub fn workerd() -> PathBuf {
    let packages = root().join("node_modules/@cloudflare");
    let packages = fs::read_dir(packages).into_iter().flatten().flatten();
    packages
        .map(|package| package.path().join("bin/workerd"))
        .find(|program| program.is_file())
        .expect("workerd is not installed; run `cargo xtask test`")
}

/// A new empty folder. It stays after a run, for looking into what went wrong, until the next one.
#[must_use]
pub fn fresh_folder(what: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let journeys = root().join("target/journeys");
    if COUNT.load(Ordering::Relaxed) == 0 {
        sweep(&journeys);
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = journeys.join(format!("{}-{count}-{what}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder under target/");
    folder
}

/// Removes what processes that are gone have left.
fn sweep(journeys: &Path) {
    for entry in fs::read_dir(journeys).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.split('-').next());
        let gone = pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if gone && Path::new("/proc/self").exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
