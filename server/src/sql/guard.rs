//! What `query` and `execute` take, and what to use for the rest.
//!
//! `external('/path')` counts as a read: hyperd reads what its user may read, as `load_file` does.

use super::classify::{Kind, Statement, classify};
use crate::error::Error;
use crate::limits::EXCERPT_CHARS_MAX;

/// Refuses all but one statement that only reads, and answers what it is.
pub fn read(sql: &str) -> Result<Statement, Error> {
    let statement = classify(sql);
    let verb = &statement.verb;
    Err(match statement.kind {
        Kind::Read => match statement.unreadable {
            None => return Ok(statement),
            Some(error) => error,
        },
        Kind::Dml | Kind::Ddl | Kind::Temporary => {
            Error::invalid(format!("`query` only reads, and this {verb} statement writes; nothing was changed."))
                .suggest("Call execute for statements that change data or tables.")
        }
        Kind::Unclear => {
            Error::invalid(format!("`query` only reads, and this {verb} statement may write; nothing was changed."))
                .suggest("Call execute for statements that change data or tables.")
        }
        Kind::Unknown => {
            Error::invalid(format!("`query` does not know {} as a statement that only reads.", start(sql)))
                .suggest("Use SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN.")
        }
        _ => refused("query", &statement),
    })
}

/// What a batch is, for those who run it.
#[derive(Debug)]
pub struct Batch {
    /// The names of all that it changes.
    pub targets: Vec<Vec<String>>,
    /// The kind of its statement, where it has but one.
    pub only: Option<Kind>,
}

/// Refuses a batch that is not to be run as a whole.
pub fn batch(statements: &[String]) -> Result<Batch, Error> {
    let mut targets = Vec::new();
    let mut ddl = 0;
    let mut only = None;
    for (index, sql) in statements.iter().enumerate() {
        let statement = classify(sql);
        only = (statements.len() == 1).then_some(statement.kind);
        let refused = match statement.kind {
            Kind::Ddl | Kind::Dml => {
                ddl += usize::from(statement.kind == Kind::Ddl);
                statement.unreadable
            }
            Kind::Read => Some(
                Error::invalid(format!("`execute` changes data, and this {} statement only reads.", statement.verb))
                    .suggest("Call query for its rows."),
            ),
            Kind::Unknown => Some(
                Error::invalid(format!("`execute` does not know {} as a statement that changes data.", start(sql)))
                    .suggest("Use INSERT, UPDATE, DELETE, TRUNCATE, COPY ... FROM, CREATE, DROP or ALTER."),
            ),
            _ => Some(refused("execute", &statement)),
        };
        if let Some(mut error) = refused {
            if statements.len() > 1 {
                error.message =
                    format!("Statement {} of {}: {} Nothing was run.", index + 1, statements.len(), error.message);
            }
            return Err(error);
        }
        targets.extend(statement.targets);
    }
    if ddl > 0 && statements.len() > 1 {
        let what = if ddl == statements.len() {
            "several statements that change tables"
        } else {
            "CREATE, DROP or ALTER together with other statements"
        };
        return Err(Error::invalid(format!(
            "A batch is applied as a whole, and Hyper cannot do that for {what}; nothing was run."
        ))
        .suggest("Call execute once for each CREATE, DROP or ALTER, and once for all INSERT, UPDATE and DELETE."));
    }
    Ok(Batch { targets, only })
}

/// The refusals that both tools share.
fn refused(tool: &str, statement: &Statement) -> Error {
    let verb = &statement.verb;
    match statement.kind {
        Kind::Empty => Error::invalid("The statement is empty: there is nothing in it but white space and comments.")
            .suggest("Write the statement out."),
        Kind::Several => {
            Error::invalid("The text holds several statements; Hyper runs one at a time.").suggest(if tool == "query" {
                "Call query once for each."
            } else {
                "Pass the statements as a list: sql: [\"...\", \"...\"]."
            })
        }
        Kind::Unterminated => Error::invalid(format!("The statement has a {verb} that does not end."))
            .suggest("Close it; a quote inside a string or an identifier is written twice."),
        Kind::EscapedName => {
            Error::invalid("U&\"...\" hides what a name is, so that nobody can tell what the statement does.")
                .suggest("Write the characters themselves, in plain double quotes.")
        }
        Kind::OddCharacter(odd) => Error::invalid(format!(
            "The character U+{:04X} stands outside of quotes, at line {}, column {}. Hyper reads some such characters as \
             spaces and others as letters, so that the statement may not do what it looks like.",
            u32::from(odd.character),
            odd.line,
            odd.column
        ))
        .suggest("Write a plain space in its place; where it belongs to a name, put the name in double quotes."),
        Kind::Unclear => Error::invalid(format!(
            "`{tool}` cannot tell what this {verb} statement changes, and runs only what it can tell."
        ))
        .suggest(
            "Write each table as database.public.table, table or ONLY (table), right after INSERT INTO, UPDATE, \
             DELETE FROM, TRUNCATE, COPY, or CREATE, ALTER and DROP TABLE; schemas after CREATE, ALTER and DROP SCHEMA.",
        ),
        Kind::HoldsNul => Error::invalid("The statement has a NUL character in it, which no statement can.")
            .suggest("Take it out; CHR(0) in a statement is no way around it, for Hyper's texts hold none."),
        Kind::Temporary => {
            Error::invalid(format!("{verb} is for a temporary table, which one connection has; calls share several."))
                .suggest("Make a table without TEMPORARY; those in `local` end with the session.")
        }
        Kind::ExplainedWrite => Error::invalid(format!("{verb} ANALYZE does what it explains, and that is a write."))
            .suggest("Leave ANALYZE out and call query for the plan, or call execute with the statement itself."),
        Kind::Transaction => {
            Error::invalid(format!("{verb} is not needed: `{tool}` runs in a transaction of its own."))
                .suggest("Pass all statements that belong together as one list to execute: they apply as a whole.")
        }
        Kind::CopyTo => Error::invalid("COPY ... TO writes a file, which neither query nor execute does.")
            .suggest("Query the rows instead, and let the client write them."),
        Kind::CopyFromStdin => Error::invalid("COPY ... FROM STDIN reads from a connection that no client has.")
            .suggest("Use load_data for data at hand, or load_file for a file."),
        Kind::Database => Error::invalid(format!("{verb} changes which databases there are, and not by SQL here."))
            .suggest("Use attach_database (on_missing: \"create\" makes a new file) and detach_database."),
        _ => Error::invalid(format!("{verb} with a setting would change a connection that all calls share."))
            .suggest("Leave it out. Say which database is meant by the argument `database`."),
    }
}

fn start(sql: &str) -> String {
    let word = sql.split_whitespace().next().unwrap_or_default();
    format!("{:?}", word.chars().take(EXCERPT_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{batch, read};
    use crate::error::Code;

    #[rstest]
    #[case::write("INSERT INTO t VALUES (1)", "Call execute")]
    #[case::several("SELECT 1; SELECT 2", "once for each")]
    #[case::set("SET x = 1", "argument `database`")]
    #[case::attach("ATTACH DATABASE \"/x\" AS x", "attach_database")]
    #[case::explained_write("EXPLAIN ANALYZE DELETE FROM t", "call execute with")]
    #[case::nul("SELECT 'a\0'", "Take it out")]
    #[case::escaped_name("SELECT U&\"\\0061\"", "plain double quotes")]
    fn query_says_what_to_use_instead(#[case] sql: &str, #[case] suggestion: &str) {
        let error = read(sql).expect_err("no read");
        assert_eq!(error.code, Code::InvalidArgument);
        assert!(error.suggestion.unwrap_or_default().contains(suggestion));
    }

    #[rstest]
    #[case::read(&["SELECT 1"], "only reads")]
    #[case::empty_among_others(&["DELETE FROM t", ""], "Statement 2 of 2")]
    #[case::ddl_batch(&["CREATE TABLE a(i int)", "CREATE TABLE b(i int)"], "several statements that change tables")]
    #[case::mix(&["CREATE TABLE a(i int)", "DELETE FROM b"], "together with other statements")]
    #[case::temporary(&["CREATE TEMP TABLE a(i int)"], "temporary table, which one connection has")]
    #[case::explained_write(&["EXPLAIN (ANALYZE) DELETE FROM t"], "does what it explains")]
    #[case::transaction(&["BEGIN", "DELETE FROM b", "COMMIT"], "BEGIN is not needed")]
    fn execute_refuses_what_is_no_batch(#[case] statements: &[&str], #[case] message: &str) {
        let statements: Vec<_> = statements.iter().map(|sql| (*sql).to_owned()).collect();
        let error = batch(&statements).expect_err("no batch");
        assert!(error.message.contains(message), "{error}");
    }

    #[test]
    fn dml_batches_pass() {
        let statements = ["INSERT INTO a VALUES (1)".to_owned(), "DELETE FROM lake.public.b".to_owned()];
        assert_eq!(batch(&statements).expect("a batch").targets.len(), 2);
    }
}
