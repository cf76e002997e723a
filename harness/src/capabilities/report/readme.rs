//! README's short table: how many rows each release does as pinned, and what changed at it.

use std::fmt::Write as _;

use crate::capabilities::battery::Battery;
use crate::capabilities::compare::{self, Kind};
use crate::capabilities::fit;
use crate::capabilities::matrix::Matrix;

/// What stands before and after the table in README.
const BEGIN: &str = "<!-- capabilities: written by `hyper-conform capabilities --record` -->";
const END: &str = "<!-- /capabilities -->";

/// The table, a line for each release, newest first.
pub fn table(battery: &Battery, matrix: &Matrix) -> String {
    let mut out = String::from(
        "| release | built | as pinned | regressed | gained | other changes |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let rows = battery.rows().count();
    let previous = std::iter::once(None).chain(matrix.releases.iter().map(Some));
    let lines: Vec<String> = matrix
        .releases
        .iter()
        .zip(previous)
        .map(|(recorded, previous)| {
            let outcome = |row: &super::super::Row| matrix.outcome(&row.id, &recorded.release);
            let fitting = battery
                .rows()
                .filter(|row| outcome(row).is_some_and(|outcome| fit::misfits(row, outcome).is_empty()))
                .count();
            let changes: Vec<Kind> = battery
                .rows()
                .filter_map(|row| {
                    let before = matrix.outcome(&row.id, &previous?.release)?;
                    Some(compare::change(row, Some(before), Ok(outcome(row)?))?.kind)
                })
                .collect();
            let count = |wanted: Kind| changes.iter().filter(|kind| **kind == wanted).count();
            let (regressed, gained) = (count(Kind::Regressed), count(Kind::Gained));
            let shown = |count: usize| if previous.is_some() { count.to_string() } else { String::new() };
            format!(
                "| {} | {} | {fitting} of {rows} | {} | {} | {} |\n",
                recorded.release,
                recorded.built.as_deref().unwrap_or(""),
                shown(regressed),
                shown(gained),
                shown(changes.len() - regressed - gained),
            )
        })
        .collect();
    for line in lines.iter().rev() {
        let _ = write!(out, "{line}");
    }
    out
}

/// The README with the table in its place.
///
/// # Errors
///
/// A README without the place.
pub fn put(readme: &str, table: &str) -> Result<String, String> {
    let place = readme.find(BEGIN).zip(readme.find(END)).filter(|(begin, end)| begin < end);
    let (begin, end) = place.ok_or_else(|| format!("README.md lacks the lines `{BEGIN}` and `{END}`"))?;
    Ok(format!("{}\n{table}{}", &readme[..begin + BEGIN.len()], &readme[end..]))
}
