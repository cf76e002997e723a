//! The types of Arrow's columns, as SQL spells them.

use arrow::datatypes::{DataType, Field};

/// The type of a column. What Hyper notes beside it counts: Arrow has no type for some that it writes.
pub(super) fn sql_type(field: &Field) -> String {
    let noted = |key: &str| field.metadata().get(key).map(String::as_str);
    let length = noted("hyper:max_string_length");
    match (noted("hyper:type"), length) {
        (Some("JSON"), _) => return "JSON".to_owned(),
        (Some("Oid"), _) => return "OID".to_owned(),
        (Some("Geography"), _) => return "GEOGRAPHY".to_owned(),
        (Some("Char1"), _) => return "CHAR(1)".to_owned(),
        (Some("Char"), Some(length)) => return format!("CHAR({length})"),
        (None, Some(length)) if field.data_type() == &DataType::Utf8 => return format!("VARCHAR({length})"),
        _ => {}
    }
    let name = match field.data_type() {
        DataType::Dictionary(_, values) => {
            return sql_type(&Field::new(field.name(), values.as_ref().clone(), true));
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("NUMERIC({precision}, {scale})"),
        DataType::Boolean => "BOOLEAN",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE PRECISION",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "BYTEA",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ",
        DataType::Interval(_) => "INTERVAL",
        // What SQL has no word for keeps the one that Arrow has.
        other => return other.to_string(),
    };
    name.to_owned()
}
