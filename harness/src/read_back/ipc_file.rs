//! The framing of Arrow's IPC format that ends with an index of its batches.

use std::sync::Arc;

use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, MetadataVersion, root_as_footer};

use super::{Content, ipc};

/// The footer's length and the magic word.
const TRAILER_BYTES: usize = 10;

/// Reads a file that is in memory.
///
/// arrow's own reader of files refuses those of Hyper, whose index names the version before that of its batches. Other
/// readers look at the batches only, and so does this one.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(bytes: Vec<u8>) -> Result<Content, String> {
    let told = |error: ArrowError| error.to_string();
    let file = Buffer::from(bytes);
    let trailer = file.last_chunk::<TRAILER_BYTES>().ok_or("it is cut short")?;
    let footer_bytes = read_footer_length(*trailer).map_err(|_| "it is cut short: its index is not at its end")?;
    let end = file.len() - TRAILER_BYTES;
    let footer = end.checked_sub(footer_bytes).and_then(|start| file.get(start..end)).ok_or("it is cut short")?;
    let footer = root_as_footer(footer).map_err(|error| format!("its index is damaged: {error}"))?;
    let schema = Arc::new(fb_to_schema(footer.schema().ok_or("its index has no schema")?));
    // The first version is the one whose batches are not held against it.
    let mut decoder = FileDecoder::new(Arc::clone(&schema), MetadataVersion::V1);
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &slice(&file, block)?).map_err(told)?;
    }
    let batches = footer.recordBatches().into_iter().flatten().map(|block| {
        let bytes = slice(&file, block).map_err(ArrowError::IpcError)?;
        decoder.read_record_batch(block, &bytes)
    });
    ipc::collect(&schema, batches.filter_map(Result::transpose))
}

/// The bytes that the index names.
fn slice(file: &Buffer, block: &Block) -> Result<Buffer, String> {
    let place = || {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let length = metadata.checked_add(usize::try_from(block.bodyLength()).ok()?)?;
        (start.checked_add(length)? <= file.len()).then_some((start, length))
    };
    let (start, length) = place().ok_or("its index names a batch beyond its end")?;
    Ok(file.slice_with_length(start, length))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::record_batch::RecordBatch;
    use arrow_ipc::writer::FileWriter;
    use serde_json::json;

    use super::read;

    fn file() -> Vec<u8> {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
        let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).expect("a schema");
        writer.write(&batch).expect("a batch");
        writer.into_inner().expect("a file")
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_no_file() {
        let whole = file();
        let content = read(whole.clone()).expect("it is whole");
        assert_eq!(content.rows, [[json!(1)], [json!(null)]]);
        for length in 0..whole.len() {
            assert!(read(whole[..length].to_vec()).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}
