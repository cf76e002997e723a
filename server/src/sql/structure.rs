//! Which table a definition statement makes or renames, for those who keep books about tables.

use super::classify::classify;
use super::lexer::{self, Token};

/// What one statement of `CREATE`, `DROP`, `ALTER` and their like does to the set of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Structure {
    /// It makes a table, which is named by its parts.
    Creates {
        /// The name, as one to three parts.
        name: Vec<String>,
        /// Whether it leaves a table alone that is there already.
        if_missing: bool,
    },
    /// It gives a table another name.
    Renames {
        /// The old name, as one to three parts.
        name: Vec<String>,
        /// The new name, which stays in the same schema.
        to: String,
    },
    /// Anything else.
    Other,
}

/// What a statement that was classified as DDL does to the set of tables.
pub fn structure(sql: &str) -> Structure {
    let Some(name) = classify(sql).targets.into_iter().next() else { return Structure::Other };
    let Ok(tokens) = lexer::tokens(sql) else { return Structure::Other };
    if let Some(if_missing) = creates(&tokens) {
        return Structure::Creates { name, if_missing };
    }
    let end = tokens.iter().rposition(|token| *token != Token::Symbol(';')).map_or(0, |last| last + 1);
    match &tokens[..end] {
        [alter, table, .., rename, preposition, to]
            if alter.is("alter") && table.is("table") && rename.is("rename") && preposition.is("to") =>
        {
            to.name().map_or(Structure::Other, |to| Structure::Renames { name, to: to.to_owned() })
        }
        _ => Structure::Other,
    }
}

/// Whether the statement makes a table that stays, and if so, whether only where there is none.
fn creates(tokens: &[Token]) -> Option<bool> {
    let (create, rest) = tokens.split_first()?;
    let kinds = rest.iter().take_while(|token| ["unlogged", "external"].iter().any(|word| token.is(word))).count();
    let rest = &rest[kinds..];
    let table = create.is("create") && rest.first().is_some_and(|token| token.is("table"));
    table.then(|| rest.get(1).is_some_and(|token| token.is("if")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Structure, structure};

    #[rstest]
    #[case::plain("CREATE TABLE T (a int)", "t", false)]
    #[case::quoted("create /* x */ table \"T\" as select 1", "T", false)]
    #[case::if_missing("CREATE TABLE IF NOT EXISTS lake.public.t(a int);", "lake.public.t", true)]
    fn tables_that_are_made_are_known(#[case] sql: &str, #[case] expected: &str, #[case] missing: bool) {
        let Structure::Creates { name, if_missing } = structure(sql) else { panic!("{sql} makes a table") };
        assert_eq!((name.join("."), if_missing), (expected.to_owned(), missing));
    }

    #[rstest]
    #[case::plain("ALTER TABLE t RENAME TO U", "t", "u")]
    #[case::full("alter table if exists \"lake\".public.\"T\" rename to \"U\";", "lake.public.T", "U")]
    fn tables_that_are_renamed_are_known(#[case] sql: &str, #[case] from: &str, #[case] new: &str) {
        let Structure::Renames { name, to } = structure(sql) else { panic!("{sql} renames a table") };
        assert_eq!((name.join("."), to), (from.to_owned(), new.to_owned()));
    }

    #[rstest]
    #[case::temporary("CREATE TEMP TABLE t (a int)")]
    #[case::schema("CREATE SCHEMA s")]
    #[case::drop("DROP TABLE t")]
    #[case::column("ALTER TABLE t RENAME COLUMN a TO b")]
    #[case::bare_column("ALTER TABLE t RENAME a TO b")]
    #[case::schema_renamed("ALTER SCHEMA s RENAME TO u")]
    fn nothing_else_is(#[case] sql: &str) {
        assert_eq!(structure(sql), Structure::Other);
    }
}
