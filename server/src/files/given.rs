//! A path as a caller writes it: absolute, from the home folder, or as a `file:` URL.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::words::excerpt;

/// Reads a path argument. `argument` is its name in the call.
pub fn given(argument: &str, text: &str) -> Result<PathBuf, Error> {
    let home = std::env::home_dir();
    let path = read(argument, text, home.as_deref())?;
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::invalid(format!("`{argument}` contains a NUL character, which no path can."))
            .suggest("Give the path of a file as plain text."));
    }
    if path.is_absolute() {
        return Ok(path);
    }
    let resolved = std::env::current_dir().map_or_else(|_| path.clone(), |folder| folder.join(&path));
    Err(Error::invalid(format!("`{argument}` must be an absolute path, got {}.", excerpt(text)))
        .suggest(format!("The server's working folder is not yours. Did you mean {}?", resolved.display())))
}

fn read(argument: &str, text: &str, home: Option<&Path>) -> Result<PathBuf, Error> {
    let got = || format!("`{argument}` is {}", excerpt(text));
    if let Some(rest) = text.strip_prefix('~') {
        return match (rest.strip_prefix('/').or_else(|| rest.is_empty().then_some("")), home) {
            (Some(rest), Some(home)) => Ok(home.join(rest)),
            (None, _) => {
                Err(Error::invalid(format!("{}, the home folder of another user, which is not looked up.", got()))
                    .suggest(
                        "Give the absolute path; `~/` stands for the home folder of the user that runs the server.",
                    ))
            }
            (_, None) => {
                Err(Error::invalid(format!("{}, and the user that runs the server has no home folder.", got()))
                    .suggest("Give the absolute path."))
            }
        };
    }
    let Some((scheme, rest)) = scheme(text) else { return Ok(PathBuf::from(text)) };
    if !scheme.eq_ignore_ascii_case("file") {
        return Err(Error::invalid(format!("{}, a URL, and this tool works on files of the server's machine.", got()))
            .suggest(
                "Download it to a file there first, for example with curl -o, and give that file's absolute path.",
            ));
    }
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => match rest.split_once('/') {
            Some((host, _)) if host.is_empty() || host.eq_ignore_ascii_case("localhost") => &rest[host.len()..],
            _ => {
                return Err(Error::invalid(format!("{}, a file of another machine.", got()))
                    .suggest("Write file:///folder/file for one of the server's machine, or its absolute path."));
            }
        },
    };
    decoded(path).map(PathBuf::from).ok_or_else(|| {
        Error::invalid(format!("{}, in which a `%` is not followed by two digits of a UTF-8 byte.", got()))
            .suggest("Write `%25` for a percent sign, or give the absolute path as it is.")
    })
}

/// The scheme of a URL, and what follows its colon. One letter is a drive.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (is_scheme && rest.starts_with('/')).then_some((scheme, rest))
}

fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let [high, low, after @ ..] = after else { return None };
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(high)? * 16 + digit(low)?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::read;

    #[rstest]
    #[case("/a/b.csv", "/a/b.csv")]
    #[case("/a/~/b.csv", "/a/~/b.csv")]
    #[case("~/b.csv", "/home/ada/b.csv")]
    #[case("~", "/home/ada/")]
    #[case("file:///a/b%20c.csv", "/a/b c.csv")]
    #[case("FILE://localhost/a/b.csv", "/a/b.csv")]
    #[case("file:/a/%C3%A9.csv", "/a/é.csv")]
    #[case("/a/100%25.csv", "/a/100%25.csv")]
    #[case("/a:/b", "/a:/b")]
    #[case("a:/b", "a:/b")]
    fn reads(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(read("path", text, Some(Path::new("/home/ada"))).expect("a path"), Path::new(expected));
    }

    #[rstest]
    #[case("~bob/b.csv", "another user")]
    #[case("https://example.org/b.csv", "a URL")]
    #[case("s3://bucket/b.csv", "a URL")]
    #[case("file://server/a/b.csv", "another machine")]
    #[case("file:///a%2", "%")]
    #[case("file:///a%zz", "%")]
    #[case("file:///a%ff", "%")]
    fn refuses(#[case] text: &str, #[case] reason: &str) {
        let error = read("path", text, Some(Path::new("/home/ada"))).expect_err("no path");
        assert!(error.message.contains(reason), "{error}");
        assert!(error.suggestion.is_some());
    }
}
