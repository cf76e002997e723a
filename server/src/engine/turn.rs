//! Waiting for one's turn at a database.
//!
//! hyperd refuses to attach or detach a file, with the SQLSTATE of a serialization failure, at the moment in which another
//! connection changes the tables there; it refuses that change, too, while the other one attaches. Nobody else can tell when that moment is over, so the statement is sent again.

use std::time::{Duration, Instant};

use super::error::SERIALIZATION_FAILURE;
use crate::error::Error;
use crate::limits;

/// The tries of one statement.
pub(super) struct Turn {
    since: Instant,
    pause: Duration,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), pause: limits::ms(limits::TURN_PAUSE_MS) }
    }

    /// How long to wait before the statement that failed is sent again; none where that is of no use.
    pub(super) fn pause_after(&mut self, error: &Error) -> Option<Duration> {
        let passes = error.sqlstate.as_deref() == Some(SERIALIZATION_FAILURE);
        if !passes || self.since.elapsed() >= limits::ms(limits::TURN_DEADLINE_MS) {
            return None;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(limits::ms(limits::TURN_PAUSE_MAX_MS));
        Some(pause)
    }
}
