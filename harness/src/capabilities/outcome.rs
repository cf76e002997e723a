//! What came of a row on one release.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that a row's statements answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the statements before the last one that ran answered, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
}

/// How a row ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every statement did what the row wants of it; this is the last one's answer.
    Supported(Answer),
    /// hyperd refused a statement.
    Rejected(Refusal),
    /// hyperd refused a statement of the setup, so that the row itself was not tried.
    Unprepared(Refusal),
    /// hyperd ended.
    Crashed(Stopped),
    /// hyperd closed the connection and went on.
    Disconnected(Stopped),
    /// No answer within the deadline.
    Hung(Stopped),
}

/// The answer of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Each column's name and type, as SQL spells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, String)>,
    /// The values as psql shows them; none for NULL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Option<String>>>,
    /// The command tag: `SELECT 1`, `INSERT 0 2`.
    pub tag: String,
}

/// A refused statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which statement, counted from 1.
    pub statement: usize,
    /// The SQLSTATE.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// The detail; of a position in the statement, the line and column alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The statement after which nothing came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Which statement, counted from 1; 0 for the setup.
    pub statement: usize,
}

impl Outcome {
    /// What ends so, with nothing before it.
    #[cfg(test)]
    pub(super) fn ending(end: End) -> Self {
        Self { before: Vec::new(), end }
    }

    /// Whether every statement did what the row wants of it.
    pub fn is_supported(&self) -> bool {
        matches!(self.end, End::Supported(_))
    }

    /// The ending in one word, for a cell of a table.
    pub fn word(&self) -> &'static str {
        match self.end {
            End::Supported(_) => "yes",
            End::Rejected(_) => "no",
            End::Unprepared(_) => "unprepared",
            End::Crashed(_) => "crash",
            End::Disconnected(_) => "disconnect",
            End::Hung(_) => "hang",
        }
    }
}

#[cfg(test)]
impl End {
    /// An answer that is a command tag.
    pub(super) fn tagged(tag: &str) -> Self {
        Self::Supported(Answer { tag: tag.to_owned(), ..Answer::default() })
    }

    /// A crash at this statement.
    pub(super) fn crash(statement: usize) -> Self {
        Self::Crashed(Stopped { statement })
    }

    /// Refuses this statement.
    pub(super) fn refusing(statement: usize) -> Self {
        Self::Rejected(Refusal::of(statement))
    }
}

#[cfg(test)]
impl Refusal {
    /// A refusal of this statement.
    pub(super) fn of(statement: usize) -> Self {
        Self { statement, sqlstate: "0A000".to_owned(), message: "no such thing".to_owned(), detail: None, hint: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sqlstate, self.message)?;
        for (name, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            if let Some(text) = text {
                write!(f, " [{name}: {}]", text.replace('\n', " / "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.columns.is_empty() {
            return f.write_str(if self.tag.is_empty() { "(nothing)" } else { &self.tag });
        }
        let columns: Vec<String> = self.columns.iter().map(|(name, sql_type)| format!("{name} {sql_type}")).collect();
        let cell = |cell: &Option<String>| cell.as_ref().map_or_else(|| "NULL".to_owned(), |text| format!("{text:?}"));
        let rows: Vec<String> =
            self.rows.iter().map(|row| format!("({})", row.iter().map(cell).collect::<Vec<_>>().join(", "))).collect();
        write!(f, "{} [{}] {}", self.tag, columns.join(", "), rows.join(" "))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Supported(answer) => write!(f, "supported: {answer}")?,
            End::Rejected(refusal) => write!(f, "rejected: {refusal}")?,
            End::Unprepared(refusal) => write!(f, "setup statement {} rejected: {refusal}", refusal.statement)?,
            End::Crashed(at) => write!(f, "hyperd crashed at statement {}", at.statement)?,
            End::Disconnected(at) => write!(f, "hyperd closed the connection at statement {}", at.statement)?,
            End::Hung(at) => write!(f, "hyperd hung at statement {}", at.statement)?,
        }
        if self.before.is_empty() { Ok(()) } else { write!(f, " (after {})", self.before.join("; ")) }
    }
}
