//! What a source file may say.

use proc_macro2::TokenTree;

use crate::rust;
use crate::tree::{Problem, Rust, Tree};

/// Numbers below this explain themselves more often than not.
const NAMED_FROM: u64 = 1_000;

/// Every file can be parsed, so that no rule passes over one in silence.
pub(crate) fn parses(tree: &Tree) -> Vec<Problem> {
    let broken = |file: Rust| Some(Problem::new(&file.path, 1, format!("cannot be parsed: {}", file.syntax.err()?)));
    tree.rust("").filter_map(broken).collect()
}

/// The driver of Hyper stays behind the engine.
pub(crate) fn hyper_edge(tree: &Tree) -> Vec<Problem> {
    let allowed = ["server/src/engine/", "harness/src/capabilities/"];
    named_outside(tree, "hyperdb_api", &allowed, "call server/src/engine/ instead")
}

/// The protocol's library stays where messages come in and go out.
pub(crate) fn protocol_edge(tree: &Tree) -> Vec<Problem> {
    let allowed = [
        "server/src/server.rs",
        "server/src/tool.rs",
        "server/src/transport.rs",
        "server/src/request_ids.rs",
        "server/src/main.rs",
        "harness/src/target/",
        "server/tests/",
        "server/benches/",
        "server/examples/",
        "harness/benches/",
        // A server of their own to reach by TLS, and how the author of another server uses the harness.
        "tests/https.rs",
        "tests/library.rs",
        // A server that answers what a scenario tells it to.
        "tests/bless/mirror.rs",
    ];
    named_outside(
        tree,
        "rmcp",
        &allowed,
        "it belongs to the protocol's edge: translate there, and pass our own types on",
    )
}

/// Lints are silenced where they are wrong, with the reason, and only as long as they fire.
pub(crate) fn attributes(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("") {
        for (place, content) in rust::attributes(file.tokens()) {
            let tokens = rust::flat(content);
            let calls = |name| {
                let called = |pair: &[TokenTree]| rust::ident(&pair[0], name) && matches!(pair[1], TokenTree::Group(_));
                tokens.windows(2).any(called)
            };
            let line = place.start().line;
            if calls("allow") {
                let remedy = "`allow` outlives its cause: use #[expect(lint, reason = \"...\")]";
                problems.push(Problem::new(&file.path, line, remedy));
            }
            if calls("expect") && !tokens.iter().any(|token| rust::ident(token, "reason")) {
                problems.push(Problem::new(&file.path, line, "say why: #[expect(lint, reason = \"...\")]"));
            }
        }
    }
    problems
}

/// No macro that stands for code to be written, or for a look while writing it.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("") {
        for pair in rust::flat(file.tokens()).windows(2) {
            let unfinished = ["dbg", "todo", "unimplemented"].into_iter().find(|name| rust::ident(&pair[0], name));
            if let (Some(name), true) = (unfinished, rust::punct(&pair[1], '!')) {
                let line = pair[0].span().start().line;
                problems.push(Problem::new(&file.path, line, format!("{name}!: finish it or take it out")));
            }
        }
    }
    problems
}

/// Bounds have a name and a unit, so that they can be found, reasoned about and documented.
pub(crate) fn bounds(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("server/src/").chain(tree.rust("harness/src/")) {
        if file.path == "server/src/limits.rs" || file.path.ends_with("/tests.rs") {
            continue;
        }
        let Ok(syntax) = &file.syntax else { continue };
        for number in rust::unnamed(syntax, NAMED_FROM) {
            let remedy =
                format!("{}: name it, with its unit, in server/src/limits.rs or as a constant here", number.text);
            problems.push(Problem::new(&file.path, number.line, remedy));
        }
    }
    problems
}

fn named_outside(tree: &Tree, package: &str, allowed: &[&str], remedy: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("") {
        if allowed.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        for token in rust::flat(file.tokens()).iter().filter(|token| rust::ident(token, package)) {
            problems.push(Problem::new(&file.path, token.span().start().line, format!("{package} is named: {remedy}")));
        }
    }
    problems
}
