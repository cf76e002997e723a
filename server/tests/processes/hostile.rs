//! What no client means to send, in every argument of every tool: each call is answered, none as a fault of the
//! server, and the next one is answered at once.

use serde_json::{Map, Value, json};

use crate::protocol::Raw;

/// Values to put in the place of an argument, as JSON text: some of them are none.
fn values(full: bool) -> Vec<String> {
    let long = if full { 900_000 } else { 50_000 };
    let repeated = |text: &str| json!(text.repeat(long / text.len())).to_string();
    let nested = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let mut values: Vec<String> = [
        "EXPLAIN ",
        "(update ",
        "(",
        "SELECT (",
        "a,",
        "\"",
        "'",
        "$a",
        "/*",
        "--\n",
        "E'",
        "\u{a0}",
        "\u{202e}",
        "DROP TABLE a,",
        "[",
        "{\"a\":",
        "x",
        "../",
        "WITH a AS (",
    ]
    .map(&repeated)
    .to_vec();
    values.push(repeated("SELECT 1 UNION ALL "));
    values.push(json!(format!("SELECT {} 1", "1 AS a,".repeat(8_000))).to_string());
    values.push(json!(format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000))).to_string());
    values.push(nested("[", "]", 100));
    values.push(nested("{\"a\":", "1}", 1).replace("1}}", "1}"));
    values.extend(
        [
            r#""a\u0000b""#,
            r#""\u0000""#,
            r#""\ud83d""#,
            "1e400",
            "-1",
            "1.5",
            "null",
            "true",
            "{}",
            "[]",
            r#"["",""]"#,
            r#""""#,
            r#""/dev/zero""#,
            r#""/proc/self/mem""#,
        ]
        .map(str::to_owned),
    );
    values
}

async fn throw(full: bool) {
    let mut raw = Raw::introduced().await;
    raw.say(br#"{"jsonrpc":"2.0","id":"tools","method":"tools/list"}"#).await;
    let list = raw.hear_answer().await;
    let tools = list["result"]["tools"].as_array().expect("there are tools").clone();
    let mut thrown = 0_u64;
    for tool in &tools {
        let none = Map::new();
        let properties = tool["inputSchema"]["properties"].as_object().unwrap_or(&none);
        for (index, argument) in properties.keys().enumerate() {
            for (number, value) in values(full).iter().enumerate() {
                // A sample takes another part of the values for each argument.
                if !full && (index + number) % 6 != 0 {
                    continue;
                }
                let others: Map<String, Value> = properties
                    .iter()
                    .filter(|(name, _)| {
                        *name != argument
                            && tool["inputSchema"]["required"].as_array().is_some_and(|all| all.contains(&json!(name)))
                    })
                    .map(|(name, schema)| (name.clone(), plain(name, schema)))
                    .collect();
                let mut arguments = json!(others).to_string();
                arguments.truncate(arguments.len() - 1);
                let comma = if others.is_empty() { "" } else { "," };
                let name = tool["name"].as_str().expect("a tool has a name");
                let line = format!(
                    r#"{{"jsonrpc":"2.0","id":{thrown},"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}{comma}"{argument}":{value}}}}}}}"#
                );
                raw.say(line.as_bytes()).await;
                let answer = raw.hear_answer().await;
                let what = format!("{name}({argument}: {})", value.chars().take(60).collect::<String>());
                assert_eq!(answer["id"], thrown, "{what}: {answer}");
                let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
                assert!(!said.contains("\"INTERNAL_ERROR\""), "{what}: {answer}");
                thrown += 1;
            }
        }
        raw.is_well().await;
    }
    eprintln!("{thrown} calls of {} tools were answered", tools.len());
    assert!(thrown > 100, "only {thrown} calls were made");
}

/// Something that an argument takes.
fn plain(name: &str, schema: &Value) -> Value {
    match (name, schema["type"].as_str()) {
        ("sql", _) => json!("SELECT 1 AS a"),
        ("path", _) => json!("/nowhere/at_all.csv"),
        (_, Some("array")) => json!([]),
        (_, Some("object")) => json!({}),
        (_, Some("integer" | "number")) => json!(1),
        (_, Some("boolean")) => json!(false),
        _ => schema["enum"].as_array().and_then(|choices| choices.first()).cloned().unwrap_or_else(|| json!("a")),
    }
}

/// Proves `query.answers_long_texts_at_once`.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_arguments_are_answered() {
    throw(false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: every value in every argument, at full length"]
async fn all_hostile_arguments_are_answered() {
    throw(true).await;
}
