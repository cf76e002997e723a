//! `json_extract_path`: the way from a JSON document's root to the rows inside of it.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::value::RawValue;

use super::input::{Input, malformed};
use crate::error::Error;
use crate::limits::JSON_DOCUMENT_BYTES_MAX;
use crate::words::{excerpt, listed, nearest};

/// The part of `input` that `path` leads to, as an input of its own.
///
/// A path is keys and array positions with dots between them (`result.items.0`), or a JSON Pointer (`/result/items/0`).
/// A text on the way that is itself JSON is read as such: tools often wrap their answers so.
pub(super) fn extract(input: &Input, path: &str) -> Result<Input, Error> {
    let segments = segments(path)?;
    let mut document = String::new();
    let limit = JSON_DOCUMENT_BYTES_MAX;
    input.reader()?.take(limit + 1).read_to_string(&mut document).map_err(|error| input.failed(&error))?;
    if document.len() as u64 > limit {
        return Err(Error::invalid(format!(
            "{} is larger than the {limit} bytes that json_extract_path can search.",
            input.name()
        ))
        .suggest("Extract the array beforehand and load the result."));
    }
    let document = document.trim_start_matches('\u{feff}');
    serde_json::from_str::<&RawValue>(document).map_err(|error| {
        malformed(&input.name(), &format!("it is not valid JSON: {error}")).suggest("Mend the document.")
    })?;
    let mut current = document.to_owned();
    for (index, segment) in segments.iter().enumerate() {
        current = unwrapped(current);
        let walked = if index == 0 { "the document".to_owned() } else { excerpt(&segments[..index].join(".")) };
        current = step(&current, segment, &walked)?;
    }
    Ok(Input::Inline(unwrapped(current)))
}

fn segments(path: &str) -> Result<Vec<String>, Error> {
    let segments: Vec<String> = match path.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect(),
        None => path.split('.').map(str::to_owned).collect(),
    };
    if path.is_empty() || segments.iter().any(String::is_empty) {
        return Err(Error::invalid(format!("`json_extract_path` has an empty part: {}.", excerpt(path)))
            .suggest("Write keys and positions with dots between them, for example `result.items.0`."));
    }
    Ok(segments)
}

/// A text that is JSON itself gives way to what it says.
fn unwrapped(raw: String) -> String {
    let inner = serde_json::from_str::<String>(&raw).ok();
    match inner {
        Some(inner) if serde_json::from_str::<&RawValue>(&inner).is_ok() => inner,
        _ => raw,
    }
}

fn step(raw: &str, segment: &str, walked: &str) -> Result<String, Error> {
    if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw) {
        let names = || object.keys().map(String::as_str);
        return object.get(segment).map(|value| value.get().to_owned()).ok_or_else(|| {
            let error = Error::invalid(format!(
                "`json_extract_path`: {walked} has no key {}; its keys are {}.",
                listed([segment]),
                listed(names())
            ));
            match nearest(segment, names()) {
                Some(name) => error.suggest(format!("Did you mean `{name}`?")),
                None => error.suggest("Use one of the keys that there are."),
            }
        });
    }
    if let Ok(array) = serde_json::from_str::<Vec<&RawValue>>(raw) {
        let found = segment.parse::<usize>().ok().and_then(|index| array.get(index));
        return found.map(|value| value.get().to_owned()).ok_or_else(|| {
            Error::invalid(format!(
                "`json_extract_path`: {walked} is an array of {} values and has no {}.",
                array.len(),
                listed([segment])
            ))
            .suggest("Positions start at 0; leave the part out to load the whole array.")
        });
    }
    Err(Error::invalid(format!(
        "`json_extract_path`: {walked} is neither an object nor an array; it has no {}.",
        listed([segment])
    ))
    .suggest("End the path at an array of objects."))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::extract;
    use crate::ingest::input::Input;

    const DOCUMENT: &str = r#"{"a":{"b":[[1],[12345678901234567890]]},"s":"{\"x\":[2]}","k/e":[3]}"#;

    fn extracted(path: &str) -> Result<String, crate::error::Error> {
        extract(&Input::Inline(DOCUMENT.to_owned()), path).map(|input| match input {
            Input::Inline(text) => text,
            _ => unreachable!("an extract is text"),
        })
    }

    #[rstest]
    #[case("a.b.0", "[1]")]
    #[case("/a/b/1", "[12345678901234567890]")]
    #[case("s.x", "[2]")]
    #[case("/k~1e", "[3]")]
    fn leads_to(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(extracted(path).expect("a path that exists"), expected);
    }

    #[rstest]
    #[case("")]
    #[case("a..b")]
    #[case("c")]
    #[case("a.b.2")]
    #[case("a.b.x")]
    #[case("a.b.0.0.z")]
    fn leads_nowhere(#[case] path: &str) {
        assert!(extracted(path).is_err());
    }
}
