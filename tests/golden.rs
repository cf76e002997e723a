//! What a test must say, in a file beside it.

use std::path::Path;

use hyper_conform::report::diff;

/// Holds a text against its file; where there is no file, the text must be empty. With `HYPER_CONFORM_BLESS` set, the file is
/// written. `test` is the test program, for the line that does this.
///
/// # Errors
///
/// The difference, or why the file cannot be written.
pub fn hold(file: &Path, actual: &str, test: &str) -> Result<(), String> {
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    if std::env::var_os("HYPER_CONFORM_BLESS").is_some() {
        let written = if actual.is_empty() { std::fs::remove_file(file) } else { std::fs::write(file, actual) };
        return written.map_err(|error| format!("failed to write {}: {error}", file.display()));
    }
    Err(format!(
        "{} says something else\n{}\nif that is better: HYPER_CONFORM_BLESS=1 cargo test --test {test}",
        file.display(),
        diff::lines(&expected, actual)
    ))
}
