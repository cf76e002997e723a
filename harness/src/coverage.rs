//! What the suite tries: requirements, tools, arguments and error codes, each with the scenarios in which the server has
//! to accept it and those in which it has to refuse.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::calls;
use crate::source::Span;
use crate::suite::{Suite, slug};
use crate::syntax::Node;
use crate::tools::Tool;

/// The name that stands for any argument that a tool does not have.
pub const UNKNOWN_ARGUMENT: &str = "(unknown)";

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A row of `requirements.yaml`.
    Requirement,
    /// A tool.
    Tool,
    /// An argument of a tool, `tool.argument`. Refused means: given in a call that the step wants refused.
    Argument,
    /// An error code that a step announces.
    Code,
}

/// One thing and the scenarios that try it.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Scenarios in which a step has to be accepted.
    pub accepting: BTreeSet<String>,
    /// Scenarios in which a step has to be refused.
    pub refusing: BTreeSet<String>,
    /// What is missing.
    pub gap: Option<String>,
    /// Where the gap is to be mended, for what is written in a file.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Row {
    fn new(kind: Kind, name: impl Into<String>) -> Self {
        let (accepting, refusing) = (BTreeSet::new(), BTreeSet::new());
        Self { kind, name: name.into(), accepting, refusing, gap: None, span: None }
    }

    fn note(&mut self, scenario: &str, refused: bool) {
        if refused { &mut self.refusing } else { &mut self.accepting }.insert(scenario.to_owned());
    }
}

/// Every requirement: one without a scenario, or excluded and yet tried, is a gap.
pub fn of_requirements(suite: &Suite) -> Vec<Row> {
    let mut rows: BTreeMap<&str, Row> =
        suite.requirements.keys().map(|id| (id.as_str(), Row::new(Kind::Requirement, id))).collect();
    calls::walk(suite, &mut |planned| {
        let scenario = scenario_of(planned.case);
        for (id, _) in &planned.case.scenario().requirements {
            if let Some(row) = rows.get_mut(id.as_str()) {
                row.note(&scenario, planned.refused());
            }
        }
    });
    let done = |(id, mut row): (&str, Row)| {
        let requirement = &suite.requirements[id];
        let tried = !row.accepting.is_empty() || !row.refusing.is_empty();
        row.span = Some(requirement.span.clone());
        row.gap = match (tried, &requirement.excluded) {
            (false, None) => Some("no scenario names it; write one, or give the reason as `excluded:`".to_owned()),
            (true, Some(_)) => Some("a scenario names it; drop `excluded:`".to_owned()),
            (true, None) | (false, Some(_)) => None,
        };
        row
    };
    rows.into_iter().map(done).collect()
}

/// Every tool and every argument: what is never accepted or never refused is a gap.
pub fn of_tools(suite: &Suite, tools: &[Tool]) -> Vec<Row> {
    let mut rows: BTreeMap<(Kind, String), Row> = BTreeMap::new();
    let mut add = |kind, name: String| rows.insert((kind, name.clone()), Row::new(kind, name));
    for tool in tools {
        add(Kind::Tool, tool.name.clone());
        for argument in tool.arguments().chain([UNKNOWN_ARGUMENT]).filter(|_| tool.input.is_object()) {
            add(Kind::Argument, format!("{}.{argument}", tool.name));
        }
    }
    calls::walk(suite, &mut |planned| {
        let Some(call) = planned.call() else { return };
        let (Some(tool), scenario) = (call.tool.as_text(), scenario_of(planned.case)) else { return };
        let refused = planned.refused();
        if let Some(row) = rows.get_mut(&(Kind::Tool, tool.to_owned())) {
            row.note(&scenario, refused);
        }
        for name in call.arguments.as_map().unwrap_or_default().iter().map(|entry| entry.key.name.as_str()) {
            let known = rows.contains_key(&(Kind::Argument, format!("{tool}.{name}")));
            let name = if known { name } else { UNKNOWN_ARGUMENT };
            if let Some(row) = rows.get_mut(&(Kind::Argument, format!("{tool}.{name}"))) {
                row.note(&scenario, refused);
            }
        }
    });
    rows.into_values()
        .map(|mut row| {
            let unknown = row.name.ends_with(UNKNOWN_ARGUMENT);
            let (no, missing) = match (row.accepting.is_empty() && !unknown, row.refusing.is_empty()) {
                (true, true) => (true, "accepts and one that it refuses (`error:`)"),
                (true, false) => (true, "accepts"),
                (false, true) => (true, "refuses (`error:`)"),
                (false, false) => (false, ""),
            };
            row.gap = no.then(|| format!("write a scenario with a step that the server {missing}"));
            row
        })
        .collect()
}

/// The error codes that steps announce.
pub fn of_codes(suite: &Suite, codes: &[&str]) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> =
        codes.iter().map(|code| ((*code).to_owned(), Row::new(Kind::Code, *code))).collect();
    calls::walk(suite, &mut |planned| {
        let Some(error) = &planned.step.checks.error else { return };
        let error = planned.vars.resolve_known(error);
        if let Some(code) = error.get("code").and_then(Node::as_text).filter(|code| !code.contains('$')) {
            let row = rows.entry(code.to_owned()).or_insert_with(|| Row::new(Kind::Code, code));
            row.note(&scenario_of(planned.case), true);
        }
    });
    rows.into_values().collect()
}

/// The scenario's name without its cell.
fn scenario_of(case: &crate::plan::Case) -> String {
    format!("{}::{}", case.module(), slug(&case.scenario().name))
}

/// The rows as a table in Markdown, with the gaps below it.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from("| kind | name | accepting | refusing |\n| --- | --- | ---: | ---: |\n");
    for row in rows {
        let kind = json!(row.kind);
        let kind = kind.as_str().unwrap_or_default();
        out.push_str(&format!("| {kind} | {} | {} | {} |\n", row.name, row.accepting.len(), row.refusing.len()));
    }
    let gaps: Vec<&Row> = rows.iter().filter(|row| row.gap.is_some()).collect();
    out.push_str(&format!("\n{} rows, {} gaps\n", rows.len(), gaps.len()));
    for row in gaps {
        out.push_str(&format!("- {}: {}\n", row.name, row.gap.as_deref().unwrap_or_default()));
    }
    out
}

/// The rows as JSON, each with the names of its scenarios.
pub fn json(rows: &[Row]) -> Value {
    json!({ "rows": rows })
}
