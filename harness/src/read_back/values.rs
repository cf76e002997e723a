//! Values of Arrow as the tool `query` writes them: NUMERIC with all its digits, times in ISO 8601, bytes in base64.
//!
//! Nothing of this is the server's own code, which it is there to check.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray as _};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType,
    IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

const SECONDS_PER_DAY: i64 = 86_400;
const MILLIS_PER_SECOND: i64 = 1_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLISECOND: i64 = 1_000_000;

/// The value in that row.
///
/// # Errors
///
/// Why it has no form here, to be read after the column's name.
pub(super) fn cell(array: &ArrayRef, row: usize) -> Result<Value, String> {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return Ok(Value::Null);
    }
    scalar(array, row).or_else(|| time(array, row)).map_or_else(|| nested(array, row), Ok)
}

fn native<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

/// Numbers, truth values, texts and bytes.
fn scalar(array: &ArrayRef, row: usize) -> Option<Value> {
    Some(match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Int8 => json!(native::<Int8Type>(array, row)),
        DataType::Int16 => json!(native::<Int16Type>(array, row)),
        DataType::Int32 => json!(native::<Int32Type>(array, row)),
        DataType::Int64 => json!(native::<Int64Type>(array, row)),
        DataType::UInt8 => json!(native::<UInt8Type>(array, row)),
        DataType::UInt16 => json!(native::<UInt16Type>(array, row)),
        DataType::UInt32 => json!(native::<UInt32Type>(array, row)),
        DataType::UInt64 => json!(native::<UInt64Type>(array, row)),
        DataType::Float16 => float(&native::<Float16Type>(array, row).to_string()),
        // By its own shortest digits: 0.1 stays 0.1, although the nearest double prints more of them.
        DataType::Float32 => float(&native::<Float32Type>(array, row).to_string()),
        DataType::Float64 => float(&native::<Float64Type>(array, row).to_string()),
        DataType::Decimal32(_, scale) => decimal::<Decimal32Type>(array, row, *scale),
        DataType::Decimal64(_, scale) => decimal::<Decimal64Type>(array, row, *scale),
        DataType::Decimal128(_, scale) => decimal::<Decimal128Type>(array, row, *scale),
        DataType::Decimal256(_, scale) => decimal::<Decimal256Type>(array, row, *scale),
        DataType::Utf8 => json!(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => json!(array.as_string::<i64>().value(row)),
        DataType::Utf8View => json!(array.as_string_view().value(row)),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
        _ => return None,
    })
}

fn bytes(bytes: &[u8]) -> Value {
    json!(BASE64_STANDARD.encode(bytes))
}

/// A number by its digits; what is no number by its name in SQL.
fn float(digits: &str) -> Value {
    match digits {
        "NaN" => json!("NaN"),
        "inf" => json!("Infinity"),
        "-inf" => json!("-Infinity"),
        _ => digits.parse::<f64>().map_or_else(|_| json!(digits), |number| json!(number)),
    }
}

/// A whole one that fits 64 bits is a number, any other a text with all its digits.
fn decimal<T: DecimalType + ArrowPrimitiveType>(array: &ArrayRef, row: usize, scale: i8) -> Value {
    let digits = array.as_primitive::<T>().value_as_string(row);
    match digits.parse::<i64>() {
        Ok(whole) if scale == 0 => json!(whole),
        _ => json!(digits),
    }
}

/// Dates, times and intervals; none where the calendar does not reach as far.
fn time(array: &ArrayRef, row: usize) -> Option<Value> {
    let moment = |unit: i64, count: i64| {
        let nanos = count.rem_euclid(unit) * (NANOS_PER_SECOND / unit);
        DateTime::from_timestamp(count.div_euclid(unit), u32::try_from(nanos).ok()?)
    };
    let of_day = |unit: i64, count: i64| Some(clock(&moment(unit, count)?));
    let text = match array.data_type() {
        DataType::Date32 => date(&moment(1, i64::from(native::<Date32Type>(array, row)) * SECONDS_PER_DAY)?),
        DataType::Date64 => date(&moment(MILLIS_PER_SECOND, native::<Date64Type>(array, row))?),
        DataType::Time32(TimeUnit::Second) => of_day(1, native::<Time32SecondType>(array, row).into())?,
        DataType::Time32(_) => of_day(MILLIS_PER_SECOND, native::<Time32MillisecondType>(array, row).into())?,
        DataType::Time64(TimeUnit::Microsecond) => {
            of_day(MICROS_PER_SECOND, native::<Time64MicrosecondType>(array, row))?
        }
        DataType::Time64(_) => of_day(NANOS_PER_SECOND, native::<Time64NanosecondType>(array, row))?,
        DataType::Timestamp(unit, zone) => {
            let moment = match unit {
                TimeUnit::Second => moment(1, native::<TimestampSecondType>(array, row)),
                TimeUnit::Millisecond => moment(MILLIS_PER_SECOND, native::<TimestampMillisecondType>(array, row)),
                TimeUnit::Microsecond => moment(MICROS_PER_SECOND, native::<TimestampMicrosecondType>(array, row)),
                TimeUnit::Nanosecond => moment(NANOS_PER_SECOND, native::<TimestampNanosecondType>(array, row)),
            }?;
            let zone = if zone.is_some() { "+00:00" } else { "" };
            format!("{}T{}{zone}", date(&moment), clock(&moment))
        }
        DataType::Interval(unit) => span(array, row, *unit),
        _ => return None,
    };
    Some(json!(text))
}

/// A day, with a sign before a year that has not four digits.
fn date(moment: &DateTime<Utc>) -> String {
    moment.date_naive().to_string()
}

/// A time of day, with as many decimals as it needs.
fn clock(moment: &DateTime<Utc>) -> String {
    let mut text = moment.format("%H:%M:%S").to_string();
    push_fraction(&mut text, i64::from(moment.timestamp_subsec_nanos()));
    text
}

fn push_fraction(text: &mut String, nanos: i64) {
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}

/// An interval in ISO 8601; months, days and the time of day have each a sign of their own.
fn span(array: &ArrayRef, row: usize, unit: IntervalUnit) -> String {
    let (months, days, nanos) = match unit {
        IntervalUnit::YearMonth => (i64::from(native::<IntervalYearMonthType>(array, row)), 0, 0),
        IntervalUnit::DayTime => {
            let span = native::<IntervalDayTimeType>(array, row);
            (0, i64::from(span.days), i64::from(span.milliseconds) * NANOS_PER_MILLISECOND)
        }
        IntervalUnit::MonthDayNano => {
            let span = native::<IntervalMonthDayNanoType>(array, row);
            (i64::from(span.months), i64::from(span.days), span.nanoseconds)
        }
    };
    iso_span(months, days, nanos)
}

fn iso_span(months: i64, days: i64, nanos: i64) -> String {
    const SECONDS_PER_MINUTE: i64 = 60;
    const SECONDS_PER_HOUR: i64 = 60 * SECONDS_PER_MINUTE;
    let part = |count: i64, unit: char| if count == 0 { String::new() } else { format!("{count}{unit}") };
    let mut text = format!("P{}{}{}", part(months / 12, 'Y'), part(months % 12, 'M'), part(days, 'D'));
    if nanos != 0 {
        let seconds = nanos / NANOS_PER_SECOND;
        let hours = part(seconds / SECONDS_PER_HOUR, 'H');
        let minutes = part(seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE, 'M');
        text.push_str(&format!("T{hours}{minutes}"));
        let (seconds, fraction) = (seconds % SECONDS_PER_MINUTE, nanos % NANOS_PER_SECOND);
        if (seconds, fraction) != (0, 0) {
            let sign = if nanos < 0 { "-" } else { "" };
            // Writing to a text cannot fail.
            let _ = write!(text, "{sign}{}", seconds.abs());
            push_fraction(&mut text, fraction.abs());
            text.push('S');
        }
    }
    if text == "P" { "PT0S".to_owned() } else { text }
}

/// Lists and structures.
fn nested(array: &ArrayRef, row: usize) -> Result<Value, String> {
    let list = |items: &ArrayRef| (0..items.len()).map(|at| cell(items, at)).collect::<Result<Value, _>>();
    match array.data_type() {
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            let member = members.map(|(field, column)| Ok((field.name().clone(), cell(column, row)?)));
            member.collect::<Result<Map<_, _>, String>>().map(Value::from)
        }
        other => Err(format!("has a value of the type {other} that has no form here")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Date32Array, Decimal128Array, Float32Array, Float64Array, ListArray, Time64MicrosecondArray,
        TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::Int32Type;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{cell, iso_span};

    fn decimal(digits: i128, scale: i8) -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![digits]).with_precision_and_scale(38, scale).expect("it fits"))
    }

    fn list() -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]))
    }

    #[rstest]
    #[case::whole(decimal(42, 0), json!(42))]
    #[case::beyond_64_bits(decimal(i128::from(i64::MAX) + 1, 0), json!("9223372036854775808"))]
    #[case::zeros(decimal(150, 2), json!("1.50"))]
    #[case::small(decimal(-5, 3), json!("-0.005"))]
    #[case::real(Arc::new(Float32Array::from(vec![0.1])), json!(0.1))]
    #[case::nan(Arc::new(Float64Array::from(vec![f64::NAN])), json!("NaN"))]
    #[case::infinity(Arc::new(Float64Array::from(vec![f64::NEG_INFINITY])), json!("-Infinity"))]
    #[case::large(Arc::new(UInt64Array::from(vec![u64::MAX])), json!(u64::MAX))]
    #[case::null(Arc::new(UInt64Array::from(vec![None])), Value::Null)]
    #[case::date(Arc::new(Date32Array::from(vec![19_782])), json!("2024-02-29"))]
    #[case::before_christ(Arc::new(Date32Array::from(vec![-735_160])), json!("-0043-03-15"))]
    #[case::time(Arc::new(Time64MicrosecondArray::from(vec![45_296_120_000])), json!("12:34:56.12"))]
    #[case::midnight(Arc::new(TimestampMicrosecondArray::from(vec![0])), json!("1970-01-01T00:00:00"))]
    #[case::before_1970(Arc::new(TimestampMicrosecondArray::from(vec![-1])), json!("1969-12-31T23:59:59.999999"))]
    #[case::zone(
        Arc::new(TimestampNanosecondArray::from(vec![1]).with_timezone("Europe/Zurich")),
        json!("1970-01-01T00:00:00.000000001+00:00")
    )]
    #[case::list(list(), json!([1, null]))]
    fn values_are_written_as_query_writes_them(#[case] array: ArrayRef, #[case] expected: Value) {
        assert_eq!(cell(&array, 0), Ok(expected));
    }

    #[rstest]
    #[case::zero(0, 0, 0, "PT0S")]
    #[case::mixed(14, -3, 3_661_500_000_000, "P1Y2M-3DT1H1M1.5S")]
    #[case::negative(-1, 0, -500_000_000, "P-1MT-0.5S")]
    fn intervals_are_iso(#[case] months: i64, #[case] days: i64, #[case] nanos: i64, #[case] text: &str) {
        assert_eq!(iso_span(months, days, nanos), text);
    }
}
