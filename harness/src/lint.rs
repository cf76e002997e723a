//! What can be wrong with scenarios that read well: found without running one.
//!
//! [`offline`] looks at the files; [`against`] holds every call against the live `tools/list` of a server.

mod answer;
mod arguments;
mod files;

use std::collections::{BTreeMap, HashSet};

use crate::calls;
use crate::source::Diagnostic;
use crate::suite::Suite;
use crate::tools::Tool;
use arguments::Inputs;

/// Findings, each told once however many cases it is found in.
#[derive(Debug, Default)]
struct Findings {
    seen: HashSet<(String, String)>,
    found: Vec<Diagnostic>,
}

impl Findings {
    fn report(&mut self, finding: Diagnostic) {
        if self.seen.insert((finding.span.place(), finding.title.clone())) {
            self.found.push(finding);
        }
    }

    /// In the order of the files, as a person mends them.
    fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| (&a.span.source.shown, a.span.start).cmp(&(&b.span.source.shown, b.span.start)));
        self.found
    }
}

/// What is wrong that the files alone show.
pub fn offline(suite: &Suite) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    files::names(suite, &mut findings);
    files::fragments(suite, &mut findings);
    files::cells(suite, &mut findings);
    calls::walk(suite, &mut |planned| files::data(suite, planned, &mut findings));
    findings.finish()
}

/// What is wrong with the calls of the suite, by what the server says of its tools.
pub fn against(suite: &Suite, tools: &[Tool]) -> Vec<Diagnostic> {
    let tools: BTreeMap<&str, &Tool> = tools.iter().map(|tool| (tool.name.as_str(), tool)).collect();
    let inputs = Inputs::of(&tools);
    let mut findings = Findings::default();
    calls::walk(suite, &mut |planned| {
        let Some(call) = planned.call() else { return };
        let Some(name) = call.tool.as_text().filter(|name| !name.contains("$(")) else { return };
        // A step that announces an error may be wrong on purpose.
        if planned.refused() {
            return;
        }
        match tools.get(name) {
            Some(tool) => {
                inputs.check(tool, &call, &mut findings);
                answer::check(tool, planned, &mut findings);
            }
            None => findings.report(
                Diagnostic::new(
                    &call.tool.span,
                    format!("there is no tool `{name}`"),
                    "not in the server's tools/list",
                )
                .help_names(name, tools.keys().copied()),
            ),
        }
    });
    findings.finish()
}
