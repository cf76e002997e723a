//! `file: path`: checks a file or folder by `exists`, `text`, `json`, `lines`, `size`, `rows` or `columns`.

mod rows;

use std::path::Path as FilePath;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use self::rows::AsTable;
use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::pattern::Mismatch;
use crate::run::{Answer, Failure, Frame, Held};
use crate::scenario::Step;
use crate::schema::shape::{self, Needs, Shape};
use crate::source::Diagnostic;
use crate::syntax::Node;

/// The keys that ask about the bytes; `rows` and `columns` ask about what they mean.
pub const LOOKS: [&str; 5] = ["exists", "text", "json", "lines", "size"];
const CHECKS: [&str; 7] = ["exists", "text", "json", "lines", "size", "rows", "columns"];

/// `file: path`: checks a file or folder by `exists`, `text`, `json`, `lines`, `size`, `rows` or `columns`.
#[derive(Debug)]
pub(super) struct File;

#[derive(Debug)]
struct CheckFile {
    path: Node,
    looks: Vec<(&'static str, Node)>,
    rows: Option<AsTable>,
}

impl Verb for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Itself
    }

    fn shape(&self) -> Shape {
        let shape = Shape::of("Checks a file or folder below `$(dir)`.", shape::name())
            .key("exists", "Whether it is there.", shape::truth())
            .key("text", "Its text; a folder's is its entries' names, a line each.", shape::pattern())
            .key("json", "Its text, read as JSON.", shape::pattern())
            .key("lines", "Its lines, a list of texts.", shape::pattern())
            .key("size", "Its size in bytes.", shape::pattern());
        rows::shape(shape).needs(Needs::Some(&CHECKS))
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let looks: Vec<(&'static str, Node)> =
            LOOKS.into_iter().filter_map(|name| Some((name, fields.take(name)?.clone()))).collect();
        // A check that cannot be read has a message of its own.
        let asked = !looks.is_empty() || fields.has_near(&CHECKS);
        decoder.name(verb.value, "`file`")?;
        let rows = AsTable::decode(verb.value, &looks, fields, decoder);
        if !asked {
            decoder.report(
                Diagnostic::new(&verb.key.span, "this step checks nothing", "a file without a check")
                    .help(format!("say what must hold: {}", CHECKS.join(", "))),
            );
        }
        for (name, node) in &looks {
            decoder.pattern(node);
            if *name == "exists" {
                decoder.bool(node, "`exists`");
            }
        }
        Some(Box::new(CheckFile { path: verb.value.clone(), looks, rows }))
    }
}

impl Action for CheckFile {
    fn checks_itself(&self) -> bool {
        true
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let path = frame.path(&self.path)?;
            let mut held = Vec::new();
            for (name, node) in &self.looks {
                let actual = look(&path, name).map_err(|error| {
                    Failure::new(&step.span, format!("`{name}` of {} cannot be checked", path.display()), error)
                })?;
                held.push(Held::member(node, name, Some(actual)));
            }
            if let Some(rows) = &self.rows {
                held.extend(rows.held(&path, frame, step).await?);
            }
            let vars = frame.vars.borrow();
            let mut out: Vec<Mismatch> = Vec::new();
            held.iter().try_for_each(|held| held.compare(&vars, &mut out))?;
            match out.first() {
                None => Ok(Answer::Done),
                Some(first) => {
                    let title = format!("{} is not what `{}` expects", path.display(), step.title);
                    let label = format!("{} differs", first.path);
                    let mends = held.iter().flat_map(|held| held.mend(&vars)).collect();
                    Err(Failure { mends, ..Failure::new(&first.span, title, label) }.differences(out))
                }
            }
        }
        .boxed_local()
    }
}

/// What `name` speaks of: a folder's text is its entries' names, a line each.
fn look(path: &FilePath, name: &str) -> Result<Value, String> {
    let failed = |error: std::io::Error| error.to_string();
    let text = || -> Result<String, String> {
        if !path.is_dir() {
            return std::fs::read_to_string(path).map_err(failed);
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names.join("\n"))
    };
    Ok(match name {
        "exists" => Value::from(path.exists()),
        "size" => Value::from(path.metadata().map_err(failed)?.len()),
        "lines" => Value::from(text()?.lines().map(str::to_owned).collect::<Vec<_>>()),
        "json" => serde_json::from_str(&text()?).map_err(|error| format!("not JSON: {error}"))?,
        _ => Value::from(text()?),
    })
}
