//! Changes that have one cause: the same kind of change, from the same words to the same words.

use crate::capabilities::compare::{Change, Kind, Severity};
use crate::capabilities::outcome::{End, Outcome, Refusal};
use crate::capabilities::run::Findings;

/// Changes of one cause.
#[derive(Debug)]
pub struct Group<'a> {
    /// How they changed.
    pub kind: Kind,
    /// How much the worst of them matters.
    pub severity: Severity,
    /// What changed, without what differs between the rows.
    pub cause: String,
    /// The rows, in order.
    pub changes: Vec<&'a Change>,
}

/// What stands behind a run's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing changed.
    Same,
    /// Only gains, or words.
    Notice,
    /// What was pinned or could be done no longer holds.
    Broke,
    /// A release could not be tried at all.
    CouldNotRun,
}

/// The worst of all findings.
pub fn verdict(findings: &[Findings]) -> Verdict {
    let untried = |findings: &Findings| findings.outcomes.is_empty() && !findings.changes.is_empty();
    let worst = findings.iter().flat_map(|findings| &findings.changes).map(|change| change.severity).min();
    match worst {
        _ if findings.iter().any(untried) => Verdict::CouldNotRun,
        None => Verdict::Same,
        Some(Severity::Notice) => Verdict::Notice,
        Some(Severity::Broke) => Verdict::Broke,
    }
}

/// The changes by cause: what matters most first, then what concerns most rows.
pub fn groups(changes: &[Change]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for change in changes {
        let cause = cause(change);
        match groups.iter_mut().find(|group| group.kind == change.kind && group.cause == cause) {
            Some(group) => {
                group.severity = group.severity.min(change.severity);
                group.changes.push(change);
            }
            None => {
                groups.push(Group { kind: change.kind, severity: change.severity, cause, changes: vec![change] });
            }
        }
    }
    groups.sort_by_key(|group| (group.severity, group.kind, std::cmp::Reverse(group.changes.len())));
    groups
}

fn cause(change: &Change) -> String {
    if let Some(reason) = &change.reason {
        return reason.clone();
    }
    let after = change.after.as_ref().map(gist).unwrap_or_default();
    match &change.before {
        // A capability that is lost has the new words for its cause, whatever it did before.
        Some(before) if !before.is_supported() => format!("{} → {after}", gist(before)),
        _ => after,
    }
}

/// The ending without what differs between rows that fail for one reason: names, numbers and texts in quotes.
fn gist(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Supported(_) => "supported".to_owned(),
        End::Rejected(refusal) => refused(refusal),
        End::Unprepared(refusal) => format!("setup: {}", refused(refusal)),
        End::Crashed(_) => "hyperd ends".to_owned(),
        End::Disconnected(_) => "hyperd closes the connection".to_owned(),
        End::Hung(_) => "no answer".to_owned(),
    }
}

fn refused(refusal: &Refusal) -> String {
    let mut gist = String::new();
    let mut quote = None;
    for c in refusal.message.chars() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                gist.push('…');
                gist.push(c);
            }
            Some(_) => {}
            None => {
                if matches!(c, '\'' | '"') {
                    quote = Some(c);
                }
                gist.push(c);
            }
        }
    }
    // The parser's list of what it expected differs from place to place.
    let gist = gist.split_once(", expected").map_or(gist.as_str(), |(got, _)| got);
    format!("{} {}", refusal.sqlstate, gist.split_once(": got ").map_or(gist, |(error, _)| error))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::refused;
    use crate::capabilities::outcome::Refusal;

    #[rstest]
    #[case("type \"serial\" does not exist", "1 type \"…\" does not exist")]
    #[case("syntax error: got ON, expected one of: ORDER", "1 syntax error")]
    #[case("Index support is disabled.", "1 Index support is disabled.")]
    fn what_differs_between_rows_is_left_out(#[case] message: &str, #[case] expected: &str) {
        let refusal =
            Refusal { statement: 1, sqlstate: "1".to_owned(), message: message.to_owned(), detail: None, hint: None };
        assert_eq!(refused(&refusal), expected);
    }
}
