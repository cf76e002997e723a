//! The editors' schema says the same as the runner: it accepts what is shipped, and refuses what it can of `rejects/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::source::Source;
use hyper_conform::{Suite, schema, syntax};
use jsonschema::Validator;
use serde_json::Value;
use walkdir::WalkDir;

/// What no schema can see, and the rejects that are broken in this way alone.
const UNSEEN: [(&str, &[&str]); 8] = [
    (
        "the editor's own reader of YAML refuses it",
        &["duplicate_key", "empty", "indentation", "second_document", "tab"],
    ),
    (
        "whether a text is quoted is not part of its value",
        &["each_without_pattern", "matcher_bare", "number_lookalikes", "sql_unquoted", "word_lookalikes"],
    ),
    ("anchors, tags and values left out are gone once a file is read", &["anchor", "len_with_text", "tag"]),
    (
        "what a name stands for is told elsewhere in the file",
        &[
            "capture_clash",
            "capture_unused",
            "duplicate_name",
            "matrix_unused",
            "unclosed_variable",
            "variable_undefined",
            "variable_without_parentheses",
            "when_never",
        ],
    ),
    ("it stands in another file", &["dataset_unknown", "fragment_argument_missing", "fragment_argument_unknown"]),
    ("regular expressions have another dialect in a schema", &["matcher_argument"]),
    (
        "which keys of a check of rows go together depends on the file",
        &["file_rows_beside_text", "file_rows_unordered", "file_table_of_csv", "file_without_rows"],
    ),
    ("it is in the SQL, or in the lines of a table", &["rows_ragged", "rows_unordered"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("")
}

fn validator() -> Validator {
    let suite = Suite::load(&root().join("scenarios")).expect("the suite can be read");
    let schema = schema::generate(&schema::Names::of(&suite));
    jsonschema::validator_for(&schema).expect("the schema is a valid one")
}

/// The files below a folder of the repository, and what is in them as far as it can be read.
fn files(folder: &str) -> Vec<(PathBuf, Option<Value>)> {
    let walk = WalkDir::new(root().join(folder)).sort_by_file_name().into_iter().map(|entry| entry.expect("a file"));
    let yaml = walk.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let read = yaml.map(|path| {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let source = Source { shown: path.display().to_string(), path: path.clone(), text };
        let node = syntax::read(&Arc::new(source), &mut Vec::new());
        (path, node.map(|node| node.to_json()))
    });
    let files: Vec<_> = read.collect();
    assert!(!files.is_empty(), "{folder} holds no scenarios");
    files
}

#[test]
fn what_is_shipped_is_accepted() {
    let validator = validator();
    let mut refused = Vec::new();
    for (path, value) in files("scenarios") {
        if path.ends_with("requirements.yaml") || path.components().any(|part| part.as_os_str() == "capabilities") {
            continue;
        }
        let value = value.expect("a shipped file can be read");
        refused.extend(
            validator
                .iter_errors(&value)
                .map(|error| format!("{}: {}: {error}", path.display(), error.instance_path())),
        );
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn what_is_rejected_is_refused_where_a_schema_can() {
    let validator = validator();
    let unseen: BTreeSet<&str> = UNSEEN.iter().flat_map(|(_, stems)| stems.iter().copied()).collect();
    let mut wrong = Vec::new();
    for (path, value) in files("tests/rejects") {
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let refused = value.is_some_and(|value| !validator.is_valid(&value));
        match (refused, unseen.contains(&stem[..])) {
            (false, false) => {
                wrong.push(format!("{stem}: the schema does not refuse it; say why in UNSEEN if it cannot"));
            }
            (true, true) => wrong.push(format!("{stem}: the schema refuses it; drop it from UNSEEN")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
