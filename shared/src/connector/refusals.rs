//! Refusals of the steps that one change is told in.

use super::{Change, Says, Told, Verdict};

/// What was refused on the way. A yes ends with the first refusal: nobody is written to who is only half told. A no goes on: whatever of it
/// can be written keeps the person from being written to, and what could not is said at the end.
#[derive(Debug)]
pub struct Refusals {
    goes_on: bool,
    words: Vec<String>,
}

impl Refusals {
    /// None yet, of telling this.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        Self {
            goes_on: matches!(change.says(), Says::No | Says::Forget),
            words: Vec::new(),
        }
    }

    /// What a step gave; nothing where it was refused and the others go on. What is no refusal ends the attempt: it is made again.
    pub fn note<T>(&mut self, told: Told<T>) -> Told<Option<T>> {
        match told {
            Ok(given) => Ok(Some(given)),
            Err(Verdict::Refused { words }) if self.goes_on => {
                self.words.push(words);
                Ok(None)
            }
            Err(verdict) => Err(verdict),
        }
    }

    /// The verdict of the whole: refused if any step was.
    pub fn end(self, verdict: Verdict) -> Told<Verdict> {
        if self.words.is_empty() {
            return Ok(verdict);
        }
        Err(Verdict::refused(self.words.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(goes_on: bool) -> Refusals {
        Refusals {
            goes_on,
            words: Vec::new(),
        }
    }

    #[test]
    fn a_no_goes_on_after_a_refusal_and_says_all_of_them_at_the_end() {
        let mut no = refusals(true);
        assert_eq!(no.note(Ok(1)), Ok(Some(1)));
        assert_eq!(no.note::<u8>(Err(Verdict::refused("One."))), Ok(None));
        assert_eq!(no.note::<u8>(Err(Verdict::refused("Two."))), Ok(None));
        let ended = no.end(Verdict::done("written"));
        assert_eq!(ended, Err(Verdict::refused("One. Two.")));
    }

    #[test]
    fn a_yes_ends_with_the_first_and_an_outage_ends_everything() {
        let refused = Verdict::refused("One.");
        assert_eq!(
            refusals(false).note::<u8>(Err(refused.clone())),
            Err(refused)
        );
        let later = Verdict::TryLater {
            retry_after: None,
            words: String::new(),
        };
        assert_eq!(refusals(true).note::<u8>(Err(later.clone())), Err(later));
        assert_eq!(
            refusals(true).end(Verdict::done("written")),
            Ok(Verdict::done("written"))
        );
    }
}
