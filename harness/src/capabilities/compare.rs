//! What differs between two outcomes of a row, and whether it breaks what is pinned.

use serde::Serialize;

use super::fit;
use super::outcome::{End, Outcome, Refusal};
use super::row::Row;

/// How an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// hyperd ended.
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
        (_, End::Supported(_))
        | (End::Crashed(_) | End::Disconnected(_) | End::Hung(_), End::Rejected(_) | End::Unprepared(_)) => {
            Kind::Gained
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
fn severity(row: &Row, kind: Kind, before: Option<&Outcome>, after: Option<&Outcome>) -> Severity {
    let fits = |outcome: &Outcome| fit::misfits(row, outcome).is_empty();
    let broke = match kind {
        Kind::Gained => false,
        Kind::MessageChanged => before.is_some_and(fits) && !after.is_some_and(fits),
        Kind::New => !after.is_some_and(fits),
        _ => true,
    };
    if broke { Severity::Broke } else { Severity::Notice }
}
