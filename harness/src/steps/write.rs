//! `write: path` with `text`, `json`, `base64` or `copy`: makes a file; `append: true` adds to one.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, io_failure};
use crate::scenario::Step;
use crate::schema::shape::{self, Needs, Shape};
use crate::source::Diagnostic;
use crate::syntax::Node;

const SOURCES: [&str; 4] = ["text", "json", "base64", "copy"];

/// `write: path` with `text`, `json`, `base64` or `copy`: makes a file; `append: true` adds to one.
#[derive(Debug)]
pub(super) struct Write;

#[derive(Debug)]
struct WriteFile {
    path: Node,
    source: &'static str,
    content: Node,
    repeat: usize,
    append: bool,
}

impl Verb for Write {
    fn name(&self) -> &'static str {
        "write"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of("Makes a file below `$(dir)` from `text`, `json`, `base64` or `copy`.", shape::name())
            .key("text", "The file's text.", shape::text())
            .key("json", "A value that is written as JSON.", shape::any())
            .key("base64", "The file's bytes, in base64.", shape::text())
            .key("copy", "The path of a file to copy.", shape::text())
            .key("append", "Add to the file instead of making it anew.", shape::truth())
            .key("repeat", "How many times the content is written.", shape::count())
            .needs(Needs::One(&SOURCES))
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let append = fields.take("append").and_then(|node| decoder.bool(node, "`append`"));
        let repeat = fields.take("repeat").and_then(|node| decoder.count(node, "`repeat`"));
        let given: Vec<(&'static str, &Node)> =
            SOURCES.into_iter().filter_map(|name| Some((name, fields.take(name)?))).collect();
        decoder.name(verb.value, "`write`")?;
        let [(source, content)] = given.as_slice() else {
            decoder.report(
                Diagnostic::new(&verb.key.span, "`write` needs one source", format!("this has {}", given.len()))
                    .help("give one of `text:`, `json:`, `base64:` or `copy:`"),
            );
            return None;
        };
        if *source != "json" {
            decoder.text(content, source)?;
        }
        Some(Box::new(WriteFile {
            path: verb.value.clone(),
            source,
            content: (*content).clone(),
            repeat: repeat.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
            append: append == Some(true),
        }))
    }
}

impl WriteFile {
    fn bytes(&self, frame: &Frame<'_>) -> Result<Vec<u8>, Failure> {
        let once = match self.source {
            "json" => frame.resolve(&self.content)?.to_json().to_string().into_bytes(),
            "base64" => {
                let text: String = frame.text(&self.content)?.split_whitespace().collect();
                BASE64_STANDARD
                    .decode(text)
                    .map_err(|error| Failure::new(&self.content.span, "this is not base64", error.to_string()))?
            }
            "copy" => {
                let from = std::path::PathBuf::from(frame.text(&self.content)?);
                std::fs::read(&from).map_err(|error| io_failure(&self.content.span, "read", &from, &error))?
            }
            _ => frame.text(&self.content)?.into_bytes(),
        };
        Ok(once.repeat(self.repeat))
    }
}

impl Action for WriteFile {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, _step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let path = frame.path(&self.path)?;
            let bytes = self.bytes(frame)?;
            let failed = |error: std::io::Error| io_failure(&self.path.span, "write", &path, &error);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.create(true).write(true).append(self.append).truncate(!self.append);
            let mut file = options.open(&path).map_err(failed)?;
            file.write_all(&bytes).map_err(failed)?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}
