//! `scenarios/targets/<name>.expected.toml`: the cases that fail against a target, and why.
//!
//! The list is a contract: what fails and is not listed fails the run, and so does what is listed and passes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Versions;
use crate::decode::Decoder;
use crate::run::{CaseReport, Failure, Section, Verdict};
use crate::source::{Diagnostic, Source, Span, nearest};
use crate::syntax::{Node, read_toml};

/// The cases that are expected to fail.
#[derive(Debug, Default)]
pub struct Expected {
    /// What the list is about.
    pub about: Option<String>,
    /// The version of the server that it was measured with.
    pub version: Option<String>,
    /// What is expected, by reason.
    pub groups: Vec<Group>,
    /// Each case that is listed: the groups that list it, for one version or another, and where.
    cases: HashMap<String, Vec<(usize, Span)>>,
}

/// Cases that fail for one reason.
#[derive(Debug, Clone)]
pub struct Group {
    /// Why they fail.
    pub reason: String,
    /// Where more is said about it.
    pub link: Option<String>,
    /// The versions of the server that it is said of; all where there is none.
    pub versions: Option<Versions>,
    /// The cases as they are listed: a case, a scenario for all its cells, or `<area>::<feature>::*`.
    pub ids: Vec<(String, Span)>,
}

/// A case of the suite, as far as a list of expected failures knows it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its full name.
    pub id: String,
    /// Why the target cannot be asked, if that is so.
    pub unmet: Option<String>,
}

/// How strictly a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What no longer fits the suite is an error.
    Strict,
    /// What no longer fits the suite is left out, for the list is about to be written anew.
    ToMend,
}

/// What ends a name that stands for all scenarios of a file or an area.
const ALL: &str = "::*";

impl Expected {
    /// Reads the list at `path`, which holds nothing where there is no such file. `suite` is every case of the suite.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn load(path: &Path, shown: &str, suite: &[Known], reading: Reading) -> Result<Self, Vec<Diagnostic>> {
        let source = |text| Arc::new(Source { shown: shown.to_owned(), path: path.to_owned(), text });
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&source(text), suite, reading),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => {
                let span = Span::new(&source(String::new()), 0, 0);
                Err(vec![Diagnostic::new(&span, "failed to read the expected failures", error.to_string())])
            }
        }
    }

    /// Reads a list. `suite` is every case of the suite.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn parse(source: &Arc<Source>, suite: &[Known], reading: Reading) -> Result<Self, Vec<Diagnostic>> {
        let mut decoder = Decoder::default();
        let mut problems = Vec::new();
        let node = read_toml(source, &mut problems);
        decoder.report_all(problems);
        let expected = node.and_then(|node| Self::decode(&node, suite, reading, &mut decoder));
        match (expected, decoder.finish()) {
            (Some(expected), problems) if problems.is_empty() => Ok(expected),
            (_, problems) => Err(problems),
        }
    }

    fn decode(node: &Node, suite: &[Known], reading: Reading, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a list of expected failures")?;
        let mut expected = Self {
            about: fields.take("about").and_then(|node| decoder.name(node, "`about`")),
            version: fields.take("version").and_then(|node| decoder.name(node, "`version`")),
            ..Self::default()
        };
        let list = fields.require("expected", decoder);
        fields.finish(decoder);
        let Some(items) = list?.as_list() else {
            decoder.expected(list?, "`expected`", "tables: `[[expected]]`");
            return None;
        };
        for item in items {
            if let Some((group, cases)) = Group::decode(item, decoder) {
                let mut unfit = Decoder::default();
                expected.add(group, cases, item, suite, &mut unfit);
                if reading == Reading::Strict {
                    decoder.report_all(unfit.finish());
                }
            }
        }
        Some(expected)
    }

    fn add(&mut self, group: Group, cases: Option<u64>, node: &Node, suite: &[Known], decoder: &mut Decoder) {
        let mut count: u64 = 0;
        let mut clean = true;
        for (id, span) in &group.ids {
            let covered: Vec<&Known> = suite.iter().filter(|known| covers(id, &known.id)).collect();
            let applicable: Vec<&&Known> = covered.iter().filter(|known| known.unmet.is_none()).collect();
            if applicable.is_empty() {
                clean = false;
                decoder.report(not_there(id, span, covered.first().copied(), suite));
            }
            for known in applicable {
                count += 1;
                let listed = self.cases.entry(known.id.clone()).or_default();
                let twice = listed.iter().find(|(other, _)| self.groups.get(*other).unwrap_or(&group).meets(&group));
                let twice = twice.map(|(_, first)| first.clone());
                listed.push((self.groups.len(), span.clone()));
                if let Some(first) = twice {
                    clean = false;
                    decoder.report(
                        Diagnostic::new(span, format!("`{}` is listed twice", known.id), "the second time")
                            .help(format!("the first is at {}", first.place())),
                    );
                }
            }
        }
        let single = matches!(group.ids.as_slice(), [_]) && count == 1;
        if clean && cases != Some(count) && !(single && cases.is_none()) {
            let given = node.get("cases");
            let span = given.map_or(&node.span, |given| &given.span);
            let title = format!("`ids` stands for {count} cases, and all of them must fail");
            let label = given.map_or("`cases` is missing", |_| "says another number");
            decoder.report(Diagnostic::new(span, title, label).help(format!(
                "write `cases = {count}` if each of them fails; a list that counts cannot hide one that was added later"
            )));
        }
        self.groups.push(group);
    }

    /// Whether nothing is expected to fail.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// How many cases are listed.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// The groups that list this case, for any version.
    pub fn groups_of(&self, id: &str) -> impl Iterator<Item = usize> {
        self.cases.get(id).into_iter().flatten().map(|(group, _)| *group)
    }

    /// The group that lists this case for a server of this version.
    pub fn group(&self, id: &str, version: Option<&str>) -> Option<usize> {
        self.listed(id, version).map(|(group, _)| *group)
    }

    fn listed(&self, id: &str, version: Option<&str>) -> Option<&(usize, Span)> {
        self.cases.get(id)?.iter().find(|(group, _)| self.groups[*group].holds(version))
    }

    /// Why this case is expected to fail, if it is for any version.
    pub fn reason(&self, id: &str) -> Option<String> {
        let reasons: Vec<String> = self.groups_of(id).map(|group| self.groups[group].told()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Holds what came of a case against the list.
    pub fn judge(&self, report: &mut CaseReport) {
        let version = report.server_version.as_deref();
        let Some((group, span)) = self.listed(&report.id, version) else { return self.tell_other_versions(report) };
        match &mut report.verdict {
            Verdict::Fail(failures) => {
                let (reason, failures) = (self.groups[*group].reason.clone(), std::mem::take(failures));
                report.verdict = Verdict::ExpectedFailure { reason, failures };
            }
            Verdict::Pass => {
                let title = format!("`{}` passes, and is listed as an expected failure", report.id);
                let stale = Failure::new(span, title, "this entry is stale")
                    .help("take it out of the list; `run --bless-expected` does that");
                report.verdict = Verdict::Fail(vec![stale]);
            }
            _ => {}
        }
    }

    /// Whoever reads of a failure looks for it in the list, and finds it there.
    fn tell_other_versions(&self, report: &mut CaseReport) {
        let version = report.server_version.as_deref().unwrap_or("unknown");
        let heading = format!("expected to fail in other versions than this one, which is {version}");
        let listed = self.cases.get(&report.id).into_iter().flatten();
        let lines: Vec<String> =
            listed.map(|(group, span)| format!("{}: {}", span.place(), self.groups[*group].told())).collect();
        if let Verdict::Fail(failures) = &mut report.verdict
            && let Some(failure) = failures.first_mut().filter(|_| !lines.is_empty())
        {
            failure.sections.push(Section { heading, body: lines.join("\n") });
        }
    }
}

impl Group {
    /// Whether it speaks of a server of this version; what is said of some versions is not said of an unknown one.
    pub fn holds(&self, version: Option<&str>) -> bool {
        self.versions.as_ref().is_none_or(|versions| version.is_some_and(|version| versions.hold(version)))
    }

    /// Whether there can be a version that both speak of.
    fn meets(&self, other: &Self) -> bool {
        match (&self.versions, &other.versions) {
            (Some(ours), Some(theirs)) => ours.meet(theirs),
            _ => true,
        }
    }

    /// The reason, and the versions that have it.
    fn told(&self) -> String {
        let versions =
            self.versions.as_ref().map_or_else(String::new, |versions| format!(" (versions {})", versions.text));
        format!("{}{versions}", self.reason)
    }

    fn decode(node: &Node, decoder: &mut Decoder) -> Option<(Self, Option<u64>)> {
        let mut fields = decoder.fields(node, "an expected failure")?;
        let reason = fields.require("reason", decoder).and_then(|node| {
            let text = decoder.text(node, "`reason`")?;
            if text.trim().is_empty() {
                decoder.report(
                    Diagnostic::new(&node.span, "a reason is missing", "why do these cases fail?")
                        .help("say what the server does instead, so that a reader can judge whether that is right"),
                );
                return None;
            }
            Some(text)
        });
        let link = fields.take("link").and_then(|node| decoder.name(node, "`link`"));
        let versions = fields.take("versions").and_then(|node| read_versions(node, decoder));
        let cases = fields.take("cases").and_then(|node| decoder.count(node, "`cases`"));
        let ids = fields.require("ids", decoder).map(|node| decoder.texts(node, "`ids`"));
        fields.finish(decoder);
        Some((Self { reason: reason?, link, versions, ids: ids? }, cases))
    }
}

fn read_versions(node: &Node, decoder: &mut Decoder) -> Option<Versions> {
    let text = decoder.name(node, "`versions`")?;
    Versions::parse(&text)
        .map_err(|part| {
            decoder.report(
                Diagnostic::new(&node.span, format!("`{part}` is no version to compare with"), "these versions").help(
                    "write all three numbers, and comparisons with `,` between them: `versions = \">=1.0.0, <1.1.0\"`",
                ),
            );
        })
        .ok()
}

/// Whether `listed` stands for the case `id`.
pub(super) fn covers(listed: &str, id: &str) -> bool {
    match listed.strip_suffix(ALL) {
        Some(module) => id.strip_prefix(module).is_some_and(|rest| rest.starts_with("::")),
        None => id == listed || scenario_of(id) == listed,
    }
}

/// The name of a case's scenario: the case's own without its cell.
pub(super) fn scenario_of(id: &str) -> &str {
    id.find('[').map_or(id, |at| &id[..at])
}

fn not_there(id: &str, span: &Span, covered: Option<&Known>, suite: &[Known]) -> Diagnostic {
    if let Some(Known { unmet: Some(reason), .. }) = covered {
        return Diagnostic::new(span, format!("`{id}` is not applicable to this target"), "so it cannot fail")
            .help(reason.clone());
    }
    let problem = Diagnostic::new(span, format!("there is no scenario `{id}`"), "not in this suite");
    let names = suite.iter().flat_map(|known| [known.id.as_str(), scenario_of(&known.id)]);
    match nearest(id, names) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem.help("`hyper-conform list` shows all names"),
    }
}
