//! Arrow: its IPC format, in either framing, and batches from wherever they come.

use std::path::Path;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow_ipc::reader::StreamReader;

use super::{Content, ipc_file, types, values};

/// What a file with an index at its end begins with.
const FILE_MAGIC: &[u8] = b"ARROW1";
/// What each message of a stream begins with.
const CONTINUATION: &[u8] = &[0xff; 4];

/// Reads a file in either framing.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(path: &Path) -> Result<Content, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if bytes.starts_with(FILE_MAGIC) {
        return ipc_file::read(bytes);
    }
    let claimed = bytes.strip_prefix(CONTINUATION).and_then(|rest| rest.first_chunk()).copied().map(u32::from_le_bytes);
    match claimed.map(usize::try_from) {
        None => Err("it does not begin as Arrow IPC does, in either framing".to_owned()),
        // The reader makes room for what a message claims before it looks whether that can be.
        Some(Ok(claimed)) if claimed <= bytes.len() => stream(&bytes),
        Some(_) => Err("it is cut short within its first message".to_owned()),
    }
}

/// Reads a stream that came over a wire.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn stream(bytes: &[u8]) -> Result<Content, String> {
    let batches = StreamReader::try_new(bytes, None).map_err(|error| error.to_string())?;
    collect(&batches.schema(), batches)
}

/// Takes the values out of batches of that schema.
///
/// # Errors
///
/// Why a batch could not be read, or which column has no form here.
pub(super) fn collect(
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Content, String> {
    let fields = schema.fields();
    let columns = fields.iter().map(|field| (field.name().clone(), Some(types::sql_type(field))));
    let mut content = Content::of(columns.collect())?;
    for batch in batches {
        let batch = batch.map_err(|error| error.to_string())?;
        let arrays: Vec<ArrayRef> = batch.columns().iter().map(plain).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cell = |(array, (name, _)): (&ArrayRef, &(String, Option<String>))| {
                values::cell(array, row).map_err(|reason| format!("its column `{name}` {reason}"))
            };
            let cells = arrays.iter().zip(&content.columns).map(cell).collect::<Result<_, _>>()?;
            content.push(cells)?;
        }
    }
    Ok(content)
}

/// A dictionary written out.
fn plain(array: &ArrayRef) -> Result<ArrayRef, String> {
    match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).map_err(|error| error.to_string()),
        _ => Ok(array.clone()),
    }
}
