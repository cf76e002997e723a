//! Arrow IPC: read in place where hyperd knows all of it, else rewritten in the types that it knows.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use arrow::array::{ArrayRef, RecordBatchReader};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::FileWriter;
use arrow_ipc::{MessageHeader, root_as_message};
use std::sync::Arc;

use super::audit::Settled;
use super::format::Format;
use super::input::{Input, InputFile, malformed};
use super::relation::{InputColumn, Reader, Staged, external};
use super::source::{Source, Staging};
use super::types::{NUMERIC_DIGITS_MAX, SqlType};
use crate::call::Call;
use crate::error::{Code, Error};
use crate::limits::ARROW_METADATA_BYTES_MAX;
use crate::sql;
use crate::words::listed;

const FILE_MAGIC_BYTES: usize = 8;
const CONTINUATION: u32 = u32::MAX;

/// The Arrow IPC format with this framing.
pub(super) struct Arrow(pub(super) Format);

impl Source for Arrow {
    fn stage(&self, input: Input, staging: &Staging<'_>) -> Result<Staged, Error> {
        let name = input.name();
        let Input::File(file) = input else {
            return Err(Error::invalid("Arrow cannot be given as text.").suggest("Use load_file with a path."));
        };
        let bad = |error: &ArrowError| malformed(&name, &error.to_string()).suggest(DAMAGED);
        let batches = self.open(&file).map_err(|error| bad(&error))?;
        let schema = batches.schema();
        let columns = columns(&schema, &name)?;
        let as_it_is =
            schema.fields().iter().all(|field| readable(field.data_type()).as_ref() == Some(field.data_type()))
                && !is_compressed(&file, self.0);
        let bytes = file.bytes;
        let (file, format, scratch) = if as_it_is {
            (file, self.0, None)
        } else {
            let mut scratch = staging.file()?;
            rewrite(batches, scratch.as_file_mut(), staging.call).map_err(|error| match error {
                ArrowError::ExternalError(_) => Call::cancelled_error(),
                error => bad(&error),
            })?;
            let (file, scratch) = staging.finished(scratch)?;
            (file, Format::ArrowFile, scratch)
        };
        let reader = Reader::Typed(table(&file, format, &schema, &columns));
        let (text, settled) = (None, Settled::default());
        Ok(Staged { columns, rows: None, bytes, format: self.0, name, reader, scratch, origin: None, text, settled })
    }
}

const DAMAGED: &str = "The file may be cut short or damaged, or compressed with something other than LZ4; write it again, \
                       uncompressed, or as Parquet.";

impl Arrow {
    fn open(&self, file: &InputFile) -> Result<Box<dyn RecordBatchReader>, ArrowError> {
        let mut reader = BufReader::new(file.raw()?);
        Ok(match self.0 {
            Format::ArrowStream if claimed_bytes(&mut reader)? > ARROW_METADATA_BYTES_MAX => {
                return Err(ArrowError::IpcError("its first message claims to be longer than any is".to_owned()));
            }
            Format::ArrowStream => Box::new(StreamReader::try_new(reader, None)?),
            _ => Box::new(FileReader::try_new(reader, None)?),
        })
    }
}

fn table(file: &InputFile, format: Format, schema: &Schema, columns: &[InputColumn]) -> String {
    let framing = if format == Format::ArrowStream { "arrowstream" } else { "arrowfile" };
    let descriptor: Vec<String> = columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            let constraint = if field.is_nullable() { "" } else { " NOT NULL" };
            format!("{} {}{constraint}", sql::identifier(&column.name), column.sql_type)
        })
        .collect();
    let options = [format!("FORMAT => '{framing}'"), format!("COLUMNS => DESCRIPTOR({})", descriptor.join(", "))];
    external(&file.given, &options)
}

/// The columns' types in SQL; a type without one is told with all others like it.
fn columns(schema: &Schema, name: &str) -> Result<Vec<InputColumn>, Error> {
    let fields = schema.fields();
    if fields.is_empty() {
        return Err(super::input::empty(name, "has no column"));
    }
    let unknown: Vec<String> = fields
        .iter()
        .filter(|field| of_field(field).is_none())
        .map(|field| format!("{} ({})", field.name(), field.data_type()))
        .collect();
    if !unknown.is_empty() {
        let listed = listed(unknown.iter().map(String::as_str));
        return Err(Error::new(
            Code::UnsupportedFormat,
            format!("{name} has columns of types without a match in SQL: {listed}."),
        )
        .suggest("Write these columns as text, for example as JSON, or leave them out."));
    }
    for (index, field) in fields.iter().enumerate() {
        let twice = fields[..index].iter().any(|other| other.name() == field.name());
        if field.name().is_empty() || twice {
            let position = index + 1;
            let reason = if twice { "has the name of another one" } else { "has no name" };
            return Err(Error::new(Code::SchemaMismatch, format!("Column {position} of {name} {reason}."))
                .suggest("Give each column a name of its own."));
        }
    }
    let column = |field: &Arc<Field>| {
        let sql_type = of_field(field).unwrap_or(SqlType::Text);
        InputColumn { name: field.name().clone(), sql_type, evidence: None }
    };
    Ok(fields.iter().map(column).collect())
}

/// The type that a column has to have so that hyperd reads it: its own, or one that holds the same values.
///
/// Nanoseconds become microseconds, the finest that Hyper keeps.
fn readable(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Float16 => DataType::Float32,
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(_, scale) => DataType::Decimal128(NUMERIC_DIGITS_MAX, *scale),
        DataType::Dictionary(_, values) => readable(values)?,
        other => other.clone(),
    })
}

/// The type of a column. Hyper notes in its files what Arrow has no type for, and reads them as nothing else.
fn of_field(field: &Field) -> Option<SqlType> {
    let found = sql_type(&readable(field.data_type())?)?;
    let noted = |key: &str| field.metadata().get(key).map(String::as_str);
    let length = noted("hyper:max_string_length").and_then(|length| length.parse().ok());
    Some(match (noted("hyper:type"), length) {
        (Some("JSON"), _) => SqlType::Json,
        (Some("Oid"), _) => SqlType::Oid,
        (Some("Geography"), _) => SqlType::Geography,
        (Some("Char1"), _) => SqlType::Char(1),
        (Some("Char"), Some(length)) => SqlType::Char(length),
        (None, Some(length)) if found == SqlType::Text => SqlType::VarChar(length),
        _ => found,
    })
}

fn sql_type(data_type: &DataType) -> Option<SqlType> {
    Some(match data_type {
        DataType::Boolean => SqlType::Boolean,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => SqlType::SmallInt,
        DataType::UInt16 | DataType::Int32 => SqlType::Integer,
        DataType::UInt32 | DataType::Int64 => SqlType::BigInt,
        DataType::UInt64 => SqlType::Numeric { precision: 20, scale: 0 },
        DataType::Float32 => SqlType::Real,
        DataType::Float64 => SqlType::Double,
        DataType::Utf8 => SqlType::Text,
        DataType::Binary => SqlType::Bytes,
        DataType::Date32 | DataType::Date64 => SqlType::Date,
        DataType::Time32(_) | DataType::Time64(_) => SqlType::Time,
        DataType::Timestamp(_, None) => SqlType::Timestamp,
        DataType::Timestamp(_, Some(_)) => SqlType::TimestampTz,
        DataType::Interval(_) => SqlType::Interval,
        DataType::Decimal128(precision, scale) => {
            SqlType::Numeric { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        _ => return None,
    })
}

/// Whether the first batch is compressed, which hyperd refuses. Both framings are a sequence of messages.
/// The length that a stream's first message claims: the stream's reader would make room for it before it looks.
fn claimed_bytes(reader: &mut BufReader<File>) -> Result<usize, ArrowError> {
    let mut word = [0; 4];
    reader.read_exact(&mut word)?;
    if u32::from_le_bytes(word) == CONTINUATION {
        reader.read_exact(&mut word)?;
    }
    reader.rewind()?;
    Ok(usize::try_from(u32::from_le_bytes(word)).unwrap_or(usize::MAX))
}

fn is_compressed(file: &InputFile, format: Format) -> bool {
    first_batch_is_compressed(file, format).unwrap_or_default()
}

fn first_batch_is_compressed(file: &InputFile, format: Format) -> Option<bool> {
    let mut reader = BufReader::new(file.raw().ok()?);
    if format == Format::ArrowFile {
        reader.read_exact(&mut [0; FILE_MAGIC_BYTES]).ok()?;
    }
    loop {
        let mut word = [0; 4];
        reader.read_exact(&mut word).ok()?;
        if u32::from_le_bytes(word) == CONTINUATION {
            reader.read_exact(&mut word).ok()?;
        }
        let length = usize::try_from(u32::from_le_bytes(word)).ok()?;
        if length == 0 || length > ARROW_METADATA_BYTES_MAX {
            return None;
        }
        let mut metadata = vec![0; length];
        reader.read_exact(&mut metadata).ok()?;
        let message = root_as_message(&metadata).ok()?;
        if message.header_type() == MessageHeader::RecordBatch {
            return Some(message.header_as_record_batch()?.compression().is_some());
        }
        reader.seek_relative(message.bodyLength()).ok()?;
    }
}

fn rewrite(batches: Box<dyn RecordBatchReader>, out: &mut File, call: &Call) -> Result<(), ArrowError> {
    let fields: Vec<Field> = batches
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let data_type = readable(field.data_type()).unwrap_or_else(|| field.data_type().clone());
            Field::new(field.name(), data_type, field.is_nullable()).with_metadata(field.metadata().clone())
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    // A value that does not fit is an error: as NULL it would be lost in silence.
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let mut writer = FileWriter::try_new(out, &schema)?;
    for batch in batches {
        if call.is_cancelled() {
            return Err(ArrowError::ExternalError(Box::new(Call::cancelled_error())));
        }
        let batch = batch?;
        let cast = |(column, field): (&ArrayRef, &Arc<Field>)| cast_with_options(column, field.data_type(), &strict);
        let columns = batch.columns().iter().zip(schema.fields()).map(cast).collect::<Result<_, _>>()?;
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
    }
    writer.finish()
}
