//! The recorded outcomes of every release: `scenarios/capabilities/matrix/`.
//!
//! One file a theme. Of each row only the releases at which its outcome changed are written, so that a new release
//! adds a line to `releases.json` and what it changed, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::battery::{Battery, Theme};
use super::outcome::Outcome;
use super::release;

/// All recorded outcomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The releases, oldest first.
    pub releases: Vec<Recorded>,
    /// Each row's outcome on each release that it was tried on.
    pub outcomes: BTreeMap<String, BTreeMap<String, Outcome>>,
}

/// A recorded release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The release, as hyperd numbers itself.
    pub release: String,
    /// The day on which its package was built, where the package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
    /// The package's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// The file's SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// From which release on a row had which outcome; none where it was not tried.
#[derive(Debug, Serialize, Deserialize)]
struct Since {
    since: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

type File = BTreeMap<String, Vec<Since>>;

const RELEASES: &str = "releases.json";

/// The matrix's folder in the suite.
pub fn folder(suite: &Path) -> PathBuf {
    suite.join("capabilities").join("matrix")
}

/// The page that shows the matrix.
pub fn page(suite: &Path) -> PathBuf {
    suite.join("capabilities").join("matrix.html")
}

impl Matrix {
    /// Reads the matrix of the suite; an absent one is empty.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn load(suite: &Path) -> Result<Self, String> {
        let folder = folder(suite);
        let mut matrix = Self::default();
        if !folder.join(RELEASES).exists() {
            return Ok(matrix);
        }
        matrix.releases = read(&folder.join(RELEASES))?;
        for path in themes(&folder)? {
            for (id, changes) in read::<File>(&path)? {
                let outcomes = spread(&matrix.releases, changes).map_err(|unknown| {
                    format!("{}: {id} names the release {unknown}, which {RELEASES} lacks", path.display())
                })?;
                matrix.outcomes.insert(id, outcomes);
            }
        }
        Ok(matrix)
    }

    /// Writes the matrix, one file for each theme of the battery; what the battery no longer has is dropped.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn save(&self, suite: &Path, battery: &Battery) -> Result<(), String> {
        let folder = folder(suite);
        fs::create_dir_all(&folder).map_err(|error| format!("failed to create {}: {error}", folder.display()))?;
        for path in themes(&folder)? {
            fs::remove_file(&path).map_err(|error| format!("failed to remove {}: {error}", path.display()))?;
        }
        write(&folder.join(RELEASES), &self.releases)?;
        for theme in &battery.themes {
            let path = folder.join(format!("{}.json", theme.name));
            let text = self.theme_text(theme).map_err(|error| format!("{}: {error}", path.display()))?;
            fs::write(&path, text).map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// A line for each change, so that a diff shows the changes.
    fn theme_text(&self, theme: &Theme) -> Result<String, serde_json::Error> {
        let mut rows = Vec::new();
        for row in &theme.rows {
            let Some(outcomes) = self.outcomes.get(&row.id) else { continue };
            let changes: Result<Vec<String>, _> = self
                .gather(outcomes)
                .iter()
                .map(|change| Ok(format!("    {}", serde_json::to_string(change)?)))
                .collect();
            rows.push(format!("  {}: [\n{}\n  ]", serde_json::to_string(&row.id)?, changes?.join(",\n")));
        }
        Ok(format!("{{\n{}\n}}\n", rows.join(",\n")))
    }

    /// The outcome of a row on a release.
    pub fn outcome(&self, id: &str, release: &str) -> Option<&Outcome> {
        self.outcomes.get(id)?.get(release)
    }

    /// The newest recorded release.
    pub fn newest(&self) -> Option<&Recorded> {
        self.releases.last()
    }

    /// The record of a release.
    pub fn recorded(&self, release: &str) -> Option<&Recorded> {
        self.releases.iter().find(|recorded| recorded.release == release)
    }

    /// Puts a release's outcomes in, in the place of what was recorded of the same rows.
    pub fn record(&mut self, recorded: Recorded, outcomes: impl IntoIterator<Item = (String, Outcome)>) {
        let release = recorded.release.clone();
        self.releases.retain(|known| known.release != release);
        self.releases.push(recorded);
        self.releases.sort_by_key(|known| release::number(&known.release));
        for (id, outcome) in outcomes {
            self.outcomes.entry(id).or_default().insert(release.clone(), outcome);
        }
    }

    fn gather(&self, outcomes: &BTreeMap<String, Outcome>) -> Vec<Since> {
        let mut changes: Vec<Since> = Vec::new();
        for Recorded { release, .. } in &self.releases {
            let outcome = outcomes.get(release);
            if changes.last().is_none_or(|last| last.outcome.as_ref() != outcome) {
                changes.push(Since { since: release.clone(), outcome: outcome.cloned() });
            }
        }
        changes
    }
}

fn spread(releases: &[Recorded], changes: Vec<Since>) -> Result<BTreeMap<String, Outcome>, String> {
    let known = |since: &str| releases.iter().position(|recorded| recorded.release == since);
    let mut outcomes = BTreeMap::new();
    for change in changes {
        let from = known(&change.since).ok_or(change.since)?;
        for Recorded { release, .. } in &releases[from..] {
            match &change.outcome {
                Some(outcome) => drop(outcomes.insert(release.clone(), outcome.clone())),
                None => drop(outcomes.remove(release)),
            }
        }
    }
    Ok(outcomes)
}

fn themes(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("failed to read {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json") && !path.ends_with(RELEASES))
        .collect();
    paths.sort();
    Ok(paths)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read(path).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is broken: {error}", path.display()))
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), String> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| format!("{}: {error}", path.display()))?;
    text.push('\n');
    fs::write(path, text).map_err(|error| format!("failed to write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Matrix, Recorded};
    use crate::capabilities::battery::Battery;
    use crate::capabilities::outcome::{Answer, End, Outcome};
    use crate::suite::Suite;

    fn tagged(tag: &str) -> Outcome {
        Outcome { before: Vec::new(), end: End::Supported(Answer { tag: tag.to_owned(), ..Answer::default() }) }
    }

    fn recorded(release: &str) -> Recorded {
        Recorded { release: release.to_owned(), built: None, archive: None, sha256: None }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
        let battery: Battery = Suite::load(&suite).expect("the suite is valid").battery;
        let ids: Vec<String> = battery.rows().map(|row| row.id.clone()).take(2).collect();
        let mut matrix = Matrix::default();
        let row = |index: usize, tag: &str| (ids[index].clone(), tagged(tag));
        matrix.record(recorded("0.0.20000"), [row(0, "A"), row(1, "A")]);
        // The second row is missing here, and the releases come out of order.
        matrix.record(recorded("0.0.3"), [row(0, "A")]);
        matrix.record(recorded("0.0.100"), [row(0, "B"), row(1, "A")]);
        assert_eq!(matrix.newest().map(|newest| newest.release.as_str()), Some("0.0.20000"));
        let folder = tempfile::tempdir().expect("a temporary directory");
        matrix.save(folder.path(), &battery).expect("the matrix can be written");
        assert_eq!(Matrix::load(folder.path()), Ok(matrix));
    }
}
