//! Ways to look at Rust: flat tokens, and the syntax outside of tests.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A function, measured without its comments and attributes.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its signature.
    pub(crate) line: usize,
    /// From the signature to the closing brace.
    pub(crate) lines: usize,
}

/// Every function of the file, nested ones and methods included.
pub(crate) fn functions(file: &syn::File) -> Vec<Function> {
    struct Visitor(Vec<Function>);
    impl Visitor {
        fn push(&mut self, signature: &syn::Signature, block: &syn::Block) {
            let line = signature.span().start().line;
            let lines = block.span().end().line + 1 - line;
            self.0.push(Function { name: signature.ident.to_string(), line, lines });
        }
    }
    impl<'a> Visit<'a> for Visitor {
        fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
            self.push(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
        fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
            self.push(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
        fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
            if let Some(block) = &item.default {
                self.push(&item.sig, block);
            }
            visit::visit_trait_item_fn(self, item);
        }
    }
    let mut visitor = Visitor(Vec::new());
    visitor.visit_file(file);
    visitor.0
}

/// Every token, groups opened, in order.
pub(crate) fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        let inner = if let TokenTree::Group(group) = &token { Some(group.stream()) } else { None };
        all.push(token);
        if let Some(inner) = inner {
            all.extend(flat(inner));
        }
    }
    all
}

/// The content of every attribute, inner and outer, with its place.
pub(crate) fn attributes(tokens: TokenStream) -> Vec<(Span, TokenStream)> {
    let all = flat(tokens);
    let mut found = Vec::new();
    for (index, token) in all.iter().enumerate() {
        if !punct(token, '#') {
            continue;
        }
        let next = all.get(index + 1).filter(|token| !punct(token, '!')).or_else(|| all.get(index + 2));
        if let Some(TokenTree::Group(group)) = next
            && group.delimiter() == Delimiter::Bracket
        {
            found.push((group.span(), group.stream()));
        }
    }
    found
}

/// Whether the token is that identifier.
pub(crate) fn ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

/// Whether the token is that punctuation.
pub(crate) fn punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// A number that stands in code where a named constant should.
pub(crate) struct Unnamed {
    /// Its line.
    pub(crate) line: usize,
    /// As it is written.
    pub(crate) text: String,
}

/// The file's unnamed numbers from `least` on, and its literal durations; constants and tests left out.
pub(crate) fn unnamed(file: &syn::File, least: u64) -> Vec<Unnamed> {
    struct Visitor {
        least: u64,
        found: Vec<Unnamed>,
    }
    impl<'a> Visit<'a> for Visitor {
        fn visit_item_const(&mut self, _: &'a syn::ItemConst) {}
        fn visit_impl_item_const(&mut self, _: &'a syn::ImplItemConst) {}
        fn visit_item_static(&mut self, _: &'a syn::ItemStatic) {}
        fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
            if !item.attrs.iter().any(only_in_tests) {
                visit::visit_item_mod(self, item);
            }
        }
        fn visit_lit_int(&mut self, literal: &'a syn::LitInt) {
            if literal.base10_parse::<u64>().is_ok_and(|value| value >= self.least) {
                self.found.push(Unnamed { line: literal.span().start().line, text: literal.to_string() });
            }
        }
        fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
            if let (syn::Expr::Path(path), Some(syn::Expr::Lit(_))) = (&*call.func, call.args.first())
                && duration(&path.path)
            {
                self.found.push(Unnamed { line: call.span().start().line, text: "a literal Duration".to_owned() });
            }
            visit::visit_expr_call(self, call);
        }
    }
    let mut visitor = Visitor { least, found: Vec::new() };
    visitor.visit_file(file);
    visitor.found
}

/// The strings of the file's constant of that name, each with its line.
pub(crate) fn strings(file: &syn::File, constant: &str) -> Vec<(String, usize)> {
    struct Visitor(Vec<(String, usize)>);
    impl<'a> Visit<'a> for Visitor {
        fn visit_lit_str(&mut self, literal: &'a syn::LitStr) {
            self.0.push((literal.value(), literal.span().start().line));
        }
    }
    let mut visitor = Visitor(Vec::new());
    for item in &file.items {
        if let syn::Item::Const(item) = item
            && item.ident == constant
        {
            visitor.visit_expr(&item.expr);
        }
    }
    visitor.0
}

/// The lines of a file that decide something: branches and loops, whether in functions or in closures.
pub(crate) fn branches(file: &syn::File) -> Vec<usize> {
    struct Visitor(Vec<usize>);
    impl<'a> Visit<'a> for Visitor {
        fn visit_item_trait(&mut self, _: &'a syn::ItemTrait) {}
        fn visit_expr(&mut self, expr: &'a syn::Expr) {
            let decides = matches!(
                expr,
                syn::Expr::If(_)
                    | syn::Expr::Match(_)
                    | syn::Expr::ForLoop(_)
                    | syn::Expr::While(_)
                    | syn::Expr::Loop(_)
            );
            if decides {
                self.0.push(expr.span().start().line);
            }
            visit::visit_expr(self, expr);
        }
    }
    let mut visitor = Visitor(Vec::new());
    visitor.visit_file(file);
    visitor.0
}

fn duration(path: &syn::Path) -> bool {
    let mut segments = path.segments.iter().rev();
    let last = segments.next().is_some_and(|segment| segment.ident.to_string().starts_with("from_"));
    last && segments.next().is_some_and(|segment| segment.ident == "Duration")
}

fn only_in_tests(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
}
