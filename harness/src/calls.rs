//! Every tool call of a suite, spread over its matrix and expanded through its fragments, without running anything.

use serde_json::Value;

use crate::plan::{self, Case};
use crate::scenario::{Fragment, Step};
use crate::suite::Suite;
use crate::syntax::Node;
use crate::vars::Vars;
use crate::when;

/// A tool call as the scenario writes it.
#[derive(Debug)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: Node,
    /// A map of its arguments.
    pub arguments: Node,
}

/// The steps of a fragment, where a step stands for them.
#[derive(Debug)]
pub struct Expansion<'a> {
    /// The fragment's name.
    pub name: &'a str,
    /// Its steps.
    pub fragment: &'a Fragment,
    /// What its parameters stand for.
    pub arguments: &'a [(String, Node)],
}

/// A step of one case, with what is known of its variables before it runs.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The case.
    pub case: &'a Case,
    /// The step.
    pub step: &'a Step,
    /// What is known of its variables: matrix and parameters.
    pub vars: &'a Vars,
}

impl Planned<'_> {
    /// The call that the step makes, with the variables replaced whose values are known.
    pub fn call(&self) -> Option<ToolCall> {
        let call = self.step.action.call()?;
        let [tool, arguments] = [&call.tool, &call.arguments].map(|node| self.vars.resolve_known(node));
        Some(ToolCall { tool, arguments })
    }

    /// Whether the step wants the call to be refused.
    pub fn refused(&self) -> bool {
        self.step.checks.error.is_some() || self.step.checks.protocol_error.is_some()
    }
}

/// Comes by every step that each case does, those inside others and of fragments among them.
pub fn walk(suite: &Suite, visit: &mut impl FnMut(&Planned<'_>)) {
    for case in &plan::cases(suite) {
        let scenario = case.scenario();
        let vars = cell_vars(case);
        walk_steps(&scenario.steps, case, &vars, visit);
        walk_steps(&scenario.finally, case, &vars, visit);
    }
}

/// The values of a case's matrix, as they stand in its steps.
pub(crate) fn cell_vars(case: &Case) -> Vars {
    let mut vars = Vars::default();
    for (name, value) in &case.cell {
        vars.set(name.clone(), escaped(value));
    }
    vars
}

/// What the parameters of a fragment stand for, beside what is known around it.
pub(crate) fn fragment_vars(expansion: &Expansion<'_>, around: &Vars) -> Vars {
    let mut vars = around.clone();
    for (name, node) in expansion.arguments {
        vars.set(name.clone(), around.resolve_known(node).to_json());
    }
    vars
}

/// Whether the step is done in this cell; what is not known yet counts as yes.
pub(crate) fn is_done(step: &Step, vars: &Vars) -> bool {
    step.when.as_ref().is_none_or(|node| {
        let known = vars.resolve_known(node);
        !crate::vars::names(&known).0.is_empty() || when::holds(&known)
    })
}

/// Whether it is known before the run that the step is done.
pub(crate) fn is_certain(step: &Step, vars: &Vars) -> bool {
    step.when.as_ref().is_none_or(|node| crate::vars::names(&vars.resolve_known(node)).0.is_empty())
}

fn walk_steps(steps: &[Step], case: &Case, vars: &Vars, visit: &mut impl FnMut(&Planned<'_>)) {
    for step in steps.iter().filter(|step| is_done(step, vars)) {
        visit(&Planned { case, step, vars });
        walk_steps(step.action.inner().unwrap_or_default(), case, vars, visit);
        if let Some(expansion) = step.action.expansion() {
            walk_steps(&expansion.fragment.steps, case, &fragment_vars(&expansion, vars), visit);
        }
    }
}

/// A value of the matrix is data: a `$(` in it is not a variable.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.replace("$(", "$$(")),
        other => other.clone(),
    }
}
