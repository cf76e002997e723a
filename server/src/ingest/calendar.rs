//! Dates and times of day as people write them: in one way only, or with day and month in an order that must be known.

use super::ways::Why;

/// Digits after the second that hyperd keeps.
const FRACTION_DIGITS_MAX: usize = 6;
/// Characters of `YYYY-MM-DD`.
const ISO_DATE_CHARS: usize = 10;
/// Digits of a date without any mark between its parts.
const COMPACT_DIGITS: usize = 8;
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A date, a time of day or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Month and day, where the month may come first.
    pub(super) month_first: Option<(u8, u8)>,
    /// Month and day, where the day may come first.
    pub(super) day_first: Option<(u8, u8)>,
    pub(super) has_clock: bool,
    pub(super) has_zone: bool,
    /// Whether it is written as ISO 8601 has it, which hyperd reads whatever its settings are.
    pub(super) is_iso: bool,
}

/// Reads a date with or without a time of day, or a time of day alone.
pub(super) fn read(text: &str, clock_only: bool) -> Result<Moment, Why> {
    let mut moment =
        Moment { month_first: Some((1, 1)), day_first: Some((1, 1)), has_clock: true, has_zone: false, is_iso: true };
    if clock_only {
        moment.has_zone = clock(text)?.zone.is_some();
        return Ok(moment);
    }
    let (day, rest) = split(text);
    (moment.month_first, moment.day_first) = date(day)?;
    moment.has_clock = !rest.is_empty();
    moment.is_iso =
        day.len() == ISO_DATE_CHARS && day.chars().filter(|c| *c == '-').count() == 2 && day.as_bytes()[4] == b'-';
    if moment.has_clock {
        let clock = clock(rest)?;
        if clock.is_half {
            return Err(Why::Half);
        }
        moment.has_zone = clock.zone.is_some();
        moment.is_iso &=
            clock.zone.is_none_or(|zone| zone == "Z" || (!zone.contains(char::is_alphabetic) && !rest.contains(' ')));
    }
    Ok(moment)
}

/// The date, and the time of day behind it.
fn split(text: &str) -> (&str, &str) {
    let Some(colon) = text.find(':') else { return (text, "") };
    let start = text[..colon].rfind([' ', 'T']).unwrap_or(colon);
    (text[..start].trim_end(), &text[(start + 1).min(colon)..])
}

type MonthAndDay = Option<(u8, u8)>;

/// Month and day by the two orders; the same where only one is possible by the way it is written.
fn date(text: &str) -> Result<(MonthAndDay, MonthAndDay), Why> {
    let is_mark = |c: char| matches!(c, '-' | '/' | '.');
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if are_digits(text) && text.len() == COMPACT_DIGITS {
        return Err(Why::Compact);
    }
    if text.chars().any(|c| c.is_ascii_alphabetic()) {
        return named(text).map(|day| (Some(day), Some(day)));
    }
    let parts: Vec<&str> = text.split(is_mark).collect();
    let marks: Vec<char> = text.chars().filter(|c| is_mark(*c)).collect();
    let [a, b, c] = parts[..] else { return Err(Why::Unknown) };
    if marks[0] != marks[1] || ![a, b, c].iter().all(|part| are_digits(part)) {
        return Err(Why::Unknown);
    }
    match (a.len(), b.len(), c.len()) {
        (4, 1..=2, 1..=2) => {
            let day = on_calendar(a, b, c);
            if day.is_some() { Ok((day, day)) } else { Err(Why::Unknown) }
        }
        (1..=2, 1..=2, 4) => match (on_calendar(c, a, b), on_calendar(c, b, a)) {
            (None, None) => Err(Why::Unknown),
            orders => Ok(orders),
        },
        (1..=2, 1..=2, 2) => Err(Why::TwoDigitYear),
        _ => Err(Why::Unknown),
    }
}

/// A date whose month is a word: `12 Apr 2018`, `April 12, 2018`, `12-Apr-2018`.
fn named(text: &str) -> Result<(u8, u8), Why> {
    let parts: Vec<&str> = text.split([' ', '-', '/', '.', ',']).filter(|part| !part.is_empty()).collect();
    let (month, day, year) = match parts[..] {
        [a, b, c] if month(a).is_some() => (month(a), b, c),
        [a, b, c] if month(b).is_some() => (month(b), a, c),
        _ => return Err(Why::Unknown),
    };
    match (month, year.len()) {
        (Some(_), 2) => Err(Why::TwoDigitYear),
        (Some(month), 4) if day.len() <= 2 => on_calendar(year, &month.to_string(), day).ok_or(Why::Unknown),
        _ => Err(Why::Unknown),
    }
}

fn month(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    let is = |month: &str| month == word || month[..3] == *word;
    MONTHS.iter().position(|month| is(month)).map(|at| at + 1)
}

fn on_calendar(year: &str, month: &str, day: &str) -> MonthAndDay {
    let (year, month, day): (u16, u8, u8) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let is_there = year >= 1 && (1..=days(year, month)?).contains(&day);
    is_there.then_some((month, day))
}

/// How many days a month has, if there is such a month.
pub(super) fn days(year: u16, month: u8) -> Option<u8> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    })
}

/// A time of day, as far as it matters how it is written.
struct Clock<'a> {
    /// It has AM or PM.
    is_half: bool,
    zone: Option<&'a str>,
}

/// Reads `H:MM[:SS[.ffffff]]` with AM or PM and a time zone, each where there is one.
fn clock(text: &str) -> Result<Clock<'_>, Why> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let (whole, fraction) = time.split_once('.').map_or((time, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<&str> = whole.split(':').collect();
    let (hour, others) = match parts[..] {
        [hour, minute] if fraction.is_none() => (hour, vec![minute]),
        [hour, minute, second] => (hour, vec![minute, second]),
        _ => return Err(Why::Unknown),
    };
    let number = |part: &str| part.parse::<u8>().ok().filter(|_| part.len() <= 2);
    let hour = number(hour).ok_or(Why::Unknown)?;
    if others.iter().any(|part| part.len() != 2 || number(part).is_none_or(|value| value > 59)) {
        return Err(Why::Unknown);
    }
    match fraction {
        Some(digits) if digits.is_empty() || digits.contains('.') => return Err(Why::Unknown),
        Some(digits) if digits.len() > FRACTION_DIGITS_MAX => return Err(Why::Microseconds),
        _ => {}
    }
    let rest = rest.trim();
    let half = rest.get(..2).filter(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
    let hours = if half.is_some() { 1..=12 } else { 0..=23 };
    if !hours.contains(&hour) {
        return Err(Why::Unknown);
    }
    let zone = rest[half.map_or(0, str::len)..].trim();
    let is_half = half.is_some();
    if zone.is_empty() {
        return Ok(Clock { is_half, zone: None });
    }
    let is_utc = ["Z", "UTC", "GMT", "z", "utc", "gmt"].contains(&zone);
    if is_utc || super::spelling::is_offset(zone.as_bytes()) {
        return Ok(Clock { is_half, zone: Some(zone) });
    }
    Err(if zone.starts_with(|c: char| c.is_ascii_alphabetic()) { Why::NamedZone } else { Why::Unknown })
}
