//! What differs between two outcomes of a row, and whether it breaks what is pinned.

use serde::Serialize;

use super::fit;
use super::outcome::{End, Outcome, Refusal};
use super::row::Row;

/// How an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// hyperd ended, where it did not before, or after other answers.
    Crashed,
    /// hyperd closed the connection.
    Disconnected,
    /// hyperd did not answer.
    Hung,
    /// It could be done, and is refused now.
    Regressed,
    /// The row's setup is refused, or there is no hyperd to try it on.
    CouldNotRun,
    /// The columns have other types.
    TypeChanged,
    /// The answer is another one.
    ResultChanged,
    /// It is refused with another SQLSTATE.
    SqlstateChanged,
    /// It is refused in other words.
    MessageChanged,
    /// It was refused, or took hyperd down, and can be done now.
    Gained,
    /// Nothing was recorded of it.
    New,
}

/// How much a change matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something that was pinned or could be done no longer holds.
    Broke,
    /// More can be done than before, or the words are others.
    Notice,
}

/// One row's change.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The row.
    pub id: String,
    /// What rests on it.
    pub why: String,
    /// How it changed.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// What was recorded.
    pub before: Option<Outcome>,
    /// What came; none where the row could not be tried.
    pub after: Option<Outcome>,
    /// Why the row could not be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Kind {
    /// The kind in a reader's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::Disconnected => "connection closed",
            Self::Hung => "hung",
            Self::Regressed => "regressed",
            Self::CouldNotRun => "could not run",
            Self::TypeChanged => "type changed",
            Self::ResultChanged => "result changed",
            Self::SqlstateChanged => "sqlstate changed",
            Self::MessageChanged => "message changed",
            Self::Gained => "gained",
            Self::New => "new row",
        }
    }
}

/// The change from `before` to `after`; none where they are the same.
pub fn change(row: &Row, before: Option<&Outcome>, after: Result<&Outcome, &str>) -> Option<Change> {
    let (kind, reason) = match (before, after) {
        (_, Err(reason)) => (Kind::CouldNotRun, Some(reason.to_owned())),
        (Some(before), Ok(after)) if before == after => return None,
        (None, Ok(_)) => (Kind::New, None),
        (Some(before), Ok(after)) => (kind(before, after), None),
    };
    let after = after.ok();
    let severity = severity(row, kind, before, after);
    Some(Change {
        id: row.id.clone(),
        why: row.why.clone(),
        kind,
        severity,
        before: before.cloned(),
        after: after.cloned(),
        reason,
    })
}

fn kind(before: &Outcome, after: &Outcome) -> Kind {
    match (&before.end, &after.end) {
        (_, End::Crashed(_)) => Kind::Crashed,
        (_, End::Disconnected(_)) => Kind::Disconnected,
        (_, End::Hung(_)) => Kind::Hung,
        (End::Supported(old), End::Supported(new)) => {
            let types = |answer: &super::outcome::Answer| {
                answer.columns.iter().map(|(_, sql_type)| sql_type.clone()).collect::<Vec<_>>()
            };
            if types(old) == types(new) { Kind::ResultChanged } else { Kind::TypeChanged }
        }
        (_, End::Supported(_)) => Kind::Gained,
        (End::Crashed(at) | End::Disconnected(at) | End::Hung(at), End::Rejected(refusal)) => {
            // One that was answered before is refused now, and the one that brought the trouble was not tried.
            if refusal.statement < at.statement { Kind::Regressed } else { Kind::Gained }
        }
        (End::Crashed(at) | End::Disconnected(at) | End::Hung(at), End::Unprepared(_)) => {
            if at.statement == 0 {
                Kind::Gained
            } else {
                Kind::CouldNotRun
            }
        }
        (End::Supported(_), End::Rejected(_)) => Kind::Regressed,
        (End::Supported(_) | End::Rejected(_), End::Unprepared(_)) => Kind::CouldNotRun,
        (End::Rejected(old) | End::Unprepared(old), End::Rejected(new) | End::Unprepared(new)) => refused(old, new),
    }
}

fn refused(old: &Refusal, new: &Refusal) -> Kind {
    if old.sqlstate == new.sqlstate { Kind::MessageChanged } else { Kind::SqlstateChanged }
}

/// Words matter where the pinned part of them is gone; a new row where it does not do what it pins.
///
/// A crash matters where none is pinned, and where it is another one than the pinned one. A row that crashed before
/// without a pin has lost nothing.
fn severity(row: &Row, kind: Kind, before: Option<&Outcome>, after: Option<&Outcome>) -> Severity {
    let fits = |outcome: &Outcome| fit::misfits(row, outcome).is_empty();
    let no_longer_fits = before.is_some_and(fits) && !after.is_some_and(fits);
    let crashed_before = before.is_some_and(|before| matches!(before.end, End::Crashed(_)));
    let broke = match kind {
        Kind::Gained => false,
        Kind::MessageChanged => no_longer_fits,
        Kind::Crashed if crashed_before => no_longer_fits,
        Kind::Crashed | Kind::New => !after.is_some_and(fits),
        _ => true,
    };
    if broke { Severity::Broke } else { Severity::Notice }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Kind, Severity, change};
    use crate::capabilities::outcome::{End, Outcome, Refusal, Stopped};
    use crate::capabilities::row::{Pinned, Row};

    fn hung() -> End {
        End::Hung(Stopped { statement: 3 })
    }

    fn unprepared() -> End {
        End::Unprepared(Refusal::of(1))
    }

    fn told(pinned: Pinned, before: Option<&Outcome>, after: &Outcome) -> Option<(Kind, Severity)> {
        change(&Row::pinning(pinned), before, Ok(after)).map(|change| (change.kind, change.severity))
    }

    #[rstest]
    #[case::no_more(End::crash(3), End::tagged("SELECT 1"), Kind::Gained, Severity::Notice)]
    #[case::refused_instead(End::crash(3), End::refusing(3), Kind::Gained, Severity::Notice)]
    #[case::refused_before_it(End::crash(3), End::refusing(2), Kind::Regressed, Severity::Broke)]
    #[case::not_tried(End::crash(3), unprepared(), Kind::CouldNotRun, Severity::Broke)]
    #[case::setup_goes_on(End::crash(0), unprepared(), Kind::Gained, Severity::Notice)]
    #[case::earlier(End::crash(3), End::crash(1), Kind::Crashed, Severity::Broke)]
    #[case::as_pinned_at_last(End::crash(1), End::crash(3), Kind::Crashed, Severity::Notice)]
    #[case::hangs_instead(End::crash(3), hung(), Kind::Hung, Severity::Broke)]
    #[case::comes_as_pinned(End::tagged("SELECT 1"), End::crash(3), Kind::Crashed, Severity::Notice)]
    #[case::comes_otherwise(End::tagged("SELECT 1"), End::crash(2), Kind::Crashed, Severity::Broke)]
    fn a_pinned_crash(#[case] before: End, #[case] after: End, #[case] kind: Kind, #[case] severity: Severity) {
        let (before, after) = (Outcome::ending(before), Outcome::ending(after));
        assert_eq!(told(Pinned::Crashes, Some(&before), &after), Some((kind, severity)));
    }

    #[rstest]
    #[case::comes(End::tagged("SELECT 1"), End::crash(3), Kind::Crashed, Severity::Broke)]
    #[case::stays_elsewhere(End::crash(2), End::crash(3), Kind::Crashed, Severity::Notice)]
    #[case::no_more(End::crash(3), End::tagged("SELECT 1"), Kind::Gained, Severity::Notice)]
    fn a_crash_that_is_not_pinned(
        #[case] before: End,
        #[case] after: End,
        #[case] kind: Kind,
        #[case] severity: Severity,
    ) {
        let pinned = Pinned::Supported { columns: None, rows: None, tag: Some("SELECT 1".to_owned()) };
        let (before, after) = (Outcome::ending(before), Outcome::ending(after));
        assert_eq!(told(pinned, Some(&before), &after), Some((kind, severity)));
    }

    #[test]
    fn a_recorded_crash_is_nothing_new() {
        let crash = Outcome::ending(End::crash(3));
        assert_eq!(told(Pinned::Crashes, Some(&crash), &crash), None);
        assert_eq!(told(Pinned::Crashes, None, &crash), Some((Kind::New, Severity::Notice)));
        let after_other_answers = Outcome { before: vec!["UPDATE 1".to_owned()], ..crash.clone() };
        assert_eq!(told(Pinned::Crashes, Some(&crash), &after_other_answers), Some((Kind::Crashed, Severity::Notice)));
    }
}
