//! What no file may say, whatever its kind.

use crate::tree::{Problem, Tree};

/// Hosts are the business of the user's package managers and of their configuration.
pub(crate) fn registry_hosts(tree: &Tree) -> Vec<Problem> {
    // In two halves, so that this list does not find itself.
    let hosts = [
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("//crates", ".io"),
        ("index.crates", ".io"),
        ("static.crates", ".io"),
        ("registry.npmjs", ".org"),
        ("npmjs", ".com"),
        ("proxy.golang", ".org"),
    ];
    lines_with(tree, &hosts, "names a registry's host: name the package manager's command instead")
}

/// Paths of one machine mean nothing on another.
pub(crate) fn workplace(tree: &Tree) -> Vec<Problem> {
    let paths =
        [("/work/", "main"), ("/work/", "shared"), ("/tmp/", "hyperwheel"), ("/tmp/", "probe"), ("/root/", ".")];
    lines_with(tree, &paths, "names a path of the machine that it was written on: leave it out")
}

fn lines_with(tree: &Tree, halves: &[(&str, &str)], remedy: &str) -> Vec<Problem> {
    let needles: Vec<String> = halves.iter().map(|(head, tail)| format!("{head}{tail}")).collect();
    let mut problems = Vec::new();
    for file in &tree.texts {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(needle) = needles.iter().find(|needle| line.contains(*needle)) {
                problems.push(Problem::new(&file.path, index + 1, format!("`{needle}` {remedy}")));
            }
        }
    }
    problems
}
