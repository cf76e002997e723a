//! What is mended so far, and where the places of a mended text were before.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Changed;
use crate::mend::{Edit, Mend};
use crate::pattern;
use crate::source::Source;
use crate::suite::Texts;

/// A place of a file, as the file was before anything was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) range: Range<usize>,
}

impl Place {
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.file == other.file && overlap(&self.range, &other.range)
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// A value for a place, and the cases that want it.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    pub(super) place: Place,
    /// In the order of the file.
    pub(super) edits: Vec<Edit>,
    /// What stands in the place then, on one line.
    pub(super) shown: String,
    pub(super) cases: Vec<String>,
    /// When it was made.
    pub(super) round: usize,
}

/// Where a place of the mended text is found.
pub(super) enum Found {
    /// Nothing was mended there.
    Untouched(Place),
    /// This was mended there.
    Mended(usize),
}

/// Every file with something mended in it.
#[derive(Debug, Default)]
pub(super) struct Patches {
    files: BTreeMap<PathBuf, Arc<Source>>,
    /// In the order of their places.
    all: Vec<Patch>,
}

impl Patches {
    pub(super) fn get(&self, at: usize) -> &Patch {
        &self.all[at]
    }

    /// The place of a mend as it was before.
    pub(super) fn find(&self, mend: &Mend) -> Found {
        let file = mend.place.path();
        let range = mend.place.start..mend.place.end;
        let mut moved = Moved::default();
        for (at, patch) in self.all.iter().enumerate().filter(|(_, patch)| patch.place.file == file) {
            let now = moved.by(patch);
            if overlap(&now, &range) {
                return Found::Mended(at);
            }
            if now.start >= range.end {
                break;
            }
            moved.past(patch);
        }
        Found::Untouched(Place { file: file.to_owned(), range: moved.back(&range) })
    }

    /// The patch that a mend of an untouched place is; `None` where it says nothing to write.
    pub(super) fn patch(&self, mend: &Mend, case: &str, round: usize) -> Option<Patch> {
        let Found::Untouched(place) = self.find(mend) else { return None };
        let edits = mend.edits.as_ref().ok()?;
        let now = mend.place.start;
        // Nothing was mended inside the place, so that all of it has moved alike.
        let back = |at: usize| at - now + place.range.start;
        let mut edits: Vec<Edit> = edits
            .iter()
            .map(|edit| Edit { range: back(edit.range.start)..back(edit.range.end), text: edit.text.clone() })
            .collect();
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let before = self.files.get(&place.file).unwrap_or(&mend.place.source);
        let shown = shown(&spliced(&before.text, place.range.clone(), &edits));
        Some(Patch { place, edits, shown, cases: vec![case.to_owned()], round })
    }

    pub(super) fn add(&mut self, patch: Patch, source: &Arc<Source>) {
        self.files.entry(patch.place.file.clone()).or_insert_with(|| Arc::clone(source));
        let at = self.all.partition_point(|other| {
            (&other.place.file, other.place.range.start) < (&patch.place.file, patch.place.range.start)
        });
        self.all.insert(at, patch);
    }

    /// Takes out all patches that do not meet the condition, and says which.
    pub(super) fn retain(&mut self, stays: impl Fn(&Patch) -> bool) -> Vec<Place> {
        let gone = self.all.iter().filter(|patch| !stays(patch)).map(|patch| patch.place.clone()).collect();
        self.all.retain(stays);
        gone
    }

    /// Where a place is in the mended text.
    pub(super) fn now(&self, place: &Place) -> Range<usize> {
        let mut moved = Moved::default();
        for patch in self.all.iter().filter(|patch| patch.place.file == place.file) {
            if patch.place == *place {
                return moved.by(patch);
            }
            if patch.place.range.start >= place.range.end {
                break;
            }
            moved.past(patch);
        }
        moved.forth(&place.range)
    }

    /// The texts of the files as they are mended.
    pub(super) fn texts(&self) -> Texts {
        self.files.iter().map(|(path, source)| (path.clone(), self.text(path, source))).collect()
    }

    /// The files that are otherwise than before.
    pub(super) fn changed(&self) -> Vec<Changed> {
        let changed = self.files.iter().map(|(path, source)| Changed {
            shown: source.shown.clone(),
            path: path.clone(),
            before: source.text.clone(),
            after: self.text(path, source),
            expectations: self.all.iter().filter(|patch| patch.place.file == *path).count(),
        });
        changed.filter(|file| file.before != file.after).collect()
    }

    fn text(&self, path: &Path, source: &Source) -> String {
        let edits: Vec<Edit> =
            self.all.iter().filter(|patch| patch.place.file == path).flat_map(|patch| patch.edits.clone()).collect();
        spliced(&source.text, 0..source.text.len(), &edits)
    }
}

/// How far the text behind the patches seen so far has moved.
#[derive(Default)]
struct Moved {
    removed: usize,
    added: usize,
}

impl Moved {
    fn past(&mut self, patch: &Patch) {
        self.removed += patch.edits.iter().map(|edit| edit.range.len()).sum::<usize>();
        self.added += patch.edits.iter().map(|edit| edit.text.len()).sum::<usize>();
    }

    fn forth(&self, range: &Range<usize>) -> Range<usize> {
        let move_on = |at: usize| at + self.added - self.removed;
        move_on(range.start)..move_on(range.end)
    }

    fn back(&self, range: &Range<usize>) -> Range<usize> {
        let move_back = |at: usize| at + self.removed - self.added;
        move_back(range.start)..move_back(range.end)
    }

    /// Where the place of a patch is now.
    fn by(&self, patch: &Patch) -> Range<usize> {
        let start = self.forth(&patch.place.range).start;
        let mut behind = Self { removed: self.removed, added: self.added };
        behind.past(patch);
        start..behind.forth(&patch.place.range).end
    }
}

/// A part of a text with its edits done.
pub(super) fn spliced(text: &str, part: Range<usize>, edits: &[Edit]) -> String {
    let mut out = String::new();
    let mut from = part.start;
    for edit in edits {
        out.push_str(&text[from..edit.range.start]);
        out.push_str(&edit.text);
        from = edit.range.end;
    }
    out.push_str(&text[from..part.end]);
    out
}

/// What stands in a place, for people.
pub(super) fn shown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    pattern::cut(&lines.join(" / "))
}
