//! Parquet.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Content, ipc};

/// Reads the file.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(path: &Path) -> Result<Content, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let schema = builder.schema().clone();
    let batches = builder.build().map_err(|error| error.to_string())?;
    ipc::collect(&schema, batches)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};
    use arrow::record_batch::RecordBatch;
    use parquet::arrow::ArrowWriter;
    use serde_json::json;

    use super::read;

    #[test]
    fn a_file_that_is_cut_anywhere_is_no_file() {
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
        let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("a schema");
        writer.write(&batch).expect("a batch");
        let whole = writer.into_inner().expect("a file");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.parquet");
        std::fs::write(&path, &whole).expect("it is written");
        assert_eq!(read(&path).expect("it is whole").rows, [[json!("x")], [json!(null)]]);
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).expect("it is written");
            assert!(read(&path).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}
