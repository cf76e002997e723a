//! What a single cell's spelling says about its type.
//!
//! Only spellings that hyperd's own reader turns into the very same value are accepted; everything else is text.

use std::str;

use super::calendar::days;

/// Words that stand for a missing value in a column of numbers, dates or booleans, and are text anywhere else.
pub(super) const NULL_MARKERS: [&str; 4] = ["NA", "N/A", "NULL", "null"];

/// Words that people write for a missing value, the markers among them. Where a column is text they stay, and are told.
pub(super) const MISSING_WORDS: [&str; 19] = [
    "NA", "N/A", "NULL", "null", "n/a", "na", "Null", "NaN", "nan", "NaT", "None", "none", "NONE", "nil", "<NA>",
    "#N/A", "-", ".", "?",
];
/// Bytes of the longest of them.
const MISSING_WORD_BYTES_MAX: usize = 4;

/// The place of a cell among [`MISSING_WORDS`], if it is one of them.
pub(super) fn missing_word(cell: &[u8]) -> Option<usize> {
    let may_be = cell.len() <= MISSING_WORD_BYTES_MAX
        && matches!(cell.first(), Some(b'N' | b'n' | b'<' | b'#' | b'-' | b'.' | b'?'));
    may_be.then(|| MISSING_WORDS.iter().position(|word| word.as_bytes() == cell)).flatten()
}

/// The most digits that an integer can have and still be a `numeric`.
const WIDE_DIGITS_MAX: usize = 38;
/// Digits after the second that a timestamp keeps.
const FRACTION_DIGITS_MAX: usize = 6;
/// Integers beyond this (2^53) are not all doubles.
const DOUBLE_EXACT_MAX: u64 = 1 << 53;
/// Hours east or west of Greenwich that a time zone can be.
const OFFSET_HOURS_MAX: u8 = 14;

/// What one cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `true` or `false`, in any case.
    Boolean,
    /// A whole number of 64 bits; `exact` while a double keeps it too.
    Integer { digits: u8, exact: bool },
    /// A whole number beyond 64 bits, up to 38 digits.
    Wide { digits: u8 },
    /// A decimal number without exponent.
    Decimal { digits: u8, scale: u8 },
    /// A number with an exponent, finite as a double.
    Exponent,
    /// `NaN`, `Infinity` or `-Infinity`.
    NotFinite,
    /// A calendar date that begins with its year.
    Date,
    /// An ISO 8601 date and time of day without time zone.
    Timestamp,
    /// An ISO 8601 date and time of day with its offset.
    TimestampTz,
    /// An ISO 8601 time of day.
    Time,
    /// One of [`NULL_MARKERS`].
    Marker,
    /// Anything else.
    Text,
}

/// Reads one cell, without its quotes. The cell is not empty.
pub(super) fn spelling(cell: &[u8]) -> Spelling {
    match cell[0] {
        b'0'..=b'9' | b'-' | b'.' => number(cell).or_else(|| temporal(cell)).unwrap_or(Spelling::Text),
        b't' | b'T' | b'f' | b'F' => {
            let is_boolean = cell.eq_ignore_ascii_case(b"true") || cell.eq_ignore_ascii_case(b"false");
            if is_boolean { Spelling::Boolean } else { Spelling::Text }
        }
        b'N' | b'n' | b'I' => word(cell),
        _ => Spelling::Text,
    }
}

fn word(cell: &[u8]) -> Spelling {
    if matches!(cell, b"NaN" | b"Infinity") {
        Spelling::NotFinite
    } else if NULL_MARKERS.iter().any(|marker| marker.as_bytes() == cell) {
        Spelling::Marker
    } else {
        Spelling::Text
    }
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

fn number(cell: &[u8]) -> Option<Spelling> {
    if cell == b"-Infinity" {
        return Some(Spelling::NotFinite);
    }
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    let whole = leading_digits(unsigned);
    let rest = &unsigned[whole..];
    // A number with leading zeros is an identifier: a postal code, an account, a part number.
    if whole > 1 && unsigned[0] == b'0' {
        return None;
    }
    match rest.first() {
        None if whole > 0 => integer(cell, unsigned),
        Some(b'.') => {
            let scale = leading_digits(&rest[1..]);
            match rest.get(1 + scale) {
                _ if scale == 0 => None,
                // The zero before the point is no digit that a type has to have room for.
                None => Some(decimal(if unsigned.starts_with(b"0.") { 0 } else { whole }, scale)),
                Some(b'e' | b'E') => exponent(cell),
                Some(_) => None,
            }
        }
        Some(b'e' | b'E') if whole > 0 => exponent(cell),
        _ => None,
    }
}

fn integer(cell: &[u8], unsigned: &[u8]) -> Option<Spelling> {
    let digits = u8::try_from(unsigned.len()).ok()?;
    // A whole number has no negative zero: only a float keeps its sign.
    if cell == b"-0" {
        return Some(Spelling::Decimal { digits: 1, scale: 0 });
    }
    if digits < 16 {
        return Some(Spelling::Integer { digits, exact: true });
    }
    if let Ok(value) = str::from_utf8(cell).ok()?.parse::<i64>() {
        return Some(Spelling::Integer { digits, exact: value.unsigned_abs() <= DOUBLE_EXACT_MAX });
    }
    (unsigned.len() <= WIDE_DIGITS_MAX).then_some(Spelling::Wide { digits })
}

fn decimal(whole: usize, scale: usize) -> Spelling {
    let clamp = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
    Spelling::Decimal { digits: clamp(whole), scale: clamp(scale) }
}

/// Beyond a double's range hyperd reads infinity or zero: such a spelling stays text.
fn exponent(cell: &[u8]) -> Option<Spelling> {
    let value: f64 = str::from_utf8(cell).ok()?.parse().ok()?;
    let mantissa = cell.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next()?;
    let is_zero = !mantissa.iter().any(|byte| (b'1'..=b'9').contains(byte));
    (value.is_finite() && (value.abs() >= f64::MIN_POSITIVE || is_zero)).then_some(Spelling::Exponent)
}

fn two_digits(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

fn temporal(cell: &[u8]) -> Option<Spelling> {
    if cell.get(2) == Some(&b':') {
        return (time_of_day(cell)? == cell.len()).then_some(Spelling::Time);
    }
    let end = calendar_date(cell)?;
    let Some(separator) = cell.get(end) else {
        return Some(Spelling::Date);
    };
    if !matches!(separator, b' ' | b'T') {
        return None;
    }
    let clock = &cell[end + 1..];
    match &clock[time_of_day(clock)?..] {
        b"" => Some(Spelling::Timestamp),
        b"Z" => Some(Spelling::TimestampTz),
        offset => is_offset(offset).then_some(Spelling::TimestampTz),
    }
}

/// The length of `YYYY-MM-DD` or `YYYY/M/D` at the start of the cell. Points stay text: so versions are written.
fn calendar_date(cell: &[u8]) -> Option<usize> {
    let mark = *cell.get(4).filter(|mark| matches!(mark, b'-' | b'/'))?;
    let year = u16::from(two_digits(cell, 0)?) * 100 + u16::from(two_digits(cell, 2)?);
    let (month, after) = one_or_two_digits(cell, 5)?;
    if cell.get(after) != Some(&mark) {
        return None;
    }
    let (day, end) = one_or_two_digits(cell, after + 1)?;
    let is_padded = end == "YYYY-MM-DD".len();
    (year >= 1 && (1..=days(year, month)?).contains(&day) && (is_padded || mark == b'/')).then_some(end)
}

/// A number and where it ends.
fn one_or_two_digits(text: &[u8], at: usize) -> Option<(u8, usize)> {
    if let Some(value) = two_digits(text, at) {
        return Some((value, at + 2));
    }
    text.get(at).filter(|digit| digit.is_ascii_digit()).map(|digit| (digit - b'0', at + 1))
}

/// The length of `HH:MM[:SS[.ffffff]]` at the start of `text`.
fn time_of_day(text: &[u8]) -> Option<usize> {
    if text.get(2) != Some(&b':') || two_digits(text, 0)? > 23 || two_digits(text, 3)? > 59 {
        return None;
    }
    if text.get(5) != Some(&b':') {
        return Some(5);
    }
    if two_digits(text, 6)? > 59 {
        return None;
    }
    if text.get(8) != Some(&b'.') {
        return Some(8);
    }
    let fraction = leading_digits(&text[9..]);
    (1..=FRACTION_DIGITS_MAX).contains(&fraction).then_some(9 + fraction)
}

/// `+HH`, `+HHMM` or `+HH:MM`, either sign.
pub(super) fn is_offset(text: &[u8]) -> bool {
    if !matches!(text.first(), Some(b'+' | b'-')) || two_digits(text, 1).is_none_or(|hours| hours > OFFSET_HOURS_MAX) {
        return false;
    }
    let minutes = match text.len() {
        3 => Some(0),
        5 => two_digits(text, 3),
        6 if text[3] == b':' => two_digits(text, 4),
        _ => None,
    };
    minutes.is_some_and(|minutes| minutes <= 59)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Spelling, spelling};

    #[rstest]
    #[case("1", Spelling::Integer { digits: 1, exact: true })]
    #[case("-9223372036854775808", Spelling::Integer { digits: 19, exact: false })]
    #[case("9223372036854775808", Spelling::Wide { digits: 19 })]
    #[case("99999999999999999999999999999999999999", Spelling::Wide { digits: 38 })]
    #[case("100000000000000000000000000000000000000", Spelling::Text)]
    #[case("0", Spelling::Integer { digits: 1, exact: true })]
    #[case("-0", Spelling::Decimal { digits: 1, scale: 0 })]
    #[case("1.25", Spelling::Decimal { digits: 1, scale: 2 })]
    #[case(".5", Spelling::Decimal { digits: 0, scale: 1 })]
    #[case("-1e-3", Spelling::Exponent)]
    #[case("2.5E10", Spelling::Exponent)]
    #[case("0e0", Spelling::Exponent)]
    #[case("NaN", Spelling::NotFinite)]
    #[case("-Infinity", Spelling::NotFinite)]
    #[case("TRUE", Spelling::Boolean)]
    #[case("2024-02-29", Spelling::Date)]
    #[case("2012/01/31", Spelling::Date)]
    #[case("2012/1/31", Spelling::Date)]
    #[case("2012/01/31 10:05", Spelling::Timestamp)]
    #[case("2024-01-02T03:04", Spelling::Timestamp)]
    #[case("2024-01-02 03:04:05.123456", Spelling::Timestamp)]
    #[case("2024-01-02T03:04:05Z", Spelling::TimestampTz)]
    #[case("2024-01-02 03:04:05.5+02:00", Spelling::TimestampTz)]
    #[case("23:59:59", Spelling::Time)]
    #[case("NA", Spelling::Marker)]
    fn keeps_what_hyperd_reads_alike(#[case] cell: &str, #[case] expected: Spelling) {
        assert_eq!(spelling(cell.as_bytes()), expected);
    }

    #[rstest]
    fn everything_else_is_text(
        #[values(
            "007",
            "00",
            "-007",
            "+5",
            "5.",
            "-",
            ".",
            "1e",
            "1e400",
            "1e-400",
            "1_000",
            "1,5",
            "0x10",
            "e5",
            "yes",
            "t",
            "nan",
            "Na",
            "2023-02-29",
            "2024-1-2",
            "01/02/2024",
            "2012/13/01",
            "2012/01-31",
            "2012.01.31",
            "2012/001/1",
            "20240102x",
            "2024-13-01",
            "0000-01-01",
            "24:00",
            "3:04",
            "03:04:60",
            "2024-01-02 03:04:05.1234567",
            "2024-01-02T03:04:05+15:00",
            "2024-01-02T",
            "2024-01-02x",
            "1.5.2",
            "12:",
            "2024-01-02T03:04:05 UTC",
            "1é",
            "-é"
        )]
        cell: &str,
    ) {
        assert_eq!(spelling(cell.as_bytes()), Spelling::Text);
    }
}
