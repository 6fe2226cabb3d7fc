//! The alarm: one per object, and a write to disk each time that it is set. It is set only when it would come too late.

use std::{cell::Cell, time::Duration};

use sayso_shared::time::Timestamp;

/// For how long an alarm may be late before it is no longer counted on.
const LATE: Duration = Duration::from_secs(20);

/// What this object knows of its alarm. Not knowing is harmless: it is then set once more.
#[derive(Default)]
pub(super) struct Alarm(Cell<Option<Timestamp>>);

impl Alarm {
    /// Whether something that is due at `at` needs the alarm to be set. One that comes earlier does as well: on each, what is due
    /// is looked at anew.
    pub(super) fn misses(&self, at: Timestamp, now: Timestamp) -> bool {
        let known = self.0.get();
        !known.is_some_and(|known| known <= at && now < known + LATE)
    }

    /// It stands for this moment.
    pub(super) fn stands(&self, at: Timestamp) {
        self.0.set(Some(at));
    }

    /// It has come, or it is not known whether it stands.
    pub(super) fn is_gone(&self) {
        self.0.set(None);
    }
}

#[cfg(test)]
mod tests {
    use sayso_shared::time::Timestamp;

    use super::Alarm;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1000)
    }

    #[test]
    fn an_alarm_is_set_only_when_it_would_come_too_late() {
        let alarm = Alarm::default();
        assert!(alarm.misses(at(100), at(50)), "there is none");
        alarm.stands(at(100));
        assert!(!alarm.misses(at(100), at(50)));
        assert!(!alarm.misses(at(101), at(50)), "an earlier one does");
        assert!(alarm.misses(at(99), at(50)), "it would be late");
        assert!(!alarm.misses(at(130), at(119)), "it may be a little late");
        assert!(alarm.misses(at(130), at(120)), "it did not come");
        alarm.is_gone();
        assert!(alarm.misses(at(130), at(101)));
    }
}
