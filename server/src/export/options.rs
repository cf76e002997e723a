//! What a call may say about a format. The set is closed: hyperd's own options are more, and differ by release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExportFormat, Exporter, exporter};
use crate::error::Error;
use crate::limits;
use crate::sql;
use crate::words::listed;

/// How Parquet data is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Codec {
    Snappy,
    Zstd,
    Gzip,
    Lz4Raw,
    Uncompressed,
}

/// How an Iceberg table's metadata files are named: for a catalogue that knows the newest, or in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum TableScheme {
    Metastore,
    Filesystem,
}

/// The two framings of Arrow's IPC format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Framing {
    Stream,
    File,
}

/// Options of a format; each is taken by the formats that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct FormatOptions {
    /// csv: whether the first line has the names. Default: true.
    pub(super) header: Option<bool>,
    /// csv: one ASCII character between cells. Default: a comma.
    #[schemars(length(min = 1, max = 1))]
    pub(super) delimiter: Option<String>,
    /// csv: one ASCII character around cells that need it. Default: a double quote.
    #[schemars(length(min = 1, max = 1))]
    pub(super) quote: Option<String>,
    /// csv: one ASCII character before a quote inside of quotes. Default: the quote itself.
    #[schemars(length(min = 1, max = 1))]
    pub(super) escape: Option<String>,
    /// csv: what stands for NULL. Default: nothing, while the empty text is quoted.
    #[schemars(length(max = limits::NAME_CHARS_MAX))]
    pub(super) null: Option<String>,
    /// parquet, iceberg: compression. Default: snappy.
    pub(super) codec: Option<Codec>,
    /// parquet, iceberg: rows of a row group.
    #[schemars(range(min = 1))]
    pub(super) rows_per_row_group: Option<u32>,
    /// iceberg: bytes from which on a further data file is begun.
    #[schemars(range(min = limits::EXPORT_FILE_BYTES_MIN))]
    pub(super) max_file_size: Option<u64>,
    /// iceberg: names of the metadata files. Default: metastore.
    pub(super) table_scheme: Option<TableScheme>,
    /// `arrow_ipc`: stream (default) or file.
    pub(super) framing: Option<Framing>,
}

impl FormatOptions {
    /// Refuses options that `format` has no use for.
    pub(super) fn check(&self, format: ExportFormat) -> Result<(), Error> {
        let own: &dyn Exporter = exporter(format);
        let given = self.given();
        let foreign: Vec<&str> =
            given.iter().map(|(name, _)| *name).filter(|name| !own.options().contains(name)).collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let format = serde_json::to_value(format).unwrap_or_default();
        let format = format.as_str().unwrap_or_default().to_owned();
        let error = Error::invalid(format!("The format {format} has no option {}.", listed(foreign)));
        Err(match own.options() {
            [] => error.suggest("Leave `format_options` out."),
            options => error.suggest(format!("It takes {}.", listed(options.iter().copied()))),
        })
    }

    /// The options for the WITH of a COPY, as hyperd spells them.
    pub(super) fn clauses(&self) -> Vec<String> {
        let copied = self.given().into_iter().filter(|(name, _)| *name != "framing");
        copied.map(|(name, value)| format!("{} => {value}", sql::identifier(name))).collect()
    }

    /// Each option that is given, with its value in SQL.
    fn given(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.as_deref().map(sql::literal);
        let options = [
            ("header", self.header.map(|value| value.to_string())),
            ("delimiter", text(&self.delimiter)),
            ("quote", text(&self.quote)),
            ("escape", text(&self.escape)),
            ("null", text(&self.null)),
            ("codec", self.codec.map(choice)),
            ("rows_per_row_group", self.rows_per_row_group.map(|value| value.to_string())),
            ("max_file_size", self.max_file_size.map(|value| value.to_string())),
            ("table_scheme", self.table_scheme.map(choice)),
            ("framing", self.framing.map(choice)),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A choice by the name that the protocol and hyperd both have for it.
fn choice(value: impl Serialize) -> String {
    let name = serde_json::to_value(value).unwrap_or_default();
    sql::literal(name.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::FormatOptions;
    use crate::export::ExportFormat;

    fn options(json: Value) -> FormatOptions {
        serde_json::from_value(json).expect("known options")
    }

    #[rstest]
    #[case::csv(ExportFormat::Csv, json!({"header": false, "null": ""}), true)]
    #[case::csv_codec(ExportFormat::Csv, json!({"codec": "zstd"}), false)]
    #[case::iceberg(ExportFormat::Iceberg, json!({"codec": "zstd", "table_scheme": "filesystem"}), true)]
    #[case::parquet_scheme(ExportFormat::Parquet, json!({"table_scheme": "filesystem"}), false)]
    #[case::hyper(ExportFormat::Hyper, json!({"header": true}), false)]
    fn each_format_takes_its_own(#[case] format: ExportFormat, #[case] given: Value, #[case] allowed: bool) {
        assert_eq!(options(given).check(format).is_ok(), allowed);
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        let clauses = options(json!({"delimiter": "'", "codec": "lz4_raw", "rows_per_row_group": 5})).clauses();
        assert_eq!(clauses, ["\"delimiter\" => ''''", "\"codec\" => 'lz4_raw'", "\"rows_per_row_group\" => 5"]);
    }
}
