//! What is loaded, and where exports go.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::{DELTA_ROWS, PART_ROWS, PARTS, ROWS};

/// Paths of the files, the first of which are written and the others only named.
pub(super) struct Files {
    pub(super) big: String,
    pub(super) delta: String,
    pub(super) parts: Vec<String>,
    pub(super) parquet: String,
    pub(super) delta_parquet: String,
    pub(super) out_parquet: String,
    pub(super) out_hyper: String,
    pub(super) out_csv: String,
}

impl Files {
    /// Writes the inputs into `folder`.
    pub(super) fn write(folder: &Path) -> Self {
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let csv = |name: &str, from: u64, rows: u64| {
            let path = path(name);
            write(&path, from, rows).unwrap_or_else(|error| panic!("{path} cannot be written: {error}"));
            path
        };
        Self {
            big: csv("big.csv", 0, ROWS),
            delta: csv("delta.csv", ROWS - DELTA_ROWS / 2, DELTA_ROWS),
            parts: (0..PARTS).map(|part| csv(&format!("part_{part}.csv"), part * PART_ROWS, PART_ROWS)).collect(),
            parquet: path("big.parquet"),
            delta_parquet: path("delta.parquet"),
            out_parquet: path("out.parquet"),
            out_hyper: path("out.hyper"),
            out_csv: path("out.csv"),
        }
    }
}

/// A number, a text, a decimal and a date in each row.
fn write(path: &str, from: u64, rows: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "id,name,amount,day")?;
    for id in from..from + rows {
        let (whole, cents, month, day) = (id * 7919 % 100_000, id % 100, id % 12 + 1, id % 28 + 1);
        writeln!(file, "{id},customer {id},{whole}.{cents:02},2024-{month:02}-{day:02}")?;
    }
    file.flush()
}
