//! Kinds of statements, told without asking hyperd: what only reads, what writes and where, and what neither of the
//! tools `query` and `execute` takes. hyperd has no read-only mode, so that this is what keeps `query` from writing.

use super::lexer::{self, Open, Token};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Returns rows and changes nothing.
    Read,
    /// Changes rows.
    Dml,
    /// Changes what tables there are.
    Ddl,
    /// Makes a table of one connection.
    Temporary,
    /// An EXPLAIN that does the write which it explains.
    ExplainedWrite,
    /// Begins or ends a transaction.
    Transaction,
    /// Writes a file.
    CopyTo,
    /// Reads rows from the connection itself.
    CopyFromStdin,
    /// Changes the connection: SET, PREPARE and their like, and `set_config` in any statement.
    Session,
    /// Makes, attaches or removes a database.
    Database,
    /// Nothing but white space and comments.
    Empty,
    /// More than one statement in one text.
    Several,
    /// A string, an identifier or a comment that does not end.
    Unterminated,
    /// An identifier with Unicode escapes, `U&"..."`: what it names is not known here.
    EscapedName,
    /// Text with a NUL character, which cannot be sent.
    HoldsNul,
    /// Something that Hyper is not known to have.
    Unknown,
}

/// A statement's kind and what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it does.
    pub kind: Kind,
    /// Its first keyword, upper case, for messages.
    pub verb: String,
    /// The names of what it changes, each as its parts: `"lake"."public"."t"` has three.
    pub targets: Vec<Vec<String>>,
    /// Whether hyperd answers how many rows it changed: no row then means that nothing is changed.
    pub is_counted: bool,
}

/// Classifies the text of one statement.
pub fn classify(sql: &str) -> Statement {
    let tokens = match lexer::tokens(sql) {
        Ok(tokens) => tokens,
        Err(open) => {
            let verb = opened(open).to_owned();
            return Statement { kind: Kind::Unterminated, verb, targets: Vec::new(), is_counted: false };
        }
    };
    let end = tokens.iter().rposition(|token| *token != Token::Symbol(';')).map_or(0, |last| last + 1);
    let tokens = &tokens[..end];
    let body = unwrapped(tokens);
    let verb = match body.first() {
        Some(Token::Word(word)) => word.to_uppercase(),
        _ => String::new(),
    };
    let kind = if sql.contains('\0') {
        Kind::HoldsNul
    } else if tokens.is_empty() {
        Kind::Empty
    } else if tokens.contains(&Token::Symbol(';')) {
        Kind::Several
    } else if tokens.contains(&Token::Escaped) {
        Kind::EscapedName
    } else {
        kind(body)
    };
    let targets = if matches!(kind, Kind::Dml | Kind::Ddl) { targets(main(body)) } else { Vec::new() };
    let is_counted = ["INSERT", "UPDATE", "DELETE"].contains(&verb.as_str()) && !holds_write(body);
    Statement { kind, verb, targets, is_counted }
}

fn opened(open: Open) -> &'static str {
    match open {
        Open::String => "string",
        Open::Identifier => "quoted identifier",
        Open::Comment => "comment",
    }
}

fn kind(body: &[Token]) -> Kind {
    if calls(body, "set_config") {
        return Kind::Session;
    }
    let Some(Token::Word(verb)) = body.first() else { return Kind::Unknown };
    match verb.as_str() {
        "select" | "values" | "table" => reading(body),
        "show" => Kind::Read,
        "with" => with(body),
        "explain" => explain(&body[1..]),
        "insert" | "update" | "delete" | "merge" | "truncate" => Kind::Dml,
        "copy" => copy(body),
        "create" | "drop" | "alter" if body.get(1).is_some_and(|token| token.is("database")) => Kind::Database,
        "create" if body.iter().take_while(|token| !token.is("table")).any(is_temporary) => Kind::Temporary,
        "create" | "drop" | "alter" | "comment" | "grant" | "revoke" | "analyze" | "reassign" => Kind::Ddl,
        "attach" | "detach" | "unload" => Kind::Database,
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => Kind::Transaction,
        "set" | "reset" | "prepare" | "execute" | "deallocate" | "declare" | "fetch" | "close" | "discard" | "use"
        | "call" | "load" => Kind::Session,
        _ => Kind::Unknown,
    }
}

/// A SELECT that makes a table, or that holds a statement which changes rows, is no read.
fn reading(body: &[Token]) -> Kind {
    if holds_write(body) {
        Kind::Dml
    } else if (0..body.len()).any(|at| body[at].is("into") && !is_name_at(body, at)) {
        Kind::Ddl
    } else {
        Kind::Read
    }
}

/// Whether a statement that changes rows stands in parentheses within it.
fn holds_write(body: &[Token]) -> bool {
    let opens = |at: &usize| body[*at] == Token::Symbol('(');
    (0..body.len()).filter(opens).any(|at| begins_write(&body[at + 1..]))
}

/// Whether a statement that changes rows begins here. Its verb alone does not tell: columns may be called `update`.
fn begins_write(tokens: &[Token]) -> bool {
    let then = |word: &str| tokens.get(1).is_some_and(|token| token.is(word));
    match tokens.first() {
        Some(Token::Word(verb)) => match verb.as_str() {
            "insert" | "merge" => then("into"),
            "delete" => then("from") && tokens.get(2).is_some_and(|token| token.name().is_some()),
            "update" => tokens.iter().take_while(|token| **token != Token::Symbol(')')).any(|token| token.is("set")),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a keyword stands where only a name can: `t.into`, `1 AS into`.
fn is_name_at(body: &[Token], at: usize) -> bool {
    match &body[..at] {
        [.., owner, Token::Symbol('.')] => owner.name().is_some(),
        [.., before] => before.is("as"),
        [] => false,
    }
}

fn with(body: &[Token]) -> Kind {
    match main(body).first() {
        Some(verb) if changes_rows(verb) => Kind::Dml,
        Some(Token::Word(verb)) if ["select", "values", "table"].contains(&verb.as_str()) => reading(body),
        _ => Kind::Unknown,
    }
}

/// EXPLAIN with options may run what it explains.
fn explain(rest: &[Token]) -> Kind {
    let inner = match rest.first() {
        Some(Token::Symbol('(')) if rest.get(1).is_some_and(|token| !starts_query(token)) => skip_group(rest),
        _ => rest,
    };
    let skipped = inner.iter().take_while(|token| token.is("analyze") || token.is("verbose")).count();
    let plain = inner.len() == rest.len() && skipped == 0;
    let inner = unwrapped(&inner[skipped..]);
    match kind(inner) {
        Kind::Dml | Kind::Ddl | Kind::Temporary if plain => Kind::Read,
        Kind::Dml | Kind::Ddl | Kind::Temporary => Kind::ExplainedWrite,
        kind => kind,
    }
}

fn copy(body: &[Token]) -> Kind {
    let mut depth = 0_usize;
    for (at, token) in body.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 && word == "to" => return Kind::CopyTo,
            Token::Word(word) if depth == 0 && word == "from" => {
                let stdin = body.get(at + 1).is_some_and(|token| token.is("stdin"));
                return if stdin { Kind::CopyFromStdin } else { Kind::Dml };
            }
            _ => {}
        }
    }
    Kind::Unknown
}

/// What follows the common table expressions of a WITH; the statement itself where there are none.
fn main(body: &[Token]) -> &[Token] {
    let Some((Token::Word(word), mut rest)) = body.split_first() else { return body };
    if word != "with" {
        return body;
    }
    if rest.first().is_some_and(|token| token.is("recursive")) {
        rest = &rest[1..];
    }
    loop {
        rest = rest.get(1..).unwrap_or_default();
        if rest.first() == Some(&Token::Symbol('(')) {
            rest = skip_group(rest);
        }
        let words = rest.iter().take_while(|token| ["as", "not", "materialized"].iter().any(|word| token.is(word)));
        rest = skip_group(&rest[words.count()..]);
        match rest.first() {
            Some(Token::Symbol(',')) => rest = &rest[1..],
            _ => return unwrapped(rest),
        }
    }
}

/// What follows the parenthesis that `tokens` start with; nothing where it is not closed.
fn skip_group(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { tokens } else { &tokens[at + 1..] };
        }
    }
    &[]
}

fn unwrapped(tokens: &[Token]) -> &[Token] {
    let open = tokens.iter().take_while(|token| **token == Token::Symbol('(')).count();
    &tokens[open..]
}

fn starts_query(token: &Token) -> bool {
    *token == Token::Symbol('(') || ["select", "with", "values", "table"].iter().any(|word| token.is(word))
}

fn changes_rows(token: &Token) -> bool {
    ["insert", "update", "delete", "merge", "truncate"].iter().any(|word| token.is(word))
}

fn is_temporary(token: &Token) -> bool {
    token.is("temp") || token.is("temporary")
}

fn calls(body: &[Token], function: &str) -> bool {
    body.windows(2).any(|pair| pair[0].name() == Some(function) && pair[1] == Token::Symbol('('))
}

/// The names after the verb: one, or several where a DROP or TRUNCATE lists them.
fn targets(body: &[Token]) -> Vec<Vec<String>> {
    const BEFORE_A_NAME: [&str; 20] = [
        "into",
        "from",
        "table",
        "schema",
        "if",
        "not",
        "exists",
        "only",
        "temp",
        "temporary",
        "external",
        "or",
        "replace",
        "on",
        "column",
        "global",
        "unlogged",
        "view",
        "function",
        "tables",
    ];
    let rest = body.get(1..).unwrap_or_default();
    let before = rest.iter().take_while(|token| BEFORE_A_NAME.iter().any(|word| token.is(word))).count();
    let mut rest = &rest[before..];
    let mut names = Vec::new();
    while let Some((name, after)) = qualified(rest) {
        names.push(name);
        match after.split_first() {
            Some((Token::Symbol(','), next)) => rest = next,
            _ => break,
        }
    }
    names
}

fn qualified(tokens: &[Token]) -> Option<(Vec<String>, &[Token])> {
    let mut parts = vec![tokens.first()?.name()?.to_owned()];
    let mut rest = &tokens[1..];
    while let [Token::Symbol('.'), part, after @ ..] = rest {
        parts.push(part.name()?.to_owned());
        rest = after;
    }
    Some((parts, rest))
}

#[cfg(test)]
mod tests;
