//! What a statement changes, by name.
//!
//! The locks, what is to be on disk before an answer, and the guard of databases that are attached read-only rest on
//! these names. So they are worked out by Hyper's grammar, and a statement that is not written by it has none: it is
//! refused, rather than run with names that may be wrong.

use super::lexer::Token;

/// A name by its parts: `"lake"."public"."t"` has three. A schema stands for all that is in it, as `s.*`.
pub(super) type Name = Vec<String>;

/// Stands for whatever a schema holds.
const ALL: &str = "*";
/// Where a connection keeps what is its own.
const TEMPORARY_SCHEMA: &str = "pg_temp";
/// Parts of the longest name of a table: database, schema, table.
const TABLE_PARTS_MAX: usize = 3;

/// The names of what a statement that changes rows changes; none where it is not understood.
pub(super) fn of_dml(body: &[Token]) -> Option<Vec<Name>> {
    let mut at = Cursor { rest: body };
    let one = if at.takes("insert") {
        at.takes("bulk");
        at.expects("into")?;
        let table = at.table()?;
        at.is_before(&["select", "with", "values", "table", "default"], Some('('))?;
        table
    } else if at.takes("update") {
        let table = at.only_table()?;
        at.is_name_or(&["set", "as"], Some('*'))?;
        table
    } else if at.takes("delete") {
        at.expects("from")?;
        let table = at.only_table()?;
        if !at.is_end() {
            at.is_name_or(&["where", "using", "as", "returning"], Some('*'))?;
        }
        table
    } else if at.takes("truncate") {
        at.takes("table");
        return at.tables(Cursor::only_table);
    } else if at.takes("merge") {
        at.expects("into")?;
        let table = at.only_table()?;
        at.is_name_or(&["using", "as"], Some('*'))?;
        table
    } else {
        at.expects("copy")?;
        let table = at.table()?;
        at.skips_group()?;
        at.expects("from")?;
        table
    };
    Some(vec![one])
}

/// The names of what a statement that changes tables changes; none where it is not understood.
pub(super) fn of_ddl(body: &[Token]) -> Option<Vec<Name>> {
    let mut at = Cursor { rest: body };
    if at.takes("create") {
        at.created()
    } else if at.takes("drop") {
        at.takes("external");
        let is_schema = at.object()?;
        at.takes_if_exists(false)?;
        if is_schema { at.tables(Cursor::schema) } else { at.tables(Cursor::table) }
    } else if at.takes("alter") {
        at.altered()
    } else if at.takes("comment") {
        at.expects("on")?;
        let name = if at.takes("column") {
            at.column()?
        } else if at.takes("schema") {
            at.schema()?
        } else {
            at.expects("table")?;
            at.table()?
        };
        at.expects("is")?;
        Some(vec![name])
    } else if at.takes("analyze") {
        let table = at.table()?;
        at.skips_group()?;
        at.is_end().then(|| vec![table])
    } else {
        at.selected_into()
    }
}

/// Whether a name is one of a connection's own, which the calls of a pool do not share.
pub(super) fn is_temporary(name: &[String]) -> bool {
    name.iter().any(|part| part == TEMPORARY_SCHEMA)
}

/// What is left to read of a statement.
struct Cursor<'a> {
    rest: &'a [Token],
}

impl Cursor<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let found = self.rest.first().is_some_and(|token| token.is(word));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn expects(&mut self, word: &str) -> Option<()> {
        self.takes(word).then_some(())
    }

    fn takes_symbol(&mut self, symbol: char) -> bool {
        let found = self.rest.first() == Some(&Token::Symbol(symbol));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn is_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn is_before(&self, words: &[&str], symbol: Option<char>) -> Option<()> {
        let next = self.rest.first()?;
        let known = words.iter().any(|word| next.is(word)) || symbol.is_some_and(|c| *next == Token::Symbol(c));
        known.then_some(())
    }

    /// The table may have another name in the statement, with or without AS before it.
    fn is_name_or(&self, words: &[&str], symbol: Option<char>) -> Option<()> {
        if self.rest.first()?.name().is_some() { Some(()) } else { self.is_before(words, symbol) }
    }

    /// `IF EXISTS`, or `IF NOT EXISTS`; half of it is not understood.
    fn takes_if_exists(&mut self, not: bool) -> Option<()> {
        if self.takes("if") {
            if not {
                self.expects("not")?;
            }
            self.expects("exists")?;
        }
        Some(())
    }

    /// A list of columns in parentheses, where there is one.
    fn skips_group(&mut self) -> Option<()> {
        if self.takes_symbol('(') {
            let end = self.rest.iter().position(|token| *token == Token::Symbol(')'))?;
            self.rest = &self.rest[end + 1..];
        }
        Some(())
    }

    fn qualified(&mut self) -> Option<Name> {
        let mut name = Vec::new();
        // A word of the grammar, which no table can be called without quotes.
        if self.rest.first()?.is("only") {
            return None;
        }
        loop {
            name.push(self.rest.first()?.name()?.to_owned());
            self.rest = &self.rest[1..];
            if !self.takes_symbol('.') {
                // Hyper's grammar lets an index follow a name, which no table has.
                return (self.rest.first() != Some(&Token::Symbol('['))).then_some(name);
            }
        }
    }

    fn table(&mut self) -> Option<Name> {
        self.qualified().filter(|name| name.len() <= TABLE_PARTS_MAX)
    }

    /// `t`, `ONLY t` or `ONLY (t)`.
    fn only_table(&mut self) -> Option<Name> {
        if !self.takes("only") {
            return self.table();
        }
        if !self.takes_symbol('(') {
            return self.table();
        }
        let table = self.table()?;
        self.takes_symbol(')').then_some(table)
    }

    fn schema(&mut self) -> Option<Name> {
        let mut name = self.qualified().filter(|name| name.len() < TABLE_PARTS_MAX)?;
        name.push(ALL.to_owned());
        Some(name)
    }

    /// The table of a column that has it before its own name.
    fn column(&mut self) -> Option<Name> {
        let mut name = self.qualified().filter(|name| (2..=TABLE_PARTS_MAX + 1).contains(&name.len()))?;
        name.pop();
        Some(name)
    }

    /// A list to the statement's end; what may follow it are words that name nothing.
    fn tables(&mut self, one: impl Fn(&mut Self) -> Option<Name>) -> Option<Vec<Name>> {
        let mut names = vec![one(self)?];
        self.takes_symbol('*');
        while self.takes_symbol(',') {
            names.push(one(self)?);
            self.takes_symbol('*');
        }
        let closing = ["cascade", "restrict", "restart", "continue", "identity"];
        self.rest.iter().all(|token| closing.iter().any(|word| token.is(word))).then_some(names)
    }

    /// The word for what is made or dropped; whether it is a schema. Hyper has but tables and schemas, and says so of
    /// the others.
    fn object(&mut self) -> Option<bool> {
        if self.takes("schema") {
            return Some(true);
        }
        let named = ["table", "view", "sequence", "type", "domain", "function", "index"];
        named.iter().any(|word| self.takes(word)).then_some(false)
    }

    fn created(&mut self) -> Option<Vec<Name>> {
        if self.takes("or") {
            self.expects("replace")?;
        }
        for word in ["global", "local", "temp", "temporary", "unlogged", "external", "unique"] {
            self.takes(word);
        }
        if self.takes("index") {
            while !self.takes("on") {
                self.rest.first()?.name()?;
                self.rest = &self.rest[1..];
            }
            return Some(vec![self.table()?]);
        }
        let is_schema = self.object()?;
        self.takes_if_exists(true)?;
        if is_schema {
            let schema = self.schema()?;
            return self.is_end().then(|| vec![schema]);
        }
        Some(vec![self.table()?])
    }

    fn altered(&mut self) -> Option<Vec<Name>> {
        if self.takes("schema") {
            let schema = self.schema()?;
            self.is_before(&["rename"], None)?;
            return Some(vec![schema]);
        }
        self.expects("table")?;
        self.takes_if_exists(false)?;
        let table = self.only_table()?;
        self.takes_symbol('*');
        self.is_before(&["add", "drop", "rename", "alter", "set"], None)?;
        Some(vec![table])
    }

    /// The table that a SELECT ... INTO would make, which Hyper refuses.
    fn selected_into(&mut self) -> Option<Vec<Name>> {
        self.is_before(&["select"], None)?;
        let mut all = self.rest.iter().enumerate().filter(|(_, token)| token.is("into"));
        let (Some((into, _)), None) = (all.next(), all.next()) else { return None };
        self.rest = &self.rest[into + 1..];
        for word in ["temp", "temporary", "unlogged", "table"] {
            self.takes(word);
        }
        Some(vec![self.table()?])
    }
}
