//! Which part of a crate may name which: values go down, errors and answers come up.

use proc_macro2::TokenTree;

use crate::rust;
use crate::tree::{Problem, Tree};

/// The parts of the server from the top down: each names those that come after it, and none before it.
const SERVER: &[&str] = &[
    "main",
    "server",
    "transport",
    "request_ids",
    "greeting",
    "doctor",
    "tools",
    "tool",
    "context",
    "watch",
    "export",
    "ingest",
    "session",
    "engine",
    "daemon",
    "hyperd",
    "fetch",
    "scratch",
    "guard",
    "sql",
    "call",
    "outbox",
    "config",
    "args",
    "schema",
    "files",
    "words",
    "file_lock",
    "own",
    "error",
    "limits",
    "lib",
];

/// What names upwards all the same, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The daemon starts hyperd as the engine does, and the engine asks the daemon where its hyperd is.
    ("daemon", "engine"),
];

/// No part of the server names one above it.
pub(crate) fn layers(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("server/src/") {
        let part = part_of(&file.path);
        let Some(at) = place(part) else {
            let remedy = format!("{part} has no place among the layers: give it one in tests/tidy/layers.rs");
            problems.push(Problem::new(&file.path, 1, remedy));
            continue;
        };
        for window in rust::flat(file.tokens()).windows(4) {
            let [root, _, _, TokenTree::Ident(named)] = window else { continue };
            if !rust::ident(root, "crate") || !rust::punct(&window[2], ':') {
                continue;
            }
            let name = named.to_string();
            let is_above = place(&name).is_some_and(|other| other < at);
            if is_above && !EXCEPTIONS.contains(&(part, name.as_str())) {
                let remedy = format!("{part} names crate::{name}, which is above it: move what it needs down");
                problems.push(Problem::new(&file.path, named.span().start().line, remedy));
            }
        }
    }
    problems
}

/// `server/src/engine/pool.rs` is part of `engine`.
fn part_of(path: &str) -> &str {
    let below = path.strip_prefix("server/src/").unwrap_or(path);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn place(part: &str) -> Option<usize> {
    SERVER.iter().position(|known| *known == part)
}
