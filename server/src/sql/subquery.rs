//! A user's query in parentheses inside of a statement of the server's own.

use super::guard;
use super::lexer::{self, Token};
use crate::error::Error;

/// Refuses all but one query that keeps to its parentheses; answers it without semicolons and comments at its end.
/// `tool` is who asks.
pub fn subquery<'a>(tool: &str, sql: &'a str) -> Result<&'a str, Error> {
    let statement = guard::read(sql)
        .map_err(|error| Error { message: error.message.replace("`query`", &format!("`{tool}`")), ..error })?;
    let verb = statement.verb;
    if !["SELECT", "WITH", "VALUES", "TABLE"].contains(&verb.as_str()) {
        return Err(Error::invalid(format!("`{tool}` takes a query with rows of its own, and {verb} is none."))
            .suggest("Use SELECT, WITH, VALUES or TABLE."));
    }
    if !is_closed(sql) {
        return Err(Error::invalid("The statement's parentheses do not match.")
            .suggest("Write one whole SELECT, WITH, VALUES or TABLE statement."));
    }
    Ok(lexer::body(sql))
}

/// Whether each parenthesis is closed and none is closed that was not opened.
fn is_closed(sql: &str) -> bool {
    let mut depth = 0_usize;
    for token in lexer::tokens(sql).unwrap_or_default() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') if depth == 0 => return false,
            Token::Symbol(')') => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::subquery;

    #[rstest]
    #[case::plain("SELECT 1", "SELECT 1")]
    #[case::semicolons("SELECT ';' ; ; ", "SELECT ';'")]
    #[case::comment_at_the_end("SELECT 1 -- one; two", "SELECT 1")]
    #[case::comment_within("SELECT /* ; */ 1 /* ) */", "SELECT /* ; */ 1")]
    #[case::parentheses("(SELECT ')') ;--", "(SELECT ')')")]
    #[case::with("WITH a AS (SELECT 1) TABLE a;", "WITH a AS (SELECT 1) TABLE a")]
    fn queries_pass_without_what_follows(#[case] sql: &str, #[case] body: &str) {
        assert_eq!(subquery("export", sql).expect("a query"), body);
    }

    #[rstest]
    #[case::write("DELETE FROM t", "`export` only reads")]
    #[case::explain("EXPLAIN SELECT 1", "EXPLAIN is none")]
    #[case::show("SHOW query_timeout", "SHOW is none")]
    #[case::closing("SELECT 1) TO '/x' WITH (FORMAT => 'csv'", "parentheses")]
    #[case::open("SELECT (1", "parentheses")]
    #[case::several("SELECT 1; SELECT 2", "several statements")]
    fn what_would_leave_the_parentheses_is_refused(#[case] sql: &str, #[case] message: &str) {
        let error = subquery("export", sql).expect_err("no query");
        assert!(error.message.contains(message), "{error}");
    }
}
