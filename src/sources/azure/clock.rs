//! What time it is at Azure: windows and hours are told by its clock, not by ours.

use jiff::SignedDuration;
use jiff::Timestamp;

/// What is less is no difference: an answer may have waited for us.
const DIFFERENT: i64 = 60;

/// A difference that is worth a word: beyond 15 minutes keys are refused.
const TOLD: i64 = 300;

/// By how much the other clock is ahead of ours.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sources) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    /// What time it is there.
    pub(in crate::sources) fn there(self, now: Timestamp) -> Timestamp {
        now.checked_add(self.ahead).unwrap_or(now)
    }

    /// An answer said what time it is there.
    pub(in crate::sources) fn hear(&mut self, source: &str, there: Timestamp, now: Timestamp) {
        let ahead = there.duration_since(now);
        let far = |it: SignedDuration| it.as_secs().abs() >= TOLD;
        if far(ahead) && !far(self.ahead) {
            let seconds = ahead.as_secs();
            tracing::warn!(source, seconds, "our clock is not that of Azure; set it right");
        }
        let same = ahead.as_secs().abs() < DIFFERENT;
        self.ahead = if same { SignedDuration::ZERO } else { ahead };
    }
}
