//! Values from hyperd's binary form to JSON, without loss.
//!
//! | SQL | JSON |
//! | --- | --- |
//! | BOOLEAN | true, false |
//! | SMALLINT, INTEGER, BIGINT, OID | number, exact; in answers a column with one beyond 2^53 has strings |
//! | NUMERIC without decimals that fits 64 bits | the same |
//! | other NUMERIC | string with all its digits |
//! | REAL, DOUBLE PRECISION | number; `"NaN"`, `"Infinity"`, `"-Infinity"` as strings |
//! | DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL | ISO 8601 strings; TIMESTAMPTZ in UTC |
//! | BYTEA, GEOGRAPHY | base64 string |
//! | TEXT, VARCHAR, CHAR, JSON | string |
//! | NULL | null |
//!
//! Arrays and what else Hyper has are refused: they can be cast to TEXT.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyperdb_api::{SqlType, oids};
use serde_json::{Value, json};

use super::temporal;

/// Hyper's `name`, which it treats as text.
const NAME_OID: u32 = 19;

/// The type that a type's object id and modifier in the catalogue stand for, as SQL spells it.
pub fn type_name(oid: u32, modifier: i32) -> String {
    match sql_type(oid, modifier) {
        SqlType::Numeric { precision: 0, .. } => "NUMERIC".to_owned(),
        SqlType::Unsupported => format!("OTHER({oid})"),
        known => known.to_string(),
    }
}

/// The type whose binary form a column has.
pub(super) fn sql_type(oid: u32, modifier: i32) -> SqlType {
    match oid {
        NAME_OID => SqlType::Text,
        _ if oid == oids::CHAR1.0 => SqlType::Char { length: 1 },
        _ => SqlType::from_oid_and_modifier(oid, modifier),
    }
}

/// One value that is not NULL; none where the bytes are not what its type says.
pub(super) fn to_json(sql_type: SqlType, bytes: &[u8]) -> Option<Value> {
    Some(match sql_type {
        SqlType::Bool => json!(*bytes.first()? != 0),
        SqlType::SmallInt => json!(i16::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Int => json!(i32::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::BigInt => json!(i64::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Oid => json!(u32::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Float => float32(f32::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Double => float64(f64::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Numeric { scale, .. } => numeric(unscaled(bytes)?, usize::try_from(scale).ok()?),
        SqlType::Date => json!(temporal::date(i32::from_le_bytes(bytes.try_into().ok()?).into())),
        SqlType::Time => json!(temporal::time(i64::from_le_bytes(bytes.try_into().ok()?))),
        SqlType::Timestamp => json!(temporal::timestamp(u64::from_le_bytes(bytes.try_into().ok()?))),
        SqlType::TimestampTz => {
            json!(format!("{}+00:00", temporal::timestamp(u64::from_le_bytes(bytes.try_into().ok()?))))
        }
        SqlType::Interval => json!(temporal::interval(bytes.try_into().ok()?)),
        SqlType::ByteA | SqlType::Geography => json!(BASE64.encode(bytes)),
        SqlType::Text | SqlType::Varchar { .. } | SqlType::Char { .. } | SqlType::Json => {
            json!(std::str::from_utf8(bytes).ok()?)
        }
        SqlType::Unsupported => return None,
    })
}

/// Hyper sends a NUMERIC of up to 18 digits in 8 bytes, a longer one in 16.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    match bytes.len() {
        8 => Some(i64::from_le_bytes(bytes.try_into().ok()?).into()),
        _ => Some(i128::from_le_bytes(bytes.try_into().ok()?)),
    }
}

fn numeric(unscaled: i128, scale: usize) -> Value {
    if scale == 0 {
        return i64::try_from(unscaled).map_or_else(|_| json!(unscaled.to_string()), |exact| json!(exact));
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    json!(format!("{sign}{whole}.{fraction}"))
}

fn float64(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(not_finite(value)) }
}

/// A REAL by its own shortest digits: 0.1 stays 0.1, although the nearest double prints more of them.
fn float32(value: f32) -> Value {
    if !value.is_finite() {
        return json!(not_finite(value.into()));
    }
    json!(value.to_string().parse::<f64>().unwrap_or_else(|_| value.into()))
}

fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

#[cfg(test)]
mod tests {
    use hyperdb_api::SqlType;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{numeric, to_json, type_name};

    #[rstest]
    #[case::integral(42, 0, json!(42))]
    #[case::largest(i128::from(i64::MAX), 0, json!(i64::MAX))]
    #[case::beyond(i128::from(i64::MAX) + 1, 0, json!("9223372036854775808"))]
    #[case::decimals(12_345, 2, json!("123.45"))]
    #[case::zeros(100, 2, json!("1.00"))]
    #[case::small(-5, 3, json!("-0.005"))]
    #[case::longest(-(10_i128.pow(38) - 1), 38, json!("-0.99999999999999999999999999999999999999"))]
    fn numerics_keep_their_digits(#[case] unscaled: i128, #[case] scale: usize, #[case] expected: Value) {
        assert_eq!(numeric(unscaled, scale), expected);
    }

    #[rstest]
    #[case::bool(SqlType::Bool, &[1], json!(true))]
    #[case::bigint(SqlType::BigInt, &i64::MIN.to_le_bytes(), json!(i64::MIN))]
    #[case::real(SqlType::Float, &0.1_f32.to_le_bytes(), json!(0.1))]
    #[case::nan(SqlType::Double, &f64::NAN.to_le_bytes(), json!("NaN"))]
    #[case::infinity(SqlType::Float, &f32::NEG_INFINITY.to_le_bytes(), json!("-Infinity"))]
    #[case::bytes(SqlType::ByteA, &[0, 255], json!("AP8="))]
    #[case::text(SqlType::Text, "Ünï".as_bytes(), json!("Ünï"))]
    #[case::oid(SqlType::Oid, &u32::MAX.to_le_bytes(), json!(u32::MAX))]
    fn values_lose_nothing(#[case] sql_type: SqlType, #[case] bytes: &[u8], #[case] expected: Value) {
        assert_eq!(to_json(sql_type, bytes), Some(expected));
    }

    #[rstest]
    #[case::numeric(1700, 655_369, "NUMERIC(10, 5)")]
    #[case::name(19, -1, "TEXT")]
    #[case::double(701, -1, "DOUBLE PRECISION")]
    fn types_are_spelled_as_in_sql(#[case] oid: u32, #[case] modifier: i32, #[case] name: &str) {
        assert_eq!(type_name(oid, modifier), name);
    }
}
