//! `scenarios/requirements.yaml`: what a conforming server must do, one id a row.

use std::collections::BTreeMap;

use crate::decode::Decoder;
use crate::scenario::Scenario;
use crate::source::{Diagnostic, Span};
use crate::syntax::Node;

/// One thing that a conforming server must do.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// What it must do, as a sentence.
    pub statement: String,
    /// Where the rule comes from.
    pub from: String,
    /// Why no scenario proves it, if none can.
    pub excluded: Option<String>,
    /// Where it is written.
    pub span: Span,
}

/// All requirements by id.
pub type Requirements = BTreeMap<String, Requirement>;

/// Reads the file.
pub fn decode(node: &Node, decoder: &mut Decoder) -> Requirements {
    let mut requirements = Requirements::new();
    let Some(items) = node.as_list() else {
        decoder.expected(node, "requirements.yaml", "a list of requirements");
        return requirements;
    };
    for item in items {
        let Some(mut fields) = decoder.fields(item, "a requirement") else { continue };
        let id = fields.require("id", decoder).and_then(|node| decoder.name(node, "`id`"));
        let statement = fields.require("statement", decoder).and_then(|node| decoder.name(node, "`statement`"));
        let from = fields.require("from", decoder).and_then(|node| decoder.name(node, "`from`"));
        let excluded = fields.take("excluded").and_then(|node| decoder.name(node, "`excluded`, the reason,"));
        fields.finish(decoder);
        let (Some(id), Some(statement), Some(from)) = (id, statement, from) else { continue };
        let requirement = Requirement { statement, from, excluded, span: item.span.clone() };
        if requirements.insert(id.clone(), requirement).is_some() {
            decoder.report(Diagnostic::new(&item.span, format!("the id `{id}` stands here twice"), "the second one"));
        }
    }
    requirements
}

/// Refuses a scenario that proves nothing, and ids that are not in the file. Where there is no file, there are no ids.
pub fn check(scenario: &Scenario, requirements: Option<&Requirements>, decoder: &mut Decoder) {
    let named = &scenario.requirements;
    let Some(requirements) = requirements else {
        for (id, span) in named {
            decoder.report(
                Diagnostic::new(span, format!("there is no requirement `{id}`"), "there is no requirements.yaml")
                    .help("list what a server must do in requirements.yaml, or drop `requirements`"),
            );
        }
        return;
    };
    if named.is_empty() {
        decoder.report(
            Diagnostic::new(
                &scenario.span,
                "this scenario proves no requirement",
                "no `requirements` here or in the file",
            )
            .help("name an id of scenarios/requirements.yaml"),
        );
    }
    for (id, span) in named {
        if !requirements.contains_key(id) {
            // The whole list has hundreds of ids: the ones of the same group are the likely ones.
            let group = id.split('.').next().unwrap_or_default();
            let near = requirements.keys().map(String::as_str).filter(|known| known.split('.').next() == Some(group));
            decoder.report(
                Diagnostic::new(span, format!("there is no requirement `{id}`"), "not in requirements.yaml")
                    .help_names(id, near),
            );
        }
    }
}
