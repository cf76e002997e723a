//! What the files alone show: names that nothing reads, fragments that nothing uses, cells that check nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use walkdir::WalkDir;

use super::Findings;
use crate::calls::{self, Planned};
use crate::checks::Checkable;
use crate::plan;
use crate::source::{Diagnostic, Source, Span, nearest};
use crate::steps;
use crate::suite::Suite;
use crate::syntax::{Kind, Visited};

/// Files that look like scenarios and are not read as such.
pub(super) fn names(suite: &Suite, findings: &mut Findings) {
    for entry in WalkDir::new(&suite.root).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let inside = path.strip_prefix(&suite.root).unwrap_or(path);
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let misnamed = extension.is_some_and(|extension| extension == "yml" || extension == "yaml")
            && path.extension().is_none_or(|extension| extension != "yaml");
        if misnamed && !inside.starts_with("data") {
            findings.report(
                Diagnostic::new(&whole(suite, path), "this file is not read", "its name does not end in `.yaml`")
                    .help(format!("rename it to {}", inside.with_extension("yaml").display())),
            );
        }
    }
}

/// Fragments that no step uses.
pub(super) fn fragments(suite: &Suite, findings: &mut Findings) {
    let mut used = BTreeSet::new();
    calls::walk(suite, &mut |planned| {
        used.extend(planned.step.action.expansion().map(|expansion| expansion.name.to_owned()));
    });
    for (name, fragment) in &suite.fragments {
        if let (false, Some(step)) = (used.contains(name), fragment.steps.first()) {
            let start = Span::new(&step.span.source, 0, 0);
            findings.report(
                Diagnostic::new(&start, format!("the fragment `{name}` is never used"), "no step names it")
                    .help(format!("write `use: {name}`, or delete the file")),
            );
        }
    }
}

/// Cells of a matrix in which no step checks anything.
pub(super) fn cells(suite: &Suite, findings: &mut Findings) {
    let mut checked = BTreeSet::new();
    calls::walk(suite, &mut |planned| {
        let verb = planned.step.node.as_map().into_iter().flatten().find_map(|entry| steps::find(&entry.key.name));
        if verb.is_some_and(|verb| verb.checkable() != Checkable::Nothing) {
            checked.insert(planned.case.id.clone());
        }
    });
    for case in plan::cases(suite).iter().filter(|case| !checked.contains(&case.id)) {
        let place = &case.scenario().span;
        findings.report(
            Diagnostic::new(place, format!("{} checks nothing", case.id), "no step with a check is done")
                .help("add a step that checks, or take the value out of the matrix"),
        );
    }
}

/// Files of `scenarios/data` that a step names and that are not there.
pub(super) fn data(suite: &Suite, planned: &Planned<'_>, findings: &mut Findings) {
    const DATA: &str = "$(data)/";
    if planned.refused() {
        return;
    }
    let node = planned.vars.resolve_known(&planned.step.node);
    node.walk(&mut |visited| {
        let Visited::Node(node) = visited else { return };
        let Kind::Text(text, _) = &node.kind else { return };
        let Some(name) = text.strip_prefix(DATA).filter(|name| is_path(name)) else { return };
        let folder = suite.root.join("data");
        if folder.join(name).exists() {
            return;
        }
        let names: Vec<String> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        let finding = Diagnostic::new(&node.span, format!("scenarios/data has no `{name}`"), "no such file");
        findings.report(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("see scenarios/data for what there is"),
        });
    });
}

fn is_path(name: &str) -> bool {
    !name.contains("$(") && !name.contains(char::is_whitespace)
}

/// The beginning of a file that was not read.
fn whole(suite: &Suite, path: &Path) -> Span {
    let shown = path.strip_prefix(suite.root.parent().unwrap_or(&suite.root)).unwrap_or(path);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let source = Source { shown: shown.to_string_lossy().replace('\\', "/"), path: path.to_owned(), text };
    Span::new(&Arc::new(source), 0, 0)
}
