//! Writing a list of expected failures anew from what came of a run: reasons stay, stale entries go, and new ones wait
//! for their reason.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::{Expected, Group, Known, scenario_of};
use crate::run::{CaseReport, Verdict};

/// A list that was written anew.
#[derive(Debug)]
pub struct Rewritten {
    /// The file's text.
    pub text: String,
    /// How many cases were added.
    pub added: usize,
    /// How many cases were taken out.
    pub removed: usize,
    /// How many groups have no reason yet.
    pub without_reason: usize,
}

/// What the list says after a run: cases that were not run stay as they were.
pub fn rewrite(before: &Expected, reports: &[CaseReport], suite: &[Known]) -> Rewritten {
    let mut failing: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); before.groups.len()];
    let mut new: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let (mut added, mut removed) = (0, 0);
    let applicable = || suite.iter().filter(|known| known.unmet.is_none()).map(|known| known.id.as_str());
    let ran: BTreeMap<&str, &CaseReport> = reports.iter().map(|report| (report.id.as_str(), report)).collect();
    for id in applicable() {
        let version = ran.get(id).and_then(|report| report.server_version.as_deref());
        // Of other versions nothing new is known.
        for group in before.groups_of(id).filter(|group| !before.groups[*group].holds(version)) {
            failing[group].insert(id);
        }
        let group = before.group(id, version);
        let fails = match ran.get(id).map(|report| &report.verdict) {
            Some(Verdict::Fail(_) | Verdict::ExpectedFailure { .. }) => true,
            Some(Verdict::Pass) => false,
            // Not run, or it could not run: nothing new is known of it.
            _ => group.is_some(),
        };
        match (fails, group) {
            (true, Some(group)) => {
                failing[group].insert(id);
            }
            (true, None) => {
                added += 1;
                new.entry(ran.get(id).map_or_else(String::new, |report| symptom(report))).or_default().insert(id);
            }
            (false, Some(_)) => removed += 1,
            (false, None) => {}
        }
    }
    let all: Vec<&str> = applicable().collect();
    let kept = before.groups.iter().zip(&failing).filter(|(_, cases)| !cases.is_empty());
    let mut text = head(before);
    for (group, cases) in kept {
        text.push_str(&block(group, "", cases, &all));
    }
    for (symptom, cases) in &new {
        let group = Group { reason: String::new(), link: None, versions: None, ids: Vec::new() };
        text.push_str(&block(&group, symptom, cases, &all));
    }
    Rewritten { text, added, removed, without_reason: new.len() }
}

/// What tells failures of one cause from those of another, as well as a program can.
fn symptom(report: &CaseReport) -> String {
    let failure = report.failures().first();
    failure.map_or_else(String::new, |failure| failure.title.lines().next().unwrap_or_default().to_owned())
}

fn head(before: &Expected) -> String {
    let line = |name: &str, value: &Option<String>| {
        value.as_ref().map_or_else(String::new, |value| format!("{name} = {}\n", quoted(value)))
    };
    format!("{}{}", line("about", &before.about), line("version", &before.version))
}

fn block(group: &Group, symptom: &str, cases: &BTreeSet<&str>, all: &[&str]) -> String {
    let mut text = String::from("\n[[expected]]\n");
    if !symptom.is_empty() {
        text.push_str(&format!("# {symptom}\n"));
    }
    text.push_str(&format!("reason = {}\n", quoted(&group.reason)));
    if let Some(link) = &group.link {
        text.push_str(&format!("link = {}\n", quoted(link)));
    }
    if let Some(versions) = &group.versions {
        text.push_str(&format!("versions = {}\n", quoted(&versions.text)));
    }
    text.push_str(&format!("cases = {}\nids = [\n", cases.len()));
    for id in short(cases, all) {
        text.push_str(&format!("    {},\n", quoted(&id)));
    }
    text.push_str("]\n");
    text
}

/// The shortest names that stand for these cases and no others.
fn short(cases: &BTreeSet<&str>, all: &[&str]) -> Vec<String> {
    let whole = |within: &dyn Fn(&str) -> bool| all.iter().filter(|id| within(id)).all(|id| cases.contains(*id));
    let mut names: Vec<String> = Vec::new();
    for id in cases {
        let scenario = scenario_of(id);
        let module = scenario.rsplit_once("::").map_or(scenario, |(module, _)| module);
        let in_module = |id: &str| id.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"));
        let in_scenario = |id: &str| scenario_of(id) == scenario;
        let several = all.iter().filter(|id| in_module(id)).any(|id| scenario_of(id) != scenario);
        let name = if several && whole(&in_module) {
            format!("{module}::*")
        } else if whole(&in_scenario) {
            scenario.to_owned()
        } else {
            (*id).to_owned()
        };
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    names
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
