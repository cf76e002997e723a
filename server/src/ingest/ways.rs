//! In which ways a text can be read as a type that somebody asked for.
//!
//! hyperd reads `1,200` as 1200 and `04/12/2018` as 12 April, whatever was meant, rounds decimals that are too long and
//! drops time zones. So each text is looked at here first. Many can be read in one of two styles, and the other texts of
//! the column show which one was meant. What no style reads without loss is refused with the way out.

use super::calendar::{self, Moment};
use super::types::SqlType;

/// The two styles in which a column's texts can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Point decimals, commas between thousands; the month before the day.
    First = 0,
    /// Comma decimals, points between thousands; the day before the month.
    Second = 1,
}

/// Why a text is no value of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Unknown,
    Empty,
    Fraction,
    Exponent,
    Range,
    /// Digits after the point that the type would round away.
    Scale,
    Percent,
    Negative,
    Currency,
    TwoDigitYear,
    Compact,
    Clock,
    Half,
    Zone,
    NamedZone,
    Microseconds,
    TooLong,
}

/// What a text is in one style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is not written in that style.
    No,
    /// A value of the type.
    Yes,
    /// Written in that style, but not a value of the type.
    Misfit(Why),
}

/// What a text can be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reads {
    /// By [`Style`].
    pub(super) fits: [Fit; 2],
    /// Whether the two styles read different values.
    pub(super) differ: bool,
    /// Whether hyperd's reader finds that value of the first style in the text as it stands, whatever its settings.
    pub(super) native: bool,
    /// A date and time without a time zone, where one is asked for.
    pub(super) zoneless: bool,
}

impl Reads {
    fn alike(fit: Fit) -> Self {
        Self { fits: [fit, fit], differ: false, native: true, zoneless: false }
    }

    fn never(why: Why) -> Self {
        Self::alike(Fit::Misfit(why))
    }
}

/// Whether texts of the type are looked at here; of the others hyperd decides.
pub(super) fn knows(wanted: SqlType) -> bool {
    !matches!(
        wanted,
        SqlType::Text | SqlType::Bytes | SqlType::Interval | SqlType::Json | SqlType::Geography | SqlType::Other(_)
    )
}

/// Reads a text, which is not NULL, as a type that [`knows`] names.
pub(super) fn reads(text: &str, wanted: SqlType) -> Reads {
    if let SqlType::VarChar(length) | SqlType::Char(length) = wanted {
        let fits = u32::try_from(text.chars().count()).is_ok_and(|count| count <= length);
        return Reads::alike(if fits { Fit::Yes } else { Fit::Misfit(Why::TooLong) });
    }
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Reads::never(Why::Empty);
    }
    match wanted {
        SqlType::Boolean => Reads::alike(if is_boolean(text) { Fit::Yes } else { Fit::Misfit(Why::Unknown) }),
        SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::TimestampTz => temporal(text, wanted),
        _ => number(text, wanted),
    }
}

fn is_boolean(text: &str) -> bool {
    ["t", "f", "true", "false", "y", "n", "yes", "no", "on", "off", "1", "0"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

fn temporal(text: &str, wanted: SqlType) -> Reads {
    let moment = match calendar::read(text, wanted == SqlType::Time) {
        Ok(moment) => moment,
        Err(why) => return Reads::never(why),
    };
    let Moment { month_first, day_first, has_clock, has_zone, is_iso } = moment;
    let why = match wanted {
        SqlType::Date if has_clock => Some(Why::Clock),
        SqlType::Time | SqlType::Timestamp if has_zone => Some(Why::Zone),
        _ => None,
    };
    let fit = |day: Option<(u8, u8)>| match (day, why) {
        (None, _) => Fit::No,
        (Some(_), Some(why)) => Fit::Misfit(why),
        (Some(_), None) => Fit::Yes,
    };
    Reads {
        fits: [fit(month_first), fit(day_first)],
        differ: month_first.is_some() && day_first.is_some() && month_first != day_first,
        native: is_iso,
        zoneless: wanted == SqlType::TimestampTz && !has_zone,
    }
}

/// A number as it is written in one style, spelled as hyperd and Rust spell it.
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
    exponent: Option<i32>,
}

fn number(text: &str, wanted: SqlType) -> Reads {
    let is_float = matches!(wanted, SqlType::Real | SqlType::Double);
    if is_float && ["nan", "inf", "-inf", "infinity", "-infinity"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Reads::alike(Fit::Yes);
    }
    let styles = [decimal(text, '.', ','), decimal(text, ',', '.')];
    if let [None, None] = styles {
        return Reads::never(stranger(text));
    }
    let differ = match &styles {
        [Some(first), Some(second)] => (&first.whole, &first.fraction) != (&second.whole, &second.fraction),
        _ => false,
    };
    let fits = styles.map(|decimal| decimal.map_or(Fit::No, |decimal| fits(&decimal, wanted)));
    Reads { fits, differ, native: !text.contains(','), zoneless: false }
}

/// Says of a text that is no number what stands in the way.
fn stranger(text: &str) -> Why {
    let is_number = |text: &str| decimal(text.trim(), '.', ',').is_some() || decimal(text.trim(), ',', '.').is_some();
    if text.strip_suffix('%').is_some_and(is_number) {
        return Why::Percent;
    }
    if text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).is_some_and(is_number) {
        return Why::Negative;
    }
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+');
    // A sign or code of a currency, blanks or apostrophes between thousands.
    let bare: String = text.chars().filter(|c| is_part(*c)).collect();
    if is_number(&bare) { Why::Currency } else { Why::Unknown }
}

/// Reads a number with this mark between whole and fraction, and this one between thousands.
fn decimal(text: &str, mark: char, between: char) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (body, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((body, exponent)) => (body, Some(exponent.parse().ok()?)),
        None => (unsigned, None),
    };
    let (whole, fraction) = body.split_once(mark).unwrap_or((body, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(between);
    let first = groups.next().unwrap_or_default();
    let mut grouped = groups.clone().peekable();
    if grouped.peek().is_some() {
        let leads = (1..=GROUP_DIGITS).contains(&first.len()) && !first.starts_with('0') && exponent.is_none();
        if !leads || grouped.any(|group| group.len() != GROUP_DIGITS) {
            return None;
        }
    }
    let whole: String = whole.chars().filter(|c| *c != between).collect();
    let sound = are_digits(&whole) && are_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let negative = text.starts_with('-');
    sound.then(|| Decimal { negative, whole, fraction: fraction.to_owned(), exponent })
}

/// Digits between two marks of thousands.
const GROUP_DIGITS: usize = 3;

fn fits(decimal: &Decimal, wanted: SqlType) -> Fit {
    let whole = decimal.whole.trim_start_matches('0');
    let fraction = decimal.fraction.trim_end_matches('0');
    let range = |inside: bool| if inside { Fit::Yes } else { Fit::Misfit(Why::Range) };
    match wanted {
        SqlType::Real | SqlType::Double => {
            let sign = if decimal.negative { "-" } else { "" };
            let exponent = decimal.exponent.unwrap_or_default();
            let value: f64 = format!("{sign}0{whole}.{fraction}0e{exponent}").parse().unwrap_or(f64::INFINITY);
            let (least, most) = match wanted {
                SqlType::Real => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
                _ => (f64::MIN_POSITIVE, f64::MAX),
            };
            let is_zero = whole.is_empty() && fraction.trim_start_matches('0').is_empty();
            range(is_zero || (least..=most).contains(&value.abs()))
        }
        SqlType::Numeric { precision, scale } => match decimal.exponent {
            Some(_) => Fit::Misfit(Why::Exponent),
            None if fraction.len() > usize::from(scale) => Fit::Misfit(Why::Scale),
            None => range(whole.len() <= usize::from(precision - scale)),
        },
        _ if !decimal.fraction.is_empty() || decimal.exponent.is_some() => Fit::Misfit(Why::Fraction),
        _ => {
            let digits = if whole.is_empty() { "0" } else { whole };
            let value = digits.parse::<i128>().map(|value| if decimal.negative { -value } else { value });
            range(value.is_ok_and(|value| bounds(wanted).contains(&value)))
        }
    }
}

/// What a type of whole numbers holds.
fn bounds(wanted: SqlType) -> std::ops::RangeInclusive<i128> {
    match wanted {
        SqlType::SmallInt => i16::MIN.into()..=i16::MAX.into(),
        SqlType::Integer => i32::MIN.into()..=i32::MAX.into(),
        SqlType::Oid => 0..=u32::MAX.into(),
        _ => i64::MIN.into()..=i64::MAX.into(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Fit, Why, reads};
    use crate::ingest::types::SqlType;

    fn styles(text: &str, wanted: &str) -> (bool, bool, bool) {
        let reads = reads(text, SqlType::parse(wanted).expect("a known type"));
        (reads.fits[0] == Fit::Yes, reads.fits[1] == Fit::Yes, reads.differ)
    }

    #[rstest]
    #[case("7", "double", (true, true, false))]
    #[case("-1.25", "double", (true, false, false))]
    #[case("1,200", "double", (true, true, true))]
    #[case("-1.200", "double", (true, true, true))]
    #[case("1,234.56", "double", (true, false, false))]
    #[case("1.234,56", "double", (false, true, false))]
    #[case("1,234,567", "double", (true, false, false))]
    #[case("1.234.567", "bigint", (false, true, false))]
    #[case("1,200", "bigint", (true, false, true))]
    #[case("0,123", "double", (false, true, false))]
    #[case("12,5", "numeric(5,1)", (false, true, false))]
    #[case("1.5e3", "double", (true, false, false))]
    #[case("1.200e3", "double", (true, false, false))]
    #[case("04/12/2018", "date", (true, true, true))]
    #[case("05/05/2018", "date", (true, true, false))]
    #[case("13.12.2018", "date", (false, true, false))]
    #[case("12-13-2018", "date", (true, false, false))]
    #[case("2012/1/2", "date", (true, true, false))]
    #[case("12 Apr 2018", "date", (true, true, false))]
    #[case("April 12, 2018", "date", (true, true, false))]
    #[case("4/12/2018 10:05", "timestamp", (true, true, true))]
    #[case("2018-04-12 10:05:00 UTC", "timestamptz", (true, true, false))]
    #[case("2018-04-12T10:05:00+02:00", "timestamptz", (true, true, false))]
    #[case("10:05 pm", "time", (true, true, false))]
    #[case("Yes", "boolean", (true, true, false))]
    fn reads_in_styles(#[case] text: &str, #[case] wanted: &str, #[case] expected: (bool, bool, bool)) {
        assert_eq!(styles(text, wanted), expected);
    }

    #[rstest]
    #[case("5%", "double", Why::Percent)]
    #[case("(5)", "double", Why::Negative)]
    #[case("$ 5", "double", Why::Currency)]
    #[case("1'200", "double", Why::Currency)]
    #[case("abc", "double", Why::Unknown)]
    #[case("", "date", Why::Empty)]
    #[case("1e400", "double", Why::Range)]
    #[case("1e-400", "double", Why::Range)]
    #[case("70000", "smallint", Why::Range)]
    #[case("1e3", "bigint", Why::Fraction)]
    #[case("04/12/18", "date", Why::TwoDigitYear)]
    #[case("12-Apr-18", "date", Why::TwoDigitYear)]
    #[case("20180412", "date", Why::Compact)]
    #[case("31/02/2018", "date", Why::Unknown)]
    #[case("2018-04-12 10:00", "date", Why::Clock)]
    #[case("2018-04-12 10:00Z", "timestamp", Why::Zone)]
    #[case("2018-04-12 10:00 PM", "timestamp", Why::Half)]
    #[case("10:00+02:00", "time", Why::Zone)]
    #[case("2018-04-12 10:00 IST", "timestamptz", Why::NamedZone)]
    #[case("2018-04-12 10:00:00.1234567", "timestamp", Why::Microseconds)]
    #[case("13:00 PM", "time", Why::Unknown)]
    #[case("12345", "varchar(4)", Why::TooLong)]
    #[case("ja", "boolean", Why::Unknown)]
    fn says_why_not(#[case] text: &str, #[case] wanted: &str, #[case] why: Why) {
        let reads = reads(text, SqlType::parse(wanted).expect("a known type"));
        assert_eq!(reads.fits, [Fit::Misfit(why); 2]);
    }

    #[test]
    fn digits_are_never_rounded_away() {
        let wanted = SqlType::parse("numeric(9,2)").expect("a known type");
        assert_eq!(reads("1.2345", wanted).fits[0], Fit::Misfit(Why::Scale));
        assert_eq!(reads("1.2300", wanted).fits[0], Fit::Yes);
        assert_eq!(reads("12345678", wanted).fits[0], Fit::Misfit(Why::Range));
    }
}
