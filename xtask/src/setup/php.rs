//! PHP with SQLite, for the test of the receiver in PHP only: found on the machine, else by apt.

use anyhow::{Context, Result};

use super::apt;
use crate::{process, step};

/// Says which PHP it is, if it can open a database.
const PROBE: &str = "new PDO('sqlite::memory:'); echo PHP_VERSION;";

/// Finds it on the PATH or installs it.
pub(crate) fn ensure() -> Result<()> {
    if find().is_none() {
        apt::install("PHP with SQLite", &["php-cli", "php-sqlite3"])?;
    }
    let version = find().context(
        "no PHP with pdo_sqlite on the PATH. Install both (on Debian: `sudo apt-get install php-cli php-sqlite3`)",
    )?;
    step::satisfied(&format!("PHP {version}"));
    Ok(())
}

fn find() -> Option<String> {
    process::answer("php", &["-r", PROBE])
}
