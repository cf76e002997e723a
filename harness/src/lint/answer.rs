//! The members that a step expects or saves against the tool's output schema.

use serde_json::Value;

use super::Findings;
use crate::calls::Planned;
use crate::source::{Diagnostic, Span, nearest};
use crate::syntax::{Entry, Kind, Node, Style};
use crate::tools::Tool;

/// Looks for members that the answer cannot have.
pub(super) fn check(tool: &Tool, planned: &Planned<'_>, findings: &mut Findings) {
    let step = planned.step;
    // The answer of a call that is cancelled or lost is the runner's own.
    let Some(schema) = tool.output.as_ref().filter(|_| step.cancel_after.is_none() && !step.drop_response) else {
        return;
    };
    let look = Look { tool };
    if let Some(node) = &step.checks.expect {
        look.members(node, schema, findings);
    }
    for save in &step.checks.save {
        look.path(&save.path.to_string(), &save.span, schema, findings);
    }
}

struct Look<'a> {
    tool: &'a Tool,
}

impl Look<'_> {
    fn members(&self, node: &Node, schema: &Value, findings: &mut Findings) {
        match &node.kind {
            Kind::Map(entries) => match entries.as_slice() {
                [Entry { key, value }] if key.name.starts_with('$') => {
                    self.matcher(&key.name, value, schema, findings);
                }
                _ => entries.iter().for_each(|entry| self.member(entry, schema, findings)),
            },
            Kind::List(items) => items.iter().for_each(|item| self.members(item, &schema["items"], findings)),
            _ => {}
        }
    }

    fn member(&self, entry: &Entry, schema: &Value, findings: &mut Findings) {
        let name = &entry.key.name;
        if name.contains("$(") {
            return;
        }
        let absent = matches!(&entry.value.kind, Kind::Text(text, Style::Plain) if text == "$absent");
        if let Some(inner) = self.known(name, &entry.key.span, schema, absent, findings) {
            self.members(&entry.value, inner, findings);
        }
    }

    /// What is inside a matcher and speaks of the same value, or of its elements.
    fn matcher(&self, name: &str, argument: &Node, schema: &Value, findings: &mut Findings) {
        match name {
            "$each" | "$includes" => self.members(argument, &schema["items"], findings),
            "$unordered" | "$not" => self.members(argument, schema, findings),
            "$one_of" => {
                argument.as_list().unwrap_or_default().iter().for_each(|one| self.members(one, schema, findings));
            }
            _ => {}
        }
    }

    /// The schema of a member. One that a closed schema does not have cannot come; in an open one, a near miss of a name
    /// that it has is more likely a slip than a member that it keeps quiet about.
    fn known<'s>(
        &self,
        name: &str,
        span: &Span,
        schema: &'s Value,
        absent: bool,
        findings: &mut Findings,
    ) -> Option<&'s Value> {
        let properties = schema["properties"].as_object()?;
        if let Some(inner) = properties.get(name) {
            return Some(inner);
        }
        let closed = schema["additionalProperties"] == false && !absent;
        let near = nearest(name, properties.keys().map(String::as_str));
        if closed || near.is_some() && !schema["additionalProperties"].is_object() {
            let title = format!("the answer of `{}` has no `{name}` here", self.tool.name);
            findings.report(
                Diagnostic::new(span, title, "not in its output schema")
                    .help_names(name, properties.keys().map(String::as_str)),
            );
        }
        None
    }

    /// Follows the plain beginning of a path: members by name and elements by number.
    fn path(&self, path: &str, span: &Span, schema: &Value, findings: &mut Findings) {
        let mut schema = schema;
        for (name, element) in segments(path) {
            if element {
                schema = &schema["items"];
                continue;
            }
            match self.known(&name, span, schema, false, findings) {
                Some(inner) => schema = inner,
                None => return,
            }
        }
    }
}

/// The parts of a path up to the first that is neither a name nor a number; an element is marked.
fn segments(path: &str) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    let mut rest = path.trim_start_matches('$');
    while !rest.is_empty() {
        let (part, element, end) = if let Some(inner) = rest.strip_prefix("['") {
            let Some(end) = inner.find("']") else { break };
            (&inner[..end], false, end + "['']".len())
        } else if let Some(inner) = rest.strip_prefix('[') {
            let Some(end) = inner.find(']').filter(|end| inner[..*end].parse::<usize>().is_ok()) else { break };
            (&inner[..end], true, end + "[]".len())
        } else if let Some(inner) = rest.strip_prefix('.').filter(|inner| !inner.starts_with(['.', '*'])) {
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            (&inner[..end], false, end + 1)
        } else {
            break;
        };
        parts.push((part.to_owned(), element));
        rest = &rest[end..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::segments;

    #[rstest]
    #[case("$", &[])]
    #[case("$.result[0].id", &["result", "0", "id"])]
    #[case("$['result'][0]", &["result", "0"])]
    #[case("$.a..b", &["a"])]
    #[case("$.a[?@.b == 1].c", &["a"])]
    fn the_plain_beginning_of_a_path_is_followed(#[case] path: &str, #[case] parts: &[&str]) {
        let names: Vec<String> = segments(path).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, parts);
    }
}
