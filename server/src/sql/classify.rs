//! Kinds of statements, told without asking hyperd: what only reads, what writes and where, and what neither of the
//! tools `query` and `execute` takes. hyperd knows no connection that only reads, so that this is what keeps `query` from
//! writing.

use super::lexer::{self, Fault, Odd, Token};
use super::sources;
use super::targets::{self, Name};
use crate::error::Error;

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
    /// A character outside of quotes that Hyper may take for something else than it looks like.
    OddCharacter(Odd),
    /// Changes something, or may, and what is not understood.
    Unclear,
    /// Text with a NUL character, which cannot be sent.
    HoldsNul,
    /// Something that Hyper is not known to have.
    Unknown,
}

/// Words that stand in what changes rows or tables, and elsewhere only as names.
const WRITE_WORDS: [&str; 7] = ["insert", "update", "delete", "merge", "truncate", "copy", "into"];
/// Functions that do more than compute: what they run is hidden in a text or a plan. hyperd has them disabled, unless
/// its operator enables them.
const OPAQUE_FUNCTIONS: [&str; 6] =
    ["hyper_execute_query_plan", "raw_sql_function", "raw_sql_aggregate", "raw_sql_subquery", "foreign_table", "train"];

/// A statement's kind and what it changes.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it does.
    pub kind: Kind,
    /// Its first keyword, upper case, for messages.
    pub verb: String,
    /// The names of what it changes; of a kind that changes something there is at least one.
    pub targets: Vec<Vec<String>>,
    /// Whether hyperd answers how many rows it changed: no row then means that nothing is changed.
    pub is_counted: bool,
    /// Of a read, whether words of writes stand in it as well. Its form says that they are names; hyperd knows.
    pub holds_write_words: bool,
    /// Why it is refused all the same, where it reads what is no file.
    pub unreadable: Option<Error>,
}

impl Statement {
    fn of(kind: Kind, verb: impl Into<String>) -> Self {
        Self {
            kind,
            verb: verb.into(),
            targets: Vec::new(),
            is_counted: false,
            holds_write_words: false,
            unreadable: None,
        }
    }
}

/// Classifies the text of one statement, in time that grows with its length and no faster.
pub fn classify(sql: &str) -> Statement {
    let tokens = match lexer::tokens(sql) {
        Ok(tokens) => tokens,
        Err(fault) => return faulty(fault),
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
    // A plain EXPLAIN does nothing, whatever it explains.
    let may_write = kind == Kind::Read && explained_body(body).is_none_or(|(_, is_plain)| !is_plain);
    let holds_write_words = may_write && body.iter().any(|token| WRITE_WORDS.iter().any(|word| token.is(word)));
    let unreadable = sources::check(body).err();
    let mut statement = Statement { holds_write_words, unreadable, ..Statement::of(kind, verb) };
    if matches!(kind, Kind::Dml | Kind::Ddl) {
        let is_wrapped = body.len() < tokens.len();
        match changed(kind, main(body)).filter(|_| kind == Kind::Ddl || !(is_wrapped || holds_write(body))) {
            Some(names) if names.iter().any(|name| targets::is_temporary(name)) => statement.kind = Kind::Temporary,
            Some(names) => statement.targets = names,
            None => statement.kind = Kind::Unclear,
        }
    }
    let counted = ["INSERT", "UPDATE", "DELETE"].contains(&statement.verb.as_str());
    statement.is_counted = statement.kind == Kind::Dml && counted;
    statement
}

fn changed(kind: Kind, body: &[Token]) -> Option<Vec<Name>> {
    if kind == Kind::Dml { targets::of_dml(body) } else { targets::of_ddl(body) }
}

fn faulty(fault: Fault) -> Statement {
    match fault {
        Fault::OpenString => Statement::of(Kind::Unterminated, "string"),
        Fault::OpenIdentifier => Statement::of(Kind::Unterminated, "quoted identifier"),
        Fault::OpenComment => Statement::of(Kind::Unterminated, "comment"),
        Fault::Odd(odd) if odd.character == '\0' => Statement::of(Kind::HoldsNul, ""),
        Fault::Odd(odd) => Statement::of(Kind::OddCharacter(odd), ""),
    }
}

fn kind(body: &[Token]) -> Kind {
    if calls(body, &["set_config"]) {
        return Kind::Session;
    }
    if calls(body, &OPAQUE_FUNCTIONS) {
        return Kind::Unclear;
    }
    match body.first() {
        Some(verb) if verb.is("explain") => explain(body),
        _ => plain(body),
    }
}

/// The kind of a statement that is not explained.
fn plain(body: &[Token]) -> Kind {
    let Some(Token::Word(verb)) = body.first() else { return Kind::Unknown };
    match verb.as_str() {
        "select" | "values" | "table" => reading(body),
        "show" => Kind::Read,
        "with" => with(body),
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

/// Whether a statement that changes rows stands in parentheses within it. Its verb alone does not tell: columns may be
/// called `update`.
fn holds_write(body: &[Token]) -> bool {
    // An `(update` was read and no `)` since: a `set` makes a statement of it.
    let mut updating = false;
    for (at, token) in body.iter().enumerate() {
        match token {
            Token::Symbol('(') => {
                let then = |place: usize, word: &str| body.get(at + place).is_some_and(|token| token.is(word));
                let is_named = body.get(at + 3).is_some_and(|token| token.name().is_some());
                if (then(1, "insert") || then(1, "merge")) && then(2, "into")
                    || then(1, "delete") && then(2, "from") && is_named
                {
                    return true;
                }
                updating |= then(1, "update");
            }
            Token::Symbol(')') => updating = false,
            token if updating && token.is("set") => return true,
            _ => {}
        }
    }
    false
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
fn explain(body: &[Token]) -> Kind {
    let Some((inner, is_plain)) = explained_body(body) else { return Kind::Unknown };
    match plain(unwrapped(inner)) {
        Kind::Dml | Kind::Ddl | Kind::Temporary if is_plain => Kind::Read,
        Kind::Dml | Kind::Ddl | Kind::Temporary => Kind::ExplainedWrite,
        kind => kind,
    }
}

/// What an EXPLAIN explains, and whether it has no options; none of another statement.
fn explained_body(body: &[Token]) -> Option<(&[Token], bool)> {
    let (_, rest) = body.split_first().filter(|(verb, _)| verb.is("explain"))?;
    let inner = match rest.first() {
        Some(Token::Symbol('(')) if rest.get(1).is_some_and(|token| !starts_query(token)) => skip_group(rest),
        _ => rest,
    };
    let skipped = inner.iter().take_while(|token| token.is("analyze") || token.is("verbose")).count();
    Some((&inner[skipped..], inner.len() == rest.len() && skipped == 0))
}

/// The statement that an EXPLAIN explains, without EXPLAIN and its options; none where the text is no EXPLAIN.
pub fn explained(sql: &str) -> Option<&str> {
    let tokens = lexer::tokens(sql).ok()?;
    let (inner, _) = explained_body(&tokens)?;
    lexer::offset_of(sql, tokens.len() - inner.len()).map(|at| &sql[at..])
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

fn calls(body: &[Token], functions: &[&str]) -> bool {
    let is_one = |token: &Token| token.name().is_some_and(|name| functions.contains(&name));
    body.windows(2).any(|pair| pair[1] == Token::Symbol('(') && is_one(&pair[0]))
}

#[cfg(test)]
mod tests;
