//! Scenarios to cases: the matrix spread out, and the filters applied.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::arrange::{self, Partition};
use crate::scenario::Scenario;
use crate::suite::{Suite, SuiteFile, slug};

/// One scenario with one value for each name of its matrix.
#[derive(Debug, Clone)]
pub struct Case {
    /// `<area>::<file>::<scenario>[cell]`
    pub id: String,
    /// The names of the matrix and their values.
    pub cell: Vec<(String, Value)>,
    /// Which of the run's attempts at it this is, counted from 1.
    pub attempt: usize,
    file: Arc<SuiteFile>,
    index: usize,
}

impl Case {
    /// What the case does.
    pub fn scenario(&self) -> &Scenario {
        &self.file.file.scenarios[self.index]
    }

    /// The same case, as the run's attempt of that number.
    pub(crate) fn again(&self, attempt: usize) -> Self {
        Self { attempt, ..self.clone() }
    }

    /// `<area>::<file>`
    pub fn module(&self) -> &str {
        &self.file.module
    }

    /// What its file is about.
    pub fn feature(&self) -> &str {
        &self.file.file.feature
    }

    /// The file it stands in.
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

/// Which cases to run, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Paths of files or folders, or parts of names; a case needs to fit one of them.
    pub filters: Vec<String>,
    /// Whether a name must fit whole.
    pub exact: bool,
    /// Tags that a case must have, or must not have with a `!` before it.
    pub tags: Vec<String>,
    /// Shuffle by this seed.
    pub shuffle: Option<u64>,
    /// Only the cases of this part, which may be none.
    pub partition: Option<Partition>,
}

/// All cases of a suite, in the order of its files.
pub fn cases(suite: &Suite) -> Vec<Case> {
    let mut cases = Vec::new();
    for file in &suite.files {
        for (index, scenario) in file.file.scenarios.iter().enumerate() {
            let mut seen: HashMap<String, usize> = HashMap::new();
            for cell in cells(&scenario.matrix) {
                let mut id = format!("{}::{}{}", file.module, slug(&scenario.name), written(&cell));
                // Values that are cut or cleaned may look alike; a name must still be one case's alone.
                let count = seen.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
                if *count > 1 {
                    id = format!("{id}#{count}");
                }
                cases.push(Case { id, cell, attempt: 1, file: Arc::clone(file), index });
            }
        }
    }
    cases
}

/// The cases that `selection` picks.
///
/// # Errors
///
/// A filter that fits nothing.
pub fn select(suite: &Suite, selection: &Selection) -> Result<Vec<Case>, String> {
    let all = cases(suite);
    let mut picked: Vec<Case> = if selection.filters.is_empty() { all.clone() } else { Vec::new() };
    for filter in &selection.filters {
        let fitting: Vec<&Case> = all.iter().filter(|case| fits(case, filter, selection.exact)).collect();
        if fitting.is_empty() {
            let near = crate::source::nearest(filter, all.iter().map(|case| case.id.as_str()));
            let hint = near.map_or_else(String::new, |id| format!("; did you mean `{id}`?"));
            return Err(format!("no scenario fits `{filter}`{hint} (`hyper-conform list` shows all {})", all.len()));
        }
        let new: Vec<Case> =
            fitting.into_iter().filter(|case| picked.iter().all(|known| known.id != case.id)).cloned().collect();
        picked.extend(new);
    }
    picked.retain(|case| selection.tags.iter().all(|tag| has_tag(case.scenario(), tag)));
    if picked.is_empty() {
        return Err(format!("no scenario has the tags {}", selection.tags.join(" ")));
    }
    if let Some(partition) = selection.partition {
        picked.retain(|case| partition.has(&case.id));
    }
    if let Some(seed) = selection.shuffle {
        arrange::shuffle(&mut picked, seed);
    }
    Ok(picked)
}

fn has_tag(scenario: &Scenario, tag: &str) -> bool {
    match tag.strip_prefix('!') {
        Some(tag) => scenario.tags.iter().all(|known| known != tag),
        None => scenario.tags.iter().any(|known| known == tag),
    }
}

fn fits(case: &Case, filter: &str, exact: bool) -> bool {
    if exact {
        return case.id == filter;
    }
    let path = PathBuf::from(filter);
    match path.canonicalize() {
        Ok(path) => case.path().canonicalize().is_ok_and(|file| file.starts_with(&path)),
        Err(_) => case.id.contains(filter),
    }
}

fn cells(matrix: &[(String, Vec<Value>)]) -> Vec<Vec<(String, Value)>> {
    let mut cells = vec![Vec::new()];
    for (name, values) in matrix {
        let spread = |cell: &Vec<(String, Value)>| {
            values.iter().map(|value| [cell.clone(), vec![(name.clone(), value.clone())]].concat()).collect::<Vec<_>>()
        };
        cells = cells.iter().flat_map(spread).collect();
    }
    cells
}

fn written(cell: &[(String, Value)]) -> String {
    let parts: Vec<String> = cell.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
    if parts.is_empty() { String::new() } else { format!("[{}]", parts.join(",")) }
}

/// A value as a part of a name: on one line, without quotes that a shell would trip over, and not long.
fn shown(value: &Value) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let clean = |c: char| if c.is_control() || c == '\'' { '_' } else { c };
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).map(clean).collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        short.push_str("...");
    }
    short
}
