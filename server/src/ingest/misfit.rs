//! Says of a text why it is no value of a type, or not one alone, and gives the way out that works.

use super::types::SqlType;
use super::ways::{Style, Why};
use crate::error::{Code, Error};
use crate::sql;
use crate::words::excerpt;

/// A column of an input, and the type that it is to have.
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    pub(super) input: &'a str,
    pub(super) sql_type: SqlType,
}

/// Where a text is.
pub(super) struct Place {
    pub(super) text: String,
    /// The line or object, where that is known: `line 2 of `.
    pub(super) record: Option<String>,
}

impl Place {
    fn shown(&self) -> String {
        match &self.record {
            Some(record) => format!("{} ({record})", excerpt(&self.text)),
            None => excerpt(&self.text),
        }
    }
}

/// What the answer says of moments without a time zone.
pub(super) fn zoneless(column: &str) -> String {
    format!("`{column}` was read in the time zone of hyperd (SHOW timezone) where it names none")
}

/// A date whose year comes last.
const YEAR_LAST: &str = r"'^(\d+)[-/.](\d+)[-/.](\d+)'";

impl Column<'_> {
    /// A text that can be read in two ways, in a column that does not show which one is meant.
    pub(super) fn open(&self, at: &Place) -> Error {
        let (first, second) = self.meanings(&at.text);
        let ways = (self.way_in(&at.text, Style::First), self.way_in(&at.text, Style::Second));
        self.refusal(
            at,
            &format!("can be {first} or {second}, and no value of the column shows which is meant"),
            &self.converted(&format!("{} for {first}, {} for {second}", ways.0, ways.1)),
        )
    }

    /// Two texts, each of which can be read in another style only.
    pub(super) fn contradiction(&self, first: &Place, second: &Place) -> Error {
        let (one, other) = self.styles();
        let ways = (self.way_in(&first.text, Style::First), self.way_in(&second.text, Style::Second));
        self.refusal(
            second,
            &format!("is written with {other}, and {} with {one}", first.shown()),
            &self.converted(&format!("{} and {}, each where it applies", ways.1, ways.0)),
        )
    }

    /// How a column was read that can be read in two ways.
    pub(super) fn note(&self, at: &Place, style: Style) -> String {
        let (first, second) = self.meanings(&at.text);
        let (one, other) = self.styles();
        let (read, style) = if style == Style::First { (first, one) } else { (second, other) };
        format!("`{}` was read with {style}: {} as {read}.", self.name, at.shown())
    }

    /// How a moment was read that says nothing of a time zone.
    pub(super) fn zoneless(&self, at: &Place) -> String {
        format!("{}: {}.", zoneless(self.name), at.shown())
    }

    /// Why a column stays text whose numbers another column makes doubtful.
    pub(super) fn left_as_text(&self, at: &Place, other: &str) -> String {
        let (first, second) = self.meanings(&at.text);
        let ways = (self.way_in(&at.text, Style::First), self.way_in(&at.text, Style::Second));
        format!(
            "`{}` was left as text: {} can be {first} or {second}, and `{other}` is written with the comma as decimal mark. \
             Convert it in SQL: {} for {first}, {} for {second}.",
            self.name,
            at.shown(),
            ways.0,
            ways.1
        )
    }

    /// A text with a comma as decimal mark where the other texts are not looked at.
    pub(super) fn comma(&self, at: &Place) -> Error {
        let way = self.converted(&self.way_in(&at.text, Style::Second));
        self.refusal(at, "is written with the comma as decimal mark", &way)
    }

    /// A text that is no value of the type.
    pub(super) fn misfit(&self, at: &Place, why: Why) -> Error {
        self.refusal(at, &self.reason(why), &self.way_out(&at.text, why))
    }

    fn refusal(&self, at: &Place, reason: &str, way_out: &str) -> Error {
        let (text, column, input) = (excerpt(&at.text), self.name, self.input);
        let place = at.record.as_ref().map(|record| format!("{record}, ")).unwrap_or_default();
        Error::new(Code::SchemaMismatch, format!("{text} ({place}column `{column}` of {input}) {reason}."))
            .suggest(format!("Nothing was changed. {way_out}."))
    }

    fn styles(&self) -> (&'static str, &'static str) {
        if self.sql_type.is_whole() {
            ("commas between thousands", "points between thousands")
        } else if self.sql_type.is_number() {
            ("the point as decimal mark", "the comma as decimal mark")
        } else {
            ("the month first", "the day first")
        }
    }

    /// What a text means in each style.
    fn meanings(&self, text: &str) -> (String, String) {
        let text = text.trim();
        if self.sql_type.is_number() {
            return (shortest(&text.replace(',', "")), shortest(&text.replace('.', "").replace(',', ".")));
        }
        let (day, clock) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
        let iso = |year, month, day| format!("{year}-{month:0>2}-{day:0>2} {clock}").trim_end().to_owned();
        match parts[..] {
            [a, b, year] => (iso(year, a, b), iso(year, b, a)),
            _ => (text.to_owned(), text.to_owned()),
        }
    }

    /// SQL that reads the column, as text, in one style.
    fn way_in(&self, text: &str, style: Style) -> String {
        let (name, wanted) = (sql::identifier(self.name), self.sql_type);
        if wanted.is_number() {
            return match style {
                Style::First if wanted.is_whole() && text.contains('.') => format!("CAST({name} AS DOUBLE PRECISION)"),
                Style::First => format!("CAST(REPLACE({name}, ',', '') AS {wanted})"),
                Style::Second => format!("CAST(REPLACE(REPLACE({name}, '.', ''), ',', '.') AS {wanted})"),
            };
        }
        let mark = text.chars().find(|c| matches!(c, '-' | '/' | '.')).unwrap_or('/');
        match (wanted, style) {
            (SqlType::Date, Style::First) => format!("TO_DATE({name}, 'MM{mark}DD{mark}YYYY')"),
            (SqlType::Date, Style::Second) => format!("TO_DATE({name}, 'DD{mark}MM{mark}YYYY')"),
            (_, style) => {
                let order = if style == Style::First { r"'\3-\1-\2'" } else { r"'\3-\2-\1'" };
                format!("CAST(REGEXP_REPLACE({name}, {YEAR_LAST}, {order}) AS {wanted})")
            }
        }
    }

    fn reason(&self, why: Why) -> String {
        let wanted = self.sql_type;
        match why {
            Why::Unknown => format!("is no {wanted}"),
            Why::Empty => format!("is an empty text in quotes, which is no {wanted} and not NULL"),
            Why::Fraction => format!("is no whole number, and {wanted} would round or cut it"),
            Why::Exponent => format!("is written with an exponent, and {wanted} could round it"),
            Why::Range => format!("is beyond what {wanted} holds"),
            Why::Scale => format!("has more decimals than {wanted} holds, which would round it"),
            Why::Percent => "can be a number of percent or a fraction of 1".to_owned(),
            Why::Negative => "is a number in parentheses, by which some mean a negative one".to_owned(),
            Why::Currency => "has more in it than a number".to_owned(),
            Why::TwoDigitYear => "has a year of two digits, and can be several dates".to_owned(),
            Why::Compact => "has no marks between year, month and day".to_owned(),
            Why::Clock => format!("has a time of day, which {wanted} would drop"),
            Why::Half => "has AM or PM behind a date".to_owned(),
            Why::Zone => format!("has a time zone, which {wanted} would drop"),
            Why::NamedZone => "names a time zone by a word that can mean several".to_owned(),
            Why::Microseconds => format!("has more digits after the second than the six that {wanted} holds"),
            Why::TooLong => format!("is longer than {wanted} holds"),
        }
    }

    fn way_out(&self, text: &str, why: Why) -> String {
        let (name, wanted) = (sql::identifier(self.name), self.sql_type);
        let convert = match why {
            Why::Range if wanted.is_whole() => return self.named("BIGINT, NUMERIC(38, 0) or TEXT", "mend the value"),
            Why::Fraction | Why::Range => {
                return self.named("DOUBLE PRECISION, NUMERIC(38, s) with s decimals or TEXT", "mend the value");
            }
            Why::Exponent => return self.named("DOUBLE PRECISION or TEXT", "mend the value"),
            Why::Scale => return self.named("DOUBLE PRECISION or NUMERIC(38, s) with more decimals", "mend the value"),
            Why::Clock => return self.named("TIMESTAMP or TEXT", "cut the time off"),
            Why::Zone if wanted == SqlType::Timestamp => return self.named("TIMESTAMPTZ or TEXT", "cut the zone off"),
            Why::TooLong => return self.named("TEXT or a longer type", "mend the value"),
            Why::Empty => format!("CAST(NULLIF({name}, '') AS {wanted})"),
            Why::Percent => {
                format!("CAST(RTRIM({name}, '% ') AS {wanted}), divided by 100 where the fraction is meant")
            }
            Why::Negative => format!("CAST(REPLACE(REPLACE({name}, '(', '-'), ')', '') AS {wanted})"),
            Why::Currency => format!(
                "CAST(REGEXP_REPLACE({name}, '[^-0-9.]', '', 'g') AS {wanted}) where the point is the decimal mark"
            ),
            Why::TwoDigitYear => two_digit_year(&name, text),
            Why::Compact => format!("TO_DATE({name}, 'YYYYMMDD')"),
            Why::Half => {
                format!("CAST(TO_TIMESTAMP({name}, 'MM/DD/YYYY HH12:MI AM') AS {wanted}), with the order that it has")
            }
            Why::Microseconds => format!("CAST({name} AS {wanted}), which rounds"),
            Why::Zone | Why::NamedZone => {
                format!("CAST(REGEXP_REPLACE({name}, ' *[A-Za-z+-][^:]*$', '') AS {wanted}), which cuts the zone off")
            }
            Why::Unknown if wanted == SqlType::Boolean => {
                format!("{name} IN ('yes', 'true'), with the words that it has")
            }
            Why::Unknown if wanted.is_date() => {
                format!("TO_DATE({name}, 'YYYY/MM/DD') with the order that it has, or mend the value")
            }
            Why::Unknown => format!(
                "CAST(NULLIF({name}, {}) AS {wanted}); or pass null_values: [{}] if it stands for a missing value",
                sql::literal(text),
                excerpt(text)
            ),
        };
        self.converted(&convert)
    }

    fn named(&self, types: &str, or: &str) -> String {
        format!("Name {types} for `{}` in `schema`, or {or}", self.name)
    }

    fn converted(&self, sql: &str) -> String {
        format!("Load the column as TEXT (schema: {{\"{}\": \"TEXT\"}}) and convert it in SQL: {sql}", self.name)
    }
}

fn two_digit_year(name: &str, text: &str) -> String {
    let mark = text.chars().find(|c| matches!(c, '-' | '/' | '.' | ' ')).unwrap_or('/');
    if text.contains(|c: char| c.is_ascii_alphabetic()) {
        return format!("TO_DATE({name}, 'DD{mark}Mon{mark}YY'), with the order that it has");
    }
    format!("TO_DATE({name}, 'DD{mark}MM{mark}YY') or TO_DATE({name}, 'MM{mark}DD{mark}YY')")
}

/// A number without zeros at its end that say nothing.
fn shortest(number: &str) -> String {
    let cut = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    cut.to_owned()
}
