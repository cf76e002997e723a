//! A case as it would run: matrix values and parameters in their places, fragments written out where they are used.

use crate::calls::{self, Expansion};
use crate::plan::Case;
use crate::scenario::{ServerOptions, Step};
use crate::syntax::{Entry, Kind, Node};
use crate::vars::{self, Vars};

/// The case as a scenario file of its own.
pub fn case(case: &Case) -> String {
    let scenario = case.scenario();
    let mut out = format!("# {}\n", case.id);
    for (name, value) in &case.cell {
        out.push_str(&format!("# $({name}) is {value}\n"));
    }
    for need in scenario.needs.texts() {
        out.push_str(&format!("# needs {need}\n"));
    }
    let vars = calls::cell_vars(case);
    let mut names = Vec::new();
    let steps = write_steps(&scenario.steps, &vars, &mut names);
    let finally = write_steps(&scenario.finally, &vars, &mut names);
    names.sort();
    names.dedup();
    if !names.is_empty() {
        let list: Vec<String> = names.iter().map(|name| format!("$({name})")).collect();
        out.push_str(&format!("# known when it runs: {}\n", list.join(", ")));
    }
    out.push_str(&format!("feature: {}\n", quoted(case.feature())));
    out.push_str(&server(&scenario.server));
    let requirements: Vec<&str> = scenario.requirements.iter().map(|(id, _)| id.as_str()).collect();
    out.push_str(&format!("requirements: [{}]\nscenarios:\n", requirements.join(", ")));
    out.push_str(&format!("  - scenario: {}\n", quoted(&scenario.name)));
    if !scenario.tags.is_empty() {
        out.push_str(&format!("    tags: [{}]\n", scenario.tags.join(", ")));
    }
    out.push_str(&format!("    steps:\n{}", indented(&steps, 6)));
    if !finally.is_empty() {
        out.push_str(&format!("    finally:\n{}", indented(&finally, 6)));
    }
    out
}

/// What the server is started with, where that is not the usual.
fn server(options: &ServerOptions) -> String {
    let mut parts = Vec::new();
    if !options.persistent {
        parts.push("persistent: false".to_owned());
    }
    if options.read_only {
        parts.push("read_only: true".to_owned());
    }
    if options.private_engine {
        parts.push("engine: private".to_owned());
    }
    parts.extend(options.bounds.iter().map(|(bound, limit)| format!("{}: {limit}", bound.name)));
    if parts.is_empty() { String::new() } else { format!("server: {{ {} }}\n", parts.join(", ")) }
}

fn write_steps(steps: &[Step], vars: &Vars, names: &mut Vec<String>) -> String {
    let mut out = String::new();
    for step in steps.iter().filter(|step| calls::is_done(step, vars)) {
        // Of steps at once, this cell may do but one.
        let inside: Vec<&Step> =
            step.action.inner().unwrap_or_default().iter().filter(|step| calls::is_done(step, vars)).collect();
        let step = if let [only] = inside[..] { only } else { step };
        if let Some(expansion) = step.action.expansion() {
            out.push_str(&write_fragment(step, &expansion, vars, names));
        } else {
            let node = written(step, vars);
            names.extend(vars::names(&node).0.into_iter().map(|(name, _)| name));
            out.push_str(&indented(&node.to_string(), 2).replacen("  ", "- ", 1));
        }
    }
    out
}

fn write_fragment(step: &Step, expansion: &Expansion<'_>, vars: &Vars, names: &mut Vec<String>) -> String {
    let inner = calls::fragment_vars(expansion, vars);
    let steps = write_steps(&expansion.fragment.steps, &inner, names);
    format!("# fragment {}, used at {}\n{steps}# end of {}\n", expansion.name, step.span.place(), expansion.name)
}

/// The step without its condition, which holds, and with the steps inside it written the same way. A fragment among steps
/// that are done at once stays as it is: its own steps are done in turn.
fn written(step: &Step, vars: &Vars) -> Node {
    let node = vars.resolve_known(&step.node);
    let Kind::Map(entries) = node.kind else { return node };
    let inside = step.action.inner();
    let done = |entry: Entry| -> Option<Entry> {
        let steps = inside.filter(|_| entry.value.as_list().is_some());
        match steps {
            _ if entry.key.name == "when" && calls::is_certain(step, vars) => None,
            Some(steps) => {
                let items = steps.iter().filter(|step| calls::is_done(step, vars)).map(|step| written(step, vars));
                let kind = Kind::List(items.collect());
                Some(Entry { key: entry.key, value: Node { span: entry.value.span, kind } })
            }
            None => Some(entry),
        }
    };
    Node { span: node.span, kind: Kind::Map(entries.into_iter().filter_map(done).collect()) }
}

fn indented(text: &str, by: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:by$}{line}\n", "") };
    text.lines().map(line).collect()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
