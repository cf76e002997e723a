//! Round after round: what the last runs ask for is mended, and who passes by a mended place runs again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::patches::{Found, Patch, Patches, Place, shown, spliced};
use super::{Blessing, Runner, Unblessed};
use crate::mend::Mend;
use crate::plan::{self, Case};
use crate::run::{CaseReport, Failure, Verdict};
use crate::scenario::Step;
use crate::source::{Diagnostic, Source};
use crate::suite::Suite;

/// How many rounds there are at most: a case needs one for each step that is to be mended.
const ROUNDS_MAX: usize = 200;

/// How many cases a message names.
const CASES_NAMED_MAX: usize = 5;

/// Mends what failed in `first`, the reports of a run of the suite in `root`. `run` runs cases again; nothing is written.
///
/// # Errors
///
/// That it was interrupted, or that a file of the suite broke meanwhile.
pub fn bless(root: &Path, first: Vec<CaseReport>, run: &mut Runner<'_>) -> Result<Blessing, Unblessed> {
    let mut rounds = Rounds {
        root,
        patches: Patches::default(),
        refused: Vec::new(),
        order: first.iter().map(|report| report.id.clone()).collect(),
        last: first.iter().map(|report| report.id.clone()).collect(),
        reports: first.into_iter().map(|report| (report.id.clone(), report)).collect(),
        round: 0,
    };
    while rounds.round < ROUNDS_MAX
        && let Some(cases) = rounds.next()?
    {
        let reports = run(&cases).ok_or(Unblessed::Interrupted)?;
        rounds.last = reports.iter().map(|report| report.id.clone()).collect();
        rounds.reports.extend(reports.into_iter().map(|report| (report.id.clone(), report)));
    }
    Ok(rounds.finish())
}

struct Rounds<'a> {
    root: &'a Path,
    patches: Patches,
    /// Places that stay as they are, and why.
    refused: Vec<(Place, String)>,
    /// The cases that were asked for; others run only to see whether they agree.
    order: Vec<String>,
    /// The cases of the last round.
    last: Vec<String>,
    reports: BTreeMap<String, CaseReport>,
    round: usize,
}

/// What a round asks for.
#[derive(Default)]
struct Wanted {
    /// Patches, by the place that they share.
    groups: Vec<Vec<Fresh>>,
    /// Patches of earlier rounds that no longer hold, with the case and what it wants.
    contradicted: Vec<(usize, String, String)>,
}

/// A patch that is not among the others yet, with the text that its file had.
type Fresh = (Patch, Arc<Source>);

impl Rounds<'_> {
    /// The cases that run next; `None` where there is nothing left to mend.
    fn next(&mut self) -> Result<Option<Vec<Case>>, Unblessed> {
        self.round += 1;
        let wanted = self.wanted();
        let (suite, changed, mut again) = if wanted.contradicted.is_empty() {
            let fresh = self.agreed(wanted.groups);
            if fresh.is_empty() {
                return Ok(None);
            }
            let (suite, changed) = self.accept(fresh)?;
            (suite, changed, BTreeSet::new())
        } else {
            let asked: BTreeSet<String> =
                wanted.groups.iter().flatten().flat_map(|(patch, _)| patch.cases.clone()).collect();
            let gone = self.take_back(&wanted.contradicted);
            (self.load().map_err(|problems| unreadable(&problems))?, gone, asked)
        };
        let places: Vec<Place> =
            changed.into_iter().map(|place| Place { range: self.patches.now(&place), ..place }).collect();
        let cases = plan::cases(&suite);
        again.extend(cases.iter().filter(|case| passes_by(case, &places)).map(|case| case.id.clone()));
        let cases: Vec<Case> = cases.into_iter().filter(|case| again.contains(&case.id)).collect();
        Ok(Some(cases).filter(|cases| !cases.is_empty()))
    }

    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for report in self.last.iter().filter_map(|id| self.reports.get(id)) {
            for mend in failures(report).iter().flat_map(|failure| &failure.mends) {
                match self.patches.find(mend) {
                    Found::Mended(at) => wanted.contradicted.push((at, report.id.clone(), asked_for(mend))),
                    Found::Untouched(place)
                        if self.why_refused(&place).is_none() && self.order.contains(&report.id) =>
                    {
                        if let Some(patch) = self.patches.patch(mend, &report.id, self.round) {
                            join((patch, Arc::clone(&mend.place.source)), &mut wanted.groups);
                        }
                    }
                    Found::Untouched(_) => {}
                }
            }
        }
        wanted
    }

    /// One patch for each place on which all agree; the other places are refused.
    fn agreed(&mut self, groups: Vec<Vec<Fresh>>) -> Vec<Fresh> {
        let mut agreed = Vec::new();
        for mut group in groups {
            let alike = |(patch, _): &Fresh| patch.place == group[0].0.place && patch.edits == group[0].0.edits;
            if group.iter().all(alike) {
                let cases = group.iter().flat_map(|(patch, _)| patch.cases.clone()).collect();
                let (patch, source) = group.swap_remove(0);
                agreed.push((Patch { cases, ..patch }, source));
                continue;
            }
            let ask: Vec<(&str, &str)> = group
                .iter()
                .flat_map(|(patch, _)| patch.cases.iter().map(|case| (&patch.shown[..], &case[..])))
                .collect();
            let why = disagree(&ask);
            self.refused.extend(group.iter().map(|(patch, _)| (patch.place.clone(), why.clone())));
        }
        agreed
    }

    /// Mends the suite; a patch with which it could not be read is refused.
    fn accept(&mut self, mut fresh: Vec<Fresh>) -> Result<(Suite, Vec<Place>), Unblessed> {
        loop {
            match self.load_with(&fresh) {
                Ok(suite) => return Ok((suite, fresh.into_iter().map(|(patch, _)| patch.place).collect())),
                Err(problems) if fresh.is_empty() => return Err(unreadable(&problems)),
                Err(problems) => {
                    let (fine, broken): (Vec<Fresh>, Vec<Fresh>) =
                        fresh.into_iter().partition(|one| self.load_with(std::slice::from_ref(one)).is_ok());
                    // Each alone can be read, and not all together.
                    let (fine, broken) = if broken.is_empty() { (broken, fine) } else { (fine, broken) };
                    for (patch, source) in broken {
                        let alone = self.load_with(&[(patch.clone(), source)]).err();
                        let why = unread(alone.as_ref().unwrap_or(&problems));
                        self.refused.push((patch.place, why));
                    }
                    fresh = fine;
                }
            }
        }
    }

    /// Reads the suite with these patches of this round, and no others of it.
    fn load_with(&mut self, fresh: &[Fresh]) -> Result<Suite, Vec<Diagnostic>> {
        let round = self.round;
        self.patches.retain(|patch| patch.round != round);
        for (patch, source) in fresh {
            self.patches.add(patch.clone(), source);
        }
        self.load()
    }

    fn load(&self) -> Result<Suite, Vec<Diagnostic>> {
        Suite::load_with(self.root, &self.patches.texts())
    }

    /// Takes back patches that do not hold, and those of later rounds, which may rest on them.
    fn take_back(&mut self, contradicted: &[(usize, String, String)]) -> Vec<Place> {
        let mut places: Vec<(Place, usize)> = Vec::new();
        for (at, case, asks) in contradicted {
            let patch = self.patches.get(*at);
            let others = patch.cases.iter().filter(|other| *other != case).map(|other| (&patch.shown[..], &other[..]));
            let why = if patch.cases.contains(case) {
                format!(
                    "the answer is another each time, so a matcher is needed: `{case}` was answered `{}`, then `{asks}`",
                    patch.shown
                )
            } else {
                disagree(&others.chain([(&asks[..], &case[..])]).collect::<Vec<_>>())
            };
            places.push((patch.place.clone(), patch.round));
            self.refused.push((patch.place.clone(), why));
        }
        let first = places.iter().map(|(_, round)| *round).min().unwrap_or_default();
        self.patches.retain(|patch| patch.round <= first && places.iter().all(|(place, _)| *place != patch.place))
    }

    fn why_refused(&self, place: &Place) -> Option<&str> {
        self.refused.iter().find(|(refused, _)| refused.overlaps(place)).map(|(_, why)| why.as_str())
    }

    fn finish(mut self) -> Blessing {
        let reports: Vec<CaseReport> = self.order.iter().filter_map(|id| self.reports.remove(id)).collect();
        let mut left: Vec<String> = Vec::new();
        for failure in reports.iter().flat_map(failures) {
            let mut say = |place: String, why: &str| {
                let line = format!("{place}: {why}");
                if !left.contains(&line) {
                    left.push(line);
                }
            };
            if failure.mends.is_empty() {
                say(failure.span.place(), &format!("{}; no value could stand there instead", failure.headline()));
            }
            for mend in &failure.mends {
                let refused = match self.patches.find(mend) {
                    Found::Untouched(place) => self.why_refused(&place),
                    Found::Mended(_) => None,
                };
                let why = refused.or(mend.edits.as_ref().err().map(String::as_str));
                say(mend.place.place(), why.unwrap_or("the scenarios were run too often without coming to an end"));
            }
        }
        Blessing { files: self.patches.changed(), left, reports }
    }
}

/// What a report fails with; what is expected to fail is never mended, nor what could not run.
fn failures(report: &CaseReport) -> &[Failure] {
    match &report.verdict {
        Verdict::Fail(failures) => failures,
        _ => &[],
    }
}

/// Puts a patch to those whose places it overlaps.
fn join(fresh: Fresh, groups: &mut Vec<Vec<Fresh>>) {
    let (near, far): (Vec<_>, Vec<_>) = std::mem::take(groups)
        .into_iter()
        .partition(|group: &Vec<Fresh>| group.iter().any(|(patch, _)| patch.place.overlaps(&fresh.0.place)));
    *groups = far;
    groups.push(near.into_iter().flatten().chain([fresh]).collect());
}

fn asked_for(mend: &Mend) -> String {
    match &mend.edits {
        Ok(edits) => {
            let mut edits = edits.clone();
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
            shown(&spliced(&mend.place.source.text, mend.place.start..mend.place.end, &edits))
        }
        Err(why) => why.clone(),
    }
}

fn disagree(ask: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "no one value fits all that pass by here; write it with a variable or a matcher, or as a step for each with `when`:",
    );
    let mut values: Vec<&str> = Vec::new();
    for (value, _) in ask {
        if !values.contains(value) {
            values.push(value);
        }
    }
    for value in values {
        let cases: Vec<&str> = ask.iter().filter(|(other, _)| *other == value).map(|(_, case)| *case).collect();
        let more = cases.len().saturating_sub(CASES_NAMED_MAX);
        let named = cases[..cases.len() - more].join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("\n    `{value}` for {named}{more}"));
    }
    text
}

fn unread(problems: &[Diagnostic]) -> String {
    let said = problems.first().map_or_else(String::new, |problem| {
        let help = problem.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        format!("{} ({}){help}", problem.title, problem.label)
    });
    format!("with the answer in its place the file could not be read: {said}")
}

fn unreadable(problems: &[Diagnostic]) -> Unblessed {
    Unblessed::Unreadable(unread(problems))
}

/// Whether a case does a step in which one of the places lies.
fn passes_by(case: &Case, places: &[Place]) -> bool {
    let scenario = case.scenario();
    scenario.steps.iter().chain(&scenario.finally).any(|step| holds(step, places))
}

fn holds(step: &Step, places: &[Place]) -> bool {
    let span: Range<usize> = step.node.span.start..step.node.span.end;
    let here = places.iter().any(|place| {
        place.file == step.node.span.path() && place.range.start < span.end && span.start < place.range.end
    });
    let inner = step.action.inner().unwrap_or_default();
    let expansion = step.action.expansion();
    let used = expansion.as_ref().map_or(&[][..], |expansion| &expansion.fragment.steps);
    here || inner.iter().chain(used).any(|step| holds(step, places))
}
