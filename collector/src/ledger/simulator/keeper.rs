//! The keeper of the keys: replaces the key-encryption key, and the ledger wraps everybody anew, a hundred at a time, between everything
//! else. When nobody is left under the former key it is forgotten.

use super::{
    invariants::Check,
    world::{Fate, World},
};
use crate::settings::Settings;

/// Which key there is, and how far the wrapping has come.
#[derive(Default)]
pub(super) struct Kek {
    version: u8,
    /// The last who was wrapped anew; without one, all are
    replacing: Option<String>,
}

impl Kek {
    /// The settings of a process that starts now.
    pub(super) fn settings(&self) -> Settings {
        let replaced = (1..=self.version).fold(Settings::for_tests(), |settings, version| {
            settings.without_former_kek().with_new_kek([version; 32])
        });
        match self.replacing {
            Some(_) => replaced,
            None => replaced.without_former_kek(),
        }
    }
}

impl World {
    /// Another key, unless the one before is not replaced everywhere yet.
    pub(super) fn replace_kek(&mut self) {
        if self.kek.replacing.is_none() && self.kek.version < u8::MAX {
            self.kek.version += 1;
            self.kek.replacing = Some(String::new());
            self.say(|world| format!("key {} replaces the one before", world.kek.version));
            self.reopen();
        }
    }

    /// What the alarm does of it.
    pub(super) fn rewrap(&mut self) -> Check {
        let Some(after) = self.kek.replacing.clone() else {
            return Ok(());
        };
        match self.attempt(|book| book.rewrap_some(&after))? {
            Fate::Done(None) => {
                self.say(|world| format!("everybody is under key {}", world.kek.version));
                self.kek.replacing = None;
                // Without the former key: whoever was left behind cannot be read any more.
                self.reopen();
                self.everything_is_there()
            }
            Fate::Done(last) => {
                self.kek.replacing = last;
                Ok(())
            }
            Fate::Refused(problem) => Err(format!("wrapping was refused: {}", problem.detail)),
            Fate::Died => {
                self.kek.replacing = Some(String::new());
                Ok(())
            }
        }
    }
}
