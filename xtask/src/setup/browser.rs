//! Chromium and its driver, for the browser tests only: found on the machine, else by apt.

use anyhow::{Context, Result};

use super::apt;
use crate::{process, step};

/// Finds both on the PATH or installs them.
pub(crate) fn ensure() -> Result<()> {
    if find().is_none() {
        apt::install(
            "Chromium and its driver",
            &["chromium", "chromium-driver", "fonts-liberation"],
        )?;
    }
    let found = find().context(
        "no Chromium with a chromedriver on the PATH. Install both (on Debian: `sudo apt-get install chromium chromium-driver`)",
    )?;
    step::satisfied(&found);
    Ok(())
}

fn find() -> Option<String> {
    let driver = process::answer("chromedriver", &["--version"])?;
    let browser = ["chromium", "chromium-browser", "google-chrome", "chrome"]
        .iter()
        .find_map(|name| process::answer(name, &["--version"]))?;
    let driver = driver.split_whitespace().take(2).collect::<Vec<_>>();
    Some(format!("{browser}, {}", driver.join(" ")))
}
