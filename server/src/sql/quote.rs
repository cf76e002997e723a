//! Quoting: the only way in which a user's text becomes part of a statement.

/// An identifier in double quotes; also the spelling of a path in `CREATE`, `ATTACH` and `DROP DATABASE`.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An identifier as people write it: in quotes where Hyper would read another name without them.
pub fn written(name: &str) -> String {
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let plain = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit());
    if plain { name.to_owned() } else { identifier(name) }
}

/// A string literal. Hyper reads a backslash as itself in it.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table by its full name, which no search path can redirect.
pub fn table(database: &str, table: &str) -> String {
    format!("{}.\"public\".{}", identifier(database), identifier(table))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{identifier, literal, table};

    #[rstest]
    #[case::plain("people", "\"people\"")]
    #[case::quote("a\"b", "\"a\"\"b\"")]
    #[case::closing("\"; DROP TABLE t; --", "\"\"\"; DROP TABLE t; --\"")]
    fn identifiers_cannot_be_left(#[case] name: &str, #[case] quoted: &str) {
        assert_eq!(identifier(name), quoted);
    }

    #[rstest]
    #[case::plain("x", "'x'")]
    #[case::quote("it's", "'it''s'")]
    #[case::backslash("a\\'", "'a\\'''")]
    fn literals_cannot_be_left(#[case] text: &str, #[case] quoted: &str) {
        assert_eq!(literal(text), quoted);
    }

    #[test]
    fn tables_carry_their_database() {
        assert_eq!(table("lake", "People"), "\"lake\".\"public\".\"People\"");
    }
}
