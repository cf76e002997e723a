//! Which names exist where: undefined variables, unused captures and clashes, found before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::datasets;
use crate::decode::Decoder;
use crate::scenario::{Fragment, Scenario, Step};
use crate::source::{Diagnostic, Span};
use crate::vars::{self, BUILTINS, DATASET_PREFIX};
use crate::when;

/// Checks the names of a scenario: its matrix and its captures.
pub(crate) fn check_scenario(scenario: &Scenario, decoder: &mut Decoder) {
    let mut scope = Scope::default();
    for (name, _) in &scenario.matrix {
        scope.define(name, &scenario.span, "this matrix value", decoder);
    }
    scope.steps(&scenario.steps, decoder);
    scope.steps(&scenario.finally, decoder);
    scope.finish(decoder);
    check_conditions(&scenario.steps, &scenario.matrix, decoder);
    check_conditions(&scenario.finally, &scenario.matrix, decoder);
    if !scenario.server.private_engine {
        refuse_blows(&scenario.steps, decoder);
        refuse_blows(&scenario.finally, decoder);
    }
}

/// Refuses what is done to a hyperd that other scenarios use.
fn refuse_blows(steps: &[Step], decoder: &mut Decoder) {
    for step in steps {
        if step.action.strikes_engine() {
            decoder.report(
                Diagnostic::new(&step.span, "other scenarios use this hyperd, too", "so nothing may befall it")
                    .help("add `server: { engine: private }` to the file"),
            );
        }
        refuse_blows(step.action.inner().unwrap_or_default(), decoder);
        refuse_blows(step.action.expansion().map_or(&[][..], |used| &used.fragment.steps), decoder);
    }
}

fn is_dataset(name: &str) -> bool {
    name.strip_prefix(DATASET_PREFIX).is_some_and(|name| datasets::names().any(|known| known == name))
}

/// Checks the names of a fragment: its parameters and its captures.
pub(crate) fn check_fragment(fragment: &Fragment, decoder: &mut Decoder) {
    let mut scope = Scope::default();
    for (name, span) in &fragment.parameters {
        scope.define(name, span, "this parameter", decoder);
    }
    scope.steps(&fragment.steps, decoder);
    scope.finish(decoder);
}

fn check_conditions(steps: &[Step], matrix: &[(String, Vec<Value>)], decoder: &mut Decoder) {
    for step in steps {
        if let Some(node) = &step.when {
            when::check_matrix(node, matrix, decoder);
        }
        check_conditions(step.action.inner().unwrap_or_default(), matrix, decoder);
    }
}

/// Names and what defined them.
#[derive(Default)]
struct Scope {
    defined: BTreeMap<String, (Span, &'static str)>,
    used: BTreeSet<String>,
}

impl Scope {
    fn define(&mut self, name: &str, span: &Span, what: &'static str, decoder: &mut Decoder) {
        let problem = if BUILTINS.contains(&name) || name.starts_with(DATASET_PREFIX) {
            Some(format!("`{name}` is built in"))
        } else if self.defined.contains_key(name) {
            Some(format!("`{name}` has a value already"))
        } else if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            Some(format!("`{name}` is not a name: letters, digits and `_`"))
        } else {
            None
        };
        match problem {
            Some(title) => decoder
                .report(Diagnostic::new(span, title, format!("{what} cannot have it")).help("choose another name")),
            None => {
                self.defined.insert(name.to_owned(), (span.clone(), what));
            }
        }
    }

    fn steps(&mut self, steps: &[Step], decoder: &mut Decoder) {
        for step in steps {
            let (used, problems) = vars::names(&step.node);
            decoder.report_all(problems);
            let mut bare = Vec::new();
            vars::bare(&step.node, &|name| self.knows(name), &mut bare);
            decoder.report_all(bare.into_iter().map(|(name, node)| vars::without_parentheses(name, &node.span)));
            for (name, node) in used {
                if !self.knows(&name) {
                    let datasets: Vec<String> =
                        datasets::names().map(|name| format!("{DATASET_PREFIX}{name}")).collect();
                    let known = self.defined.keys().chain(&datasets).map(String::as_str).chain(BUILTINS);
                    decoder.report(
                        Diagnostic::new(&node.span, format!("`$({name})` is not defined"), "used here")
                            .help_names(&name, known),
                    );
                }
                self.used.insert(name);
            }
            self.captures(step, decoder);
        }
    }

    fn captures(&mut self, step: &Step, decoder: &mut Decoder) {
        for save in &step.checks.save {
            self.define(&save.name, &save.span, "this capture", decoder);
        }
        for inner in step.action.inner().unwrap_or_default() {
            self.captures(inner, decoder);
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.defined.contains_key(name) || BUILTINS.contains(&name) || is_dataset(name)
    }

    fn finish(self, decoder: &mut Decoder) {
        for (name, (span, what)) in &self.defined {
            if !self.used.contains(name) {
                decoder.report(
                    Diagnostic::new(span, format!("`{name}` is never used"), format!("{what} stands for nothing"))
                        .help(format!("use `$({name})`, or drop it")),
                );
            }
        }
    }
}
