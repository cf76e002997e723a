//! The ids of requests in a text that cannot be read as JSON, so that their refusal reaches who waits for it.

use rmcp::model::RequestId;
use serde_json::Value;

/// The ids of all requests that a text seems to hold: the members `id` of its outermost objects. Whatever is wrong with
/// the text elsewhere, strings and braces are enough to find them.
pub(crate) fn of(text: &[u8]) -> Vec<RequestId> {
    let mut ids = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_string(text, at);
                if depth == 1 && &text[at..end] == b"\"id\"" {
                    ids.extend(id_after(&text[end..]));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    ids
}

/// Whether a JSON object is a notification: it has a method and no id.
pub(crate) fn is_notification(text: &[u8]) -> bool {
    let Ok(Value::Object(message)) = serde_json::from_slice(text) else { return false };
    message.get("method").is_some_and(Value::is_string) && !message.contains_key("id")
}

/// Where the string ends that begins at `start`; the text's end where it does not.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

fn id_after(text: &[u8]) -> Option<RequestId> {
    let value = text.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    if value.first() == Some(&b'"') {
        let id: String = serde_json::from_slice(&value[..end_of_string(value, 0)]).ok()?;
        return Some(RequestId::String(id.into()));
    }
    let end = value.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-')).unwrap_or(value.len());
    let is_whole = !matches!(value.get(end), Some(b'.' | b'e' | b'E'));
    let id = std::str::from_utf8(&value[..end]).ok()?.parse().ok()?;
    is_whole.then_some(RequestId::Number(id))
}

#[cfg(test)]
mod tests {
    use rmcp::model::RequestId;
    use rstest::rstest;

    use super::of;

    #[rstest]
    #[case::number(br#"{"id": 7, "x": "\ud83d"}"#, &[RequestId::Number(7)])]
    #[case::text(br#"{"x": "\ud83d", "id":"a\"b"}"#, &[RequestId::String("a\"b".into())])]
    #[case::broken_utf8(b"{\"x\": \"\xff}\", \"id\": 1}", &[RequestId::Number(1)])]
    #[case::inner(br#"{"params": {"id": 2}, "id": 1"#, &[RequestId::Number(1)])]
    #[case::in_a_string(br#"{"x": "{\"id\": 2}", "id": 1"#, &[RequestId::Number(1)])]
    #[case::two(br#"{"id":1}{"id":2}"#, &[RequestId::Number(1), RequestId::Number(2)])]
    #[case::fraction(br#"{"id": 1.5}"#, &[])]
    #[case::none(b"garbage", &[])]
    #[case::open(br#"{"id": 3, "x": "#, &[RequestId::Number(3)])]
    fn ids_are_found_in_broken_text(#[case] text: &[u8], #[case] expected: &[RequestId]) {
        assert_eq!(of(text), expected);
    }
}
