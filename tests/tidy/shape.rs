//! How large things may grow, and how the registries relate to their folders.

use proc_macro2::TokenTree;

use crate::rust;
use crate::tree::{Problem, Rust, Tree};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const TOOL_FILE_LINES_MAX: usize = 150;

const TOOLS: &str = "server/src/tools/";
const REGISTRIES: [&str; 3] = [TOOLS, "harness/src/matchers/", "harness/src/steps/"];

/// A file that can be read in one sitting.
pub(crate) fn files(tree: &Tree) -> Vec<Problem> {
    too_long(tree.rust(""), FILE_LINES_MAX, "split it along what it does")
}

/// A tool's file carries one command; what it does belongs to a domain's module.
pub(crate) fn tool_files(tree: &Tree) -> Vec<Problem> {
    too_long(tree.rust(TOOLS), TOOL_FILE_LINES_MAX, "move what it does into a module of its domain")
}

/// A function that can be seen whole.
pub(crate) fn functions(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust("") {
        let Ok(syntax) = &file.syntax else { continue };
        for function in rust::functions(syntax).into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
            let remedy = format!(
                "fn {} has {} lines, at most {FUNCTION_LINES_MAX}: give its parts names",
                function.name, function.lines
            );
            problems.push(Problem::new(&file.path, function.line, remedy));
        }
    }
    problems
}

/// A registry lists; it neither branches nor loops.
pub(crate) fn registries(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for folder in REGISTRIES {
        let path = format!("{folder}mod.rs");
        let Some(registry) = tree.rust(&path).next() else {
            problems.push(Problem::new(&path, 1, "is missing: the registry of its folder"));
            continue;
        };
        let Ok(syntax) = &registry.syntax else { continue };
        for line in rust::branches(syntax) {
            problems.push(Problem::new(
                &path,
                line,
                "a registry decides nothing: move this beside it, or into the trait",
            ));
        }
        let modules = modules(syntax);
        if !modules.is_sorted() {
            problems.push(Problem::new(&path, 1, "sort the `mod` lines"));
        }
        for stem in tree.stems(folder).iter().filter(|stem| !modules.contains(stem)) {
            problems.push(Problem::new(&format!("{folder}{stem}.rs"), 1, format!("add `mod {stem};` to {path}")));
        }
    }
    problems
}

/// A tool's file is named as the protocol names the tool, and each file is one route.
pub(crate) fn tools(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let stems = tree.stems(TOOLS);
    for stem in &stems {
        let path = format!("{TOOLS}{stem}.rs");
        let Some(Rust { syntax: Ok(syntax), .. }) = tree.rust(&path).next() else { continue };
        if name_of(&syntax).as_ref() != Some(stem) {
            problems.push(Problem::new(&path, 1, format!("its tool must say `const NAME: &'static str = {stem:?};`")));
        }
    }
    let path = format!("{TOOLS}mod.rs");
    let Some(registry) = tree.rust(&path).next() else { return problems };
    let routes = routes(&registry);
    for (stem, line) in &routes {
        if !stems.contains(stem) {
            problems.push(Problem::new(&path, *line, format!("routes {stem}, which has no file in {TOOLS}")));
        }
    }
    for stem in &stems {
        let count = routes.iter().filter(|(routed, _)| routed == stem).count();
        if count != 1 {
            problems.push(Problem::new(&path, 1, format!("{stem} has {count} route lines, and needs one")));
        }
    }
    if !routes.is_sorted_by_key(|(stem, _)| stem) {
        problems.push(Problem::new(&path, routes[0].1, "sort the route lines"));
    }
    problems
}

fn too_long(files: impl Iterator<Item = Rust>, most: usize, remedy: &str) -> Vec<Problem> {
    files
        .filter(|file| file.lines > most)
        .map(|file| Problem::new(&file.path, most + 1, format!("{} lines, at most {most}: {remedy}", file.lines)))
        .collect()
}

/// The modules that the file declares and keeps in files of their own.
fn modules(file: &syn::File) -> Vec<String> {
    let module = |item: &syn::Item| match item {
        syn::Item::Mod(module) if module.content.is_none() => {
            Some(module.ident.to_string().trim_start_matches("r#").to_owned())
        }
        _ => None,
    };
    file.items.iter().filter_map(module).collect()
}

/// The string that an impl of the file gives to `NAME`.
fn name_of(file: &syn::File) -> Option<String> {
    let constants = file.items.iter().flat_map(|item| match item {
        syn::Item::Impl(block) => block.items.as_slice(),
        _ => &[],
    });
    constants.into_iter().find_map(|item| match item {
        syn::ImplItem::Const(syn::ImplItemConst {
            ident,
            expr: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }),
            ..
        }) if ident == "NAME" => Some(text.value()),
        _ => None,
    })
}

/// The modules that the registry routes to, in order: each `route::<module::Type>`.
fn routes(registry: &Rust) -> Vec<(String, usize)> {
    let tokens = rust::flat(registry.tokens());
    tokens
        .windows(5)
        .filter_map(|window| match window {
            [route, colon, _, open, TokenTree::Ident(module)]
                if rust::ident(route, "route") && rust::punct(colon, ':') && rust::punct(open, '<') =>
            {
                Some((module.to_string(), module.span().start().line))
            }
            _ => None,
        })
        .collect()
}
