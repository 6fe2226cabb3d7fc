//! Debian's packages, where we are allowed to install them. It never asks for a password.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, step::Steps};

/// The right to run a program as root without being asked for anything.
#[derive(Clone, Copy)]
pub(crate) enum Root {
    /// We are root.
    Ourselves,
    /// `sudo -n` works.
    Sudo,
}

impl Root {
    /// Finds out; `None` when we have no such right or there is no apt-get.
    pub(crate) fn with_apt() -> Option<Self> {
        process::answer("apt-get", &["--version"])?;
        if rustix::process::geteuid().is_root() {
            return Some(Self::Ourselves);
        }
        process::answer("sudo", &["-n", "true"]).map(|_| Self::Sudo)
    }

    /// A program run as root.
    pub(crate) fn command(self, program: &str) -> Command {
        match self {
            Self::Ourselves => process::command(program),
            Self::Sudo => {
                let mut command = process::command("sudo");
                command.args(["-n", program]);
                command
            }
        }
    }

    /// Installs packages as one step.
    pub(crate) fn install(self, what: &str, packages: &[&str]) -> Result<()> {
        let mut update = self.command("apt-get");
        update.args(["update", "-q"]);
        // `env` as sudo drops our environment.
        let mut install = self.command("env");
        install
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install"])
            .args(["-q", "-y", "--no-install-recommends"])
            .args(packages);
        Steps::begin(&format!("{what}: apt-get install {}", packages.join(" ")))?
            .then(update)?
            .then(install)?
            .done();
        Ok(())
    }
}

/// Installs packages, or says which ones the user has to install.
pub(crate) fn install(what: &str, packages: &[&str]) -> Result<()> {
    match Root::with_apt() {
        Some(root) => root.install(what, packages),
        None => bail!(
            "{what} is missing, and xtask may not install packages here. Install it by hand; on Debian: \
             `sudo apt-get install {}`",
            packages.join(" ")
        ),
    }
}
