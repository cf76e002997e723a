//! How texts that hyperd's reader does not take as they stand, or would take for something else, become what it takes.

use super::types::SqlType;

/// How the texts of a column are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// By hyperd, as they stand.
    #[default]
    Plain,
    /// Numbers without the commas between thousands.
    PointDecimals,
    /// Numbers without the points between thousands, the comma as a point.
    CommaDecimals,
    /// Dates with the year before the month and the day.
    YearFirst,
    /// Dates with the month before the day, or the year first.
    MonthFirst,
    /// Dates with the day before the month, or the year first.
    DayFirst,
}

/// Each step replaces what a pattern finds in a date and time of day.
type Step = (&'static str, &'static str);

const MONTH_FIRST: Step = (r"^ *(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", r"\3-\1-\2");
const DAY_FIRST: Step = (r"^ *(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", r"\3-\2-\1");
/// The date as ISO 8601 writes it: each part gets a zero, and loses it where it has two digits without.
const ISO: [Step; 2] =
    [(r"^ *(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", r"\1-0\2-0\3"), (r"^(\d{4})-0*(\d{2})-0*(\d{2})", r"\1-\2-\3")];
/// The time zone without a blank before it, and UTC by its letter.
const ZONE: [Step; 2] = [(r" *(UTC|GMT|Z|utc|gmt|z) *$", "Z"), (r" +([-+]\d{2}:?\d{0,2}) *$", r"\1")];

impl Reading {
    /// An expression for the column `name` that hyperd casts to the type, whatever its settings are.
    pub(super) fn sql(self, name: &str, wanted: SqlType) -> String {
        let first = match self {
            Self::Plain => return name.to_owned(),
            Self::PointDecimals => return format!("REPLACE({name}, ',', '')"),
            Self::CommaDecimals => return format!("REPLACE(REPLACE({name}, '.', ''), ',', '.')"),
            Self::YearFirst => None,
            Self::MonthFirst => Some(MONTH_FIRST),
            Self::DayFirst => Some(DAY_FIRST),
        };
        let zone = if wanted == SqlType::TimestampTz { ZONE.as_slice() } else { &[] };
        let steps = first.iter().chain(&ISO).chain(zone);
        steps.fold(name.to_owned(), |value, (pattern, new)| format!("REGEXP_REPLACE({value}, '{pattern}', '{new}')"))
    }
}
