//! Dates, times and intervals as ISO 8601 text.

use std::fmt::Write as _;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_HOUR: i64 = 3_600;
const MICROS_PER_DAY: u64 = 86_400 * MICROS_PER_SECOND.unsigned_abs();

/// A day, counted as Hyper counts it: Julian day numbers.
pub(super) fn date(julian_day: i64) -> String {
    const LAST_YEAR_OF_FOUR_DIGITS: i64 = 9_999;
    let (year, month, day) = civil(julian_day);
    match year {
        0..=LAST_YEAR_OF_FOUR_DIGITS => format!("{year:04}-{month:02}-{day:02}"),
        // ISO 8601 writes the sign of a year that has not four digits; the year 0 is 1 BC.
        _ => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

/// A time of day, from microseconds since midnight.
pub(super) fn time(micros: i64) -> String {
    let seconds = micros / MICROS_PER_SECOND;
    let mut text = format!("{:02}:{:02}:{:02}", seconds / SECONDS_PER_HOUR, seconds / 60 % 60, seconds % 60);
    push_fraction(&mut text, micros % MICROS_PER_SECOND);
    text
}

/// A moment, from microseconds since the Julian day number 0. The latest ones need all 64 bits.
pub(super) fn timestamp(micros: u64) -> String {
    let day = i64::try_from(micros / MICROS_PER_DAY).unwrap_or(i64::MAX);
    let of_day = i64::try_from(micros % MICROS_PER_DAY).unwrap_or(i64::MAX);
    format!("{}T{}", date(day), time(of_day))
}

/// An interval: microseconds, days and months, each with a sign of its own.
pub(super) fn interval(bytes: &[u8; 16]) -> String {
    let [micros, packed] = [0, 8].map(|at| {
        let mut half = [0; 8];
        half.copy_from_slice(&bytes[at..at + 8]);
        i64::from_le_bytes(half)
    });
    let (days, months) = (packed << 32 >> 32, packed >> 32);
    let mut text = String::from("P");
    push_part(&mut text, months / 12, 'Y');
    push_part(&mut text, months % 12, 'M');
    push_part(&mut text, days, 'D');
    if micros != 0 {
        text.push('T');
        let seconds = micros / MICROS_PER_SECOND;
        push_part(&mut text, seconds / SECONDS_PER_HOUR, 'H');
        push_part(&mut text, seconds / 60 % 60, 'M');
        push_seconds(&mut text, seconds % 60, micros % MICROS_PER_SECOND);
    }
    if text == "P" { "PT0S".to_owned() } else { text }
}

fn push_part(text: &mut String, value: i64, unit: char) {
    if value != 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "{value}{unit}");
    }
}

fn push_seconds(text: &mut String, seconds: i64, micros: i64) {
    if seconds == 0 && micros == 0 {
        return;
    }
    let sign = if seconds < 0 || micros < 0 { "-" } else { "" };
    let _ = write!(text, "{sign}{}", seconds.abs());
    push_fraction(text, micros.abs());
    text.push('S');
}

fn push_fraction(text: &mut String, micros: i64) {
    if micros != 0 {
        let _ = write!(text, ".{micros:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// Year, month and day of the proleptic Gregorian calendar, by the usual count of days in eras of 400 years.
fn civil(julian_day: i64) -> (i64, i64, i64) {
    const JULIAN_DAY_OF_YEAR_ZERO_MARCH_FIRST: i64 = 1_721_120;
    const DAYS_PER_ERA: i64 = 146_097;
    const DAYS_PER_CENTURY: i64 = 36_524;
    const DAYS_PER_FOUR_YEARS: i64 = 1_461;
    let days = julian_day - JULIAN_DAY_OF_YEAR_ZERO_MARCH_FIRST;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / (DAYS_PER_FOUR_YEARS - 1) + day_of_era / DAYS_PER_CENTURY
        - day_of_era / (DAYS_PER_ERA - 1))
        / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{MICROS_PER_DAY, date, interval, time, timestamp};

    #[rstest]
    #[case::epoch(2_440_588, "1970-01-01")]
    #[case::leap_day(2_451_604, "2000-02-29")]
    #[case::first(1_721_426, "0001-01-01")]
    #[case::last(5_373_484, "9999-12-31")]
    #[case::before_christ(1_705_428, "-0043-03-15")]
    fn dates_are_iso(#[case] julian_day: i64, #[case] text: &str) {
        assert_eq!(date(julian_day), text);
    }

    #[rstest]
    #[case::midnight(0, "00:00:00")]
    #[case::fraction(45_296_120_000, "12:34:56.12")]
    #[case::last(86_399_999_999, "23:59:59.999999")]
    fn times_are_iso(#[case] micros: i64, #[case] text: &str) {
        assert_eq!(time(micros), text);
    }

    #[rstest]
    #[case::epoch(2_440_588 * MICROS_PER_DAY + 1, "1970-01-01T00:00:00.000001")]
    #[case::first(0, "-4713-11-24T00:00:00")]
    #[case::last(109_203_528 * MICROS_PER_DAY - 1, "+294276-12-31T23:59:59.999999")]
    fn timestamps_are_iso(#[case] micros: u64, #[case] text: &str) {
        assert_eq!(timestamp(micros), text);
    }

    #[rstest]
    #[case::zero(0, 0, 0, "PT0S")]
    #[case::mixed(14, -3, 3_661_500_000, "P1Y2M-3DT1H1M1.5S")]
    #[case::negative(-1, 0, -500_000, "P-1MT-0.5S")]
    fn intervals_are_iso(#[case] months: i32, #[case] days: i32, #[case] micros: i64, #[case] text: &str) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&micros.to_le_bytes());
        bytes[8..12].copy_from_slice(&days.to_le_bytes());
        bytes[12..].copy_from_slice(&months.to_le_bytes());
        assert_eq!(interval(&bytes), text);
    }
}
