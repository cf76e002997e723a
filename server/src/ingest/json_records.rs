//! A JSON text as a stream of objects, whose values keep their spelling.

use std::fmt;
use std::io::{BufRead, BufReader};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::input::{Input, empty, malformed};
use crate::error::{Code, Error};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One object: its keys and values in their order.
pub(super) struct Record(pub(super) Vec<(String, Box<RawValue>)>);

/// What is called for each object; an error ends the reading.
pub(super) type OnRecord<'a> = &'a mut dyn FnMut(Record) -> Result<(), Error>;

/// Calls `on_record` for each object of an array, or of objects that follow each other.
pub(super) fn each_record(input: &Input, name: &str, on_record: OnRecord<'_>) -> Result<(), Error> {
    let mut reader = BufReader::new(input.reader()?);
    let failed = |error: std::io::Error| input.failed(&error);
    if reader.fill_buf().map_err(failed)?.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    let first = loop {
        let buffer = reader.fill_buf().map_err(failed)?;
        match buffer.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(at) => {
                let byte = buffer[at];
                reader.consume(at);
                break byte;
            }
            None if buffer.is_empty() => return Err(empty(name, "is empty")),
            None => {
                let length = buffer.len();
                reader.consume(length);
            }
        }
    };
    let mut stopped = None;
    let mut objects = Objects { on_record, stopped: &mut stopped };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let read = match first {
        b'[' => json.deserialize_seq(&mut objects).and_then(|()| json.end()),
        b'{' => objects.follow(&mut json),
        _ => return Err(malformed(name, "JSON data starts with `[` or `{`").suggest(SHAPES)),
    };
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(explain(name, &error)),
        (None, Ok(())) => Ok(()),
    }
}

const SHAPES: &str = "Give an array of objects, one object, or one object a line; json_extract_path finds an array \
                      inside of a document.";

fn explain(name: &str, error: &serde_json::Error) -> Error {
    match error.classify() {
        Category::Data => {
            Error::new(Code::SchemaMismatch, format!("{name} is JSON, but no table: {error}.")).suggest(SHAPES)
        }
        _ => malformed(name, &format!("it is not valid JSON: {error}")).suggest(SHAPES),
    }
}

struct Objects<'a, 'b> {
    on_record: OnRecord<'a>,
    /// The error that `on_record` ended the reading with.
    stopped: &'b mut Option<Error>,
}

impl Objects<'_, '_> {
    fn take(&mut self, record: Record) -> bool {
        match (self.on_record)(record) {
            Ok(()) => true,
            Err(error) => {
                *self.stopped = Some(error);
                false
            }
        }
    }

    fn follow<'de, R: serde_json::de::Read<'de>>(
        &mut self,
        json: &mut serde_json::Deserializer<R>,
    ) -> serde_json::Result<()> {
        while json.end().is_err() {
            let record = OneObject.deserialize(&mut *json)?;
            if !self.take(record) {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for &mut Objects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(record) = elements.next_element_seed(OneObject)? {
            if !self.take(record) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

struct OneObject;

impl<'de> DeserializeSeed<'de> for OneObject {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneObject {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Record, A::Error> {
        let mut record = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            record.push(entry);
        }
        Ok(Record(record))
    }
}
