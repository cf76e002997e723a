//! What came of a case: its verdict, its steps with their times, and the evidence where it was not as expected.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use crate::source::Span;
use crate::target::{Direction, Message};

/// How many bytes of one message a report keeps.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// About how many bytes of all messages of one case a report keeps, the last ones first: a run of 2,000 cases that all
/// fail must not take the machine's memory.
pub(super) const TRAFFIC_BYTES_MAX: usize = 128 * 1024;

/// How many bytes of a case's server log a report keeps, the last ones.
const LOG_BYTES_MAX: usize = 32 * 1024;

/// What came of a case.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Everything was as expected.
    Pass,
    /// Something was not; the failures of `finally` stand apart from the scenario's own.
    Fail(Vec<Failure>),
    /// The scenario says itself why it is left out.
    Ignored(String),
    /// The scenario needs what this run does not have; says nothing about the server.
    NotApplicable(String),
    /// It failed as the target's list of expected failures says.
    ExpectedFailure {
        /// Why that is expected.
        reason: String,
        /// What was not as the scenario says.
        failures: Vec<Failure>,
    },
    /// There was no engine or no server; this is never green.
    CouldNotRun(Failure),
}

/// A case and what came of it.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// The case's full name.
    pub id: String,
    /// The scenario's name as it is written.
    pub name: String,
    /// Where the scenario is written.
    pub span: Span,
    /// The ids of the requirements that it proves.
    pub requirements: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The names of its matrix and their values.
    pub cell: Vec<(String, Value)>,
    /// Which of the run's attempts at this case this is, counted from 1.
    pub attempt: usize,
    /// How often it was begun anew because the hyperd that all cases share had died under it.
    pub reruns: usize,
    /// The version that its server said it has; `None` where no client met one.
    pub server_version: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// Its steps, those of `finally` last. A case that passed has their times and nothing of what was said.
    pub steps: Vec<StepReport>,
    /// What the server logged; empty for a case that passed.
    pub log: CaseLog,
    /// Where its files are, if they were kept.
    pub kept: Option<PathBuf>,
    /// The command that runs it alone; empty where there is none.
    pub again: String,
}

/// A step and what came of it.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// Its number in the case, counted from 1 in the order in which the steps began; a failure names it.
    pub number: usize,
    /// Its name, or the verb and what stands behind it.
    pub title: String,
    /// Where it is written.
    pub span: Span,
    /// The client that did it.
    pub client: String,
    /// When it began, since the case began.
    pub offset: Duration,
    /// How long it took.
    pub elapsed: Duration,
    /// What came of it.
    pub verdict: StepVerdict,
    /// How many messages its client said and heard meanwhile.
    pub messages: usize,
    /// The messages, oldest first; the last ones where there were too many to keep.
    pub traffic: Vec<Spoken>,
    /// Which bytes of the case's whole log were written meanwhile.
    pub log: Range<usize>,
    /// The steps inside it, of a fragment or in parallel.
    pub steps: Vec<StepReport>,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StepWord")]
pub enum StepVerdict {
    /// As expected.
    #[serde(rename = "passed")]
    Pass,
    /// Not as expected.
    #[serde(rename = "failed")]
    Fail,
    /// Its `when` did not hold.
    Skipped,
    /// The step around it ended first.
    Unfinished,
}

/// One JSON-RPC message as a report keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Who said it.
    pub direction: Direction,
    /// When it passed, since the case began.
    pub offset: Duration,
    /// The message's JSON, or its beginning where that is shorter than `bytes`.
    pub text: String,
    /// The length of the whole message.
    pub bytes: usize,
}

/// The server's log of a case, or its last part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseLog {
    /// How many bytes before `text` were not kept.
    pub left_out: usize,
    /// The lines.
    pub text: String,
}

impl CaseReport {
    /// The name with the attempt where there is more than one.
    pub fn title(&self, attempts: usize) -> String {
        if attempts > 1 { format!("{} (attempt {} of {attempts})", self.id, self.attempt) } else { self.id.clone() }
    }

    /// What was not as expected.
    pub fn failures(&self) -> &[Failure] {
        match &self.verdict {
            Verdict::Fail(failures) | Verdict::ExpectedFailure { failures, .. } => failures,
            Verdict::CouldNotRun(failure) => std::slice::from_ref(failure),
            Verdict::Pass | Verdict::Ignored(_) | Verdict::NotApplicable(_) => &[],
        }
    }

    /// Why it was not done, or why its failure is expected.
    pub fn reason(&self) -> Option<&str> {
        match &self.verdict {
            Verdict::Ignored(reason) | Verdict::NotApplicable(reason) | Verdict::ExpectedFailure { reason, .. } => {
                Some(reason)
            }
            Verdict::Pass | Verdict::Fail(_) | Verdict::CouldNotRun(_) => None,
        }
    }

    /// Every step, each before the steps inside it.
    pub fn each_step<'a>(&'a self, seen: &mut impl FnMut(&'a StepReport)) {
        fn walk<'a>(steps: &'a [StepReport], seen: &mut impl FnMut(&'a StepReport)) {
            for step in steps {
                seen(step);
                walk(&step.steps, seen);
            }
        }
        walk(&self.steps, seen);
    }

    /// The step of that number, at any depth.
    pub fn step(&self, number: usize) -> Option<&StepReport> {
        let mut found = None;
        self.each_step(&mut |step| {
            if step.number == number {
                found = Some(step);
            }
        });
        found
    }
}

impl StepVerdict {
    /// The word that reports show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Fail => "failed",
            Self::Skipped => "skipped",
            Self::Unfinished => "unfinished",
        }
    }
}

impl Spoken {
    pub(super) fn of(message: &Message, began: Instant) -> Self {
        let mut text = message.body.to_string();
        let bytes = text.len();
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        Self { direction: message.direction, offset: message.at.saturating_duration_since(began), text, bytes }
    }

    /// The message on one line, its beginning where it is longer than `chars`.
    pub fn brief(&self, chars: usize) -> String {
        match self.text.char_indices().nth(chars) {
            Some((at, _)) => format!("{}... ({} bytes)", &self.text[..at], self.bytes),
            None if self.text.len() < self.bytes => format!("{}... ({} bytes)", self.text, self.bytes),
            None => self.text.clone(),
        }
    }
}

impl CaseLog {
    pub(super) fn of(mut text: String) -> Self {
        let left_out = text.ceil_char_boundary(text.len().saturating_sub(LOG_BYTES_MAX));
        Self { left_out, text: text.split_off(left_out) }
    }

    /// The bytes of that range of the whole log, as far as they were kept.
    pub fn part(&self, range: &Range<usize>) -> &str {
        let inside = |at: usize| at.saturating_sub(self.left_out).min(self.text.len());
        let (from, to) = (inside(range.start), inside(range.end));
        self.text.get(self.text.floor_char_boundary(from)..self.text.floor_char_boundary(to)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn message(body: Value) -> Message {
        Message { direction: Direction::Sent, at: Instant::now(), body: Arc::new(body) }
    }

    #[test]
    fn a_long_message_is_kept_by_its_beginning() {
        let long = "\u{1f600}".repeat(MESSAGE_BYTES_MAX);
        let spoken = Spoken::of(&message(Value::from(long)), Instant::now());
        assert_eq!(spoken.bytes, 4 * MESSAGE_BYTES_MAX + 2);
        assert!(spoken.text.len() <= MESSAGE_BYTES_MAX && spoken.text.len() > MESSAGE_BYTES_MAX - 4);
        assert_eq!(spoken.brief(2), "\"\u{1f600}... (16386 bytes)");
    }

    #[test]
    fn a_long_log_is_kept_by_its_end_and_ranges_of_the_whole_still_fit() {
        let log = CaseLog::of(format!("{}last", "x".repeat(LOG_BYTES_MAX)));
        assert_eq!((log.left_out, log.text.len()), (4, LOG_BYTES_MAX));
        assert_eq!(log.part(&(LOG_BYTES_MAX..LOG_BYTES_MAX + 4)), "last");
        assert_eq!(log.part(&(0..6)), "xx");
        assert_eq!(log.part(&(LOG_BYTES_MAX..usize::MAX)), "last");
    }
}
