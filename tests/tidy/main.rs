//! The repository's own rules, one trial each. A failure names the place and what to do there.

mod layers;
mod rust;
mod scenarios;
mod shape;
mod sources;
mod tree;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::tree::{Problem, Tree};

type Rule = fn(&Tree) -> Vec<Problem>;

const RULES: [(&str, Rule); 16] = [
    ("attributes_expect_with_a_reason", sources::attributes),
    ("bounds_are_named", sources::bounds),
    ("every_requirement_has_a_scenario", scenarios::requirements),
    ("every_tool_is_called_with_and_without_error", scenarios::tools_called),
    ("files_are_short", shape::files),
    ("functions_are_short", shape::functions),
    ("hyper_stays_in_the_engine", sources::hyper_edge),
    ("language_parts_are_in_the_manual", scenarios::manual),
    ("language_parts_have_a_reject_case", scenarios::reject_cases),
    ("layers_name_none_above_them", layers::layers),
    ("nothing_is_left_to_do", sources::unfinished),
    ("protocol_stays_at_the_edge", sources::protocol_edge),
    ("registries_hold_no_logic", shape::registries),
    ("rust_parses", sources::parses),
    ("tool_files_are_short", shape::tool_files),
    ("tools_files_names_and_routes_agree", shape::tools),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tree = Arc::new(Tree::read());
    let trials = RULES
        .into_iter()
        .map(|(name, rule)| {
            let tree = Arc::clone(&tree);
            Trial::test(name, move || {
                let problems = rule(&tree);
                if problems.is_empty() {
                    return Ok(());
                }
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(format!("{}\nagain, alone: cargo test --test tidy -- {name}", lines.join("\n")).into())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
