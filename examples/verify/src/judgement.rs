//! Judgement: what was found, in the order in which it was looked at.

use std::fmt;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    findings: Vec<Finding>,
}

#[derive(Debug)]
enum Finding {
    Holds(String),
    Fails(String),
    Says(String),
}

impl Judgement {
    /// Notes whether something holds.
    pub(crate) fn check(&mut self, holds: bool, what: impl Into<String>) -> bool {
        let what = what.into();
        self.findings.push(if holds {
            Finding::Holds(what)
        } else {
            Finding::Fails(what)
        });
        holds
    }

    /// Notes what the document says, where that proves itself.
    pub(crate) fn say(&mut self, what: impl Into<String>) {
        self.findings.push(Finding::Says(what.into()));
    }

    /// Whether something was looked at, and all of it holds.
    pub(crate) fn holds(&self) -> bool {
        let fails = |finding: &Finding| matches!(finding, Finding::Fails(_));
        !self.findings.is_empty() && !self.findings.iter().any(fails)
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            match finding {
                Finding::Holds(what) => writeln!(f, "  holds  {what}")?,
                Finding::Fails(what) => writeln!(f, "  FAILS  {what}")?,
                Finding::Says(what) => writeln!(f, "{what}")?,
            }
        }
        if self.holds() {
            writeln!(f, "Everything holds.")
        } else {
            writeln!(f, "NOT everything holds: do not rely on this as it stands.")
        }
    }
}
