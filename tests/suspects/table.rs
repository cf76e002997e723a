//! The table that a run of the suspects ends with.

use std::fmt::Write as _;

/// The group of servers with nothing behind them.
pub(super) const NULL: &str = "null";

/// The group of scenarios that expect something wrong.
pub(super) const MUTANT: &str = "mutant";

/// One broken server, or scenario, and what came of it.
#[derive(Debug)]
pub(super) struct Row {
    /// The group of requirements that it breaks, or `null`.
    pub(super) group: &'static str,
    /// What it does wrong.
    pub(super) suspect: String,
    /// How many scenarios were run.
    pub(super) tried: usize,
    /// How many of them failed, as they should.
    pub(super) caught: usize,
    /// The first that failed, and how.
    pub(super) first: Option<(String, String)>,
}

/// The rows as text, sorted by group; nothing where there are none.
pub(super) fn render(rows: &[Row]) -> String {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.group != NULL, row.group));
    let mut text = String::new();
    for row in &sorted {
        let Row { group, suspect, tried, caught, first } = row;
        let what = if *group == MUTANT { "a" } else { "a server that" };
        let _ = writeln!(text, "{group:<9} {caught:>4} of {tried:<4} {what} {suspect}");
        if let Some((id, title)) = first {
            let _ = writeln!(text, "{:26}{id}\n{:26}{title}", "", "");
        }
    }
    let servers = sorted.into_iter().filter(|row| row.group != MUTANT);
    let (nulls, suspects): (Vec<&Row>, Vec<&Row>) = servers.partition(|row| row.group == NULL);
    if !nulls.is_empty() {
        let (tried, caught) =
            nulls.iter().fold((0, 0), |(tried, caught), row| (tried + row.tried, caught + row.caught));
        let _ = writeln!(text, "null servers: {caught} of {tried} runs of scenarios failed, as all must");
    }
    if !suspects.is_empty() {
        let caught = suspects.iter().filter(|row| row.caught > 0).count();
        let _ = writeln!(
            text,
            "suspects: {caught} of {} caught by a scenario of the group that they break",
            suspects.len()
        );
    }
    text
}
