//! The files that a statement has hyperd read: the paths in `external('...')`, `COPY ... FROM '...'` and
//! `CREATE EXTERNAL TABLE ... FOR '...'`.
//!
//! hyperd opens whatever is there. A FIFO hangs its session for good, cancelled or not, and a device fills the memory;
//! so what is no file or folder is refused before hyperd sees it. Hyper takes nothing but string constants there, so
//! that each path stands in the text; one that is written in another way than a plain string is refused.

use super::lexer::Token;
use crate::error::Error;
use crate::limits::EXCERPT_CHARS_MAX;

/// Why a path is refused whose characters are not the path's.
const NOT_PLAIN: &str = "The path of a file to read is written as one plain string in single quotes.";

/// Refuses a statement that reads what is neither a file nor a folder of this machine.
pub(super) fn check(body: &[Token]) -> Result<(), Error> {
    let is_create = body.first().is_some_and(|token| token.is("create"));
    let is_copy = body.first().is_some_and(|token| token.is("copy"));
    for (at, token) in body.iter().enumerate() {
        let rest = &body[at + 1..];
        if token.name() == Some("external") && rest.first() == Some(&Token::Symbol('(')) {
            source(&rest[1..])?;
        } else if is_copy && token.is("from") || is_create && token.is("for") {
            source(rest)?;
        }
    }
    Ok(())
}

/// Looks at what hyperd is to read: a string, a list of strings, or a location.
fn source(tokens: &[Token]) -> Result<(), Error> {
    match tokens {
        [Token::Text(path), rest @ ..] => {
            if matches!(rest.first(), Some(Token::Text(_))) {
                return Err(not_plain());
            }
            file(path.as_deref())
        }
        [array, Token::Symbol('['), items @ ..] if array.is("array") => {
            for item in items.split(|token| *token == Token::Symbol(',')) {
                source(item)?;
                if item.contains(&Token::Symbol(']')) {
                    break;
                }
            }
            Ok(())
        }
        [function, Token::Symbol('('), ..] if function.name().is_some_and(|name| name.ends_with("_location")) => {
            Err(remote(function.name().unwrap_or_default()))
        }
        // Strings with a letter before them: U&'...', N'...'.
        [Token::Word(_), Token::Text(_), ..] | [Token::Word(_), Token::Symbol('&'), Token::Text(_), ..] => {
            Err(not_plain())
        }
        _ => Ok(()),
    }
}

fn file(path: Option<&str>) -> Result<(), Error> {
    let path = path.ok_or_else(not_plain)?;
    let path = path.strip_prefix("file://").unwrap_or(path);
    if path.contains("://") {
        return Err(remote(path));
    }
    if !std::path::Path::new(path).is_absolute() {
        return Err(Error::invalid(format!("{} is no absolute path.", excerpt(path)))
            .suggest("Write the whole path: hyperd's working folder is not the client's."));
    }
    // What cannot be found or looked at, hyperd tells.
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            Err(Error::invalid(format!("{} is not a regular file.", excerpt(path)))
                .suggest("Name a file: a pipe or a device has no end that hyperd could wait for."))
        }
        _ => Ok(()),
    }
}

fn not_plain() -> Error {
    Error::invalid(NOT_PLAIN)
        .suggest("Write it as '/folder/file.parquet', without a letter before it or another string behind it.")
}

fn remote(location: &str) -> Error {
    Error::invalid(format!("{} is no file of this machine, and the server reads nothing else.", excerpt(location)))
        .suggest("Fetch the file first, and name its path.")
}

fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(EXCERPT_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::check;
    use crate::sql::lexer::tokens;

    #[rstest]
    #[case::file("SELECT * FROM external('/etc/hosts', format => 'csv')", true)]
    #[case::folder("SELECT * FROM external('/etc', format => 'iceberg')", true)]
    #[case::missing("SELECT * FROM external('/there/is/none')", true)]
    #[case::list("SELECT * FROM external(ARRAY['/etc/hosts', '/etc'], format => 'csv')", true)]
    #[case::other_strings("SELECT 's3://x' FROM t WHERE a = '/dev/zero'", true)]
    #[case::copy("COPY t FROM '/etc/hosts' WITH (FORMAT csv)", true)]
    #[case::device("SELECT * FROM external('/dev/zero', format => 'csv')", false)]
    #[case::quoted_function("SELECT * FROM pg_catalog.\"external\" /**/ ('/dev/zero')", false)]
    #[case::in_a_list("SELECT * FROM external(ARRAY['/etc/hosts', '/dev/zero'], format => 'csv')", false)]
    #[case::dollar("SELECT * FROM external($$/dev/zero$$)", false)]
    #[case::escapes("SELECT * FROM external(E'/dev/zero')", false)]
    #[case::unicode("SELECT * FROM external(U&'/dev/z\\0065ro')", false)]
    #[case::national("SELECT * FROM external(N'/dev/zero')", false)]
    #[case::goes_on("SELECT * FROM external('/dev/'\n'zero')", false)]
    #[case::goes_on_in_a_list("SELECT * FROM external(ARRAY['/dev/'\n'zero'])", false)]
    #[case::uri("SELECT * FROM external('file:///dev/zero')", false)]
    #[case::relative("SELECT * FROM external('../../dev/zero')", false)]
    #[case::network("SELECT * FROM external('s3://bucket/x.csv')", false)]
    #[case::location("SELECT * FROM external(s3_location('s3://bucket/x.csv'))", false)]
    #[case::locations("SELECT * FROM external(ARRAY[s3_location('s3://bucket/x.csv')])", false)]
    #[case::copied("COPY lake.public.t (a) FROM '/dev/zero'", false)]
    #[case::copied_list("COPY t FROM ARRAY['/dev/zero'] WITH (FORMAT csv)", false)]
    #[case::external_table("CREATE TEMP EXTERNAL TABLE t FOR '/dev/zero'", false)]
    #[cfg(target_os = "linux")]
    fn only_files_and_folders_are_read(#[case] sql: &str, #[case] passes: bool) {
        assert_eq!(check(&tokens(sql).expect("tokens")).is_ok(), passes);
    }
}
