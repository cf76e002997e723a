//! The arguments of a call against the tool's input schema.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

use super::Findings;
use crate::calls::ToolCall;
use crate::source::{Diagnostic, nearest};
use crate::syntax::{Kind, Node};
use crate::tools::Tool;
use crate::vars;

/// The input schemas of a server's tools, ready to be held against arguments.
pub(super) struct Inputs<'a>(BTreeMap<&'a str, Validator>);

impl<'a> Inputs<'a> {
    /// A schema that is none is for the protocol's own scenarios to tell.
    pub(super) fn of(tools: &BTreeMap<&'a str, &Tool>) -> Self {
        let read = |(name, tool): (&&'a str, &&Tool)| Some((*name, jsonschema::validator_for(&tool.input).ok()?));
        Self(tools.iter().filter_map(read).collect())
    }

    /// Names first, then values: a misspelt name is both unknown and missing, and should be told as the former.
    pub(super) fn check(&self, tool: &Tool, call: &ToolCall, findings: &mut Findings) {
        let entries = call.arguments.as_map().unwrap_or_default();
        let closed = tool.input["additionalProperties"] == false;
        let mut misspelt = false;
        for entry in entries.iter().filter(|entry| closed && !entry.key.name.contains("$(")) {
            let name = &entry.key.name;
            if tool.arguments().all(|known| known != name) {
                misspelt = true;
                findings.report(
                    Diagnostic::new(&entry.key.span, format!("`{}` has no argument `{name}`", tool.name), "unknown")
                        .help_names(name, tool.arguments()),
                );
            }
        }
        let given = |name: &str| entries.iter().any(|entry| entry.key.name == name || entry.key.name.contains("$("));
        let required = tool.input["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !misspelt && !given(name)) {
            findings.report(
                Diagnostic::new(&call.tool.span, format!("`{}` lacks its argument `{name}`", tool.name), "called here")
                    .help(format!("add `{name}`, or announce the refusal with `error:`")),
            );
        }
        self.values(tool, call, findings);
    }

    fn values(&self, tool: &Tool, call: &ToolCall, findings: &mut Findings) {
        let Some(validator) = self.0.get(tool.name.as_str()) else { return };
        for error in validator.iter_errors(&call.arguments.to_json()) {
            let path = error.instance_path().to_string();
            let Some(node) = at(&call.arguments, &path).filter(|_| !path.is_empty()) else { continue };
            // What a variable stands for is not known before the run, and `null` is how clients write "left out".
            if !vars::names(node).0.is_empty() || matches!(node.kind, Kind::Null) {
                continue;
            }
            let argument = path.trim_start_matches('/').replace('/', ".");
            let title = format!("`{}` does not take this `{argument}`", tool.name);
            findings.report(with_choices(Diagnostic::new(&node.span, title, error.to_string()), node, tool, &path));
        }
    }
}

/// "did you mean", where the argument is one of several words.
fn with_choices(finding: Diagnostic, node: &Node, tool: &Tool, path: &str) -> Diagnostic {
    let name = path.trim_start_matches('/');
    let choices = tool.input["properties"][name]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match node.as_text().and_then(|given| nearest(given, choices)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("see the tool's input schema in tools/list, or announce the refusal with `error:`"),
    }
}

/// The node at a JSON pointer.
fn at<'a>(node: &'a Node, pointer: &str) -> Option<&'a Node> {
    pointer.split('/').skip(1).try_fold(node, |node, part| {
        let name = part.replace("~1", "/").replace("~0", "~");
        match node.as_list() {
            Some(items) => items.get(name.parse::<usize>().ok()?),
            None => node.get(&name),
        }
    })
}
