//! A column's type from all of its cells.

use super::spelling::{MISSING_WORDS, NULL_MARKERS, Spelling, missing_word, spelling};
use super::types::{NUMERIC_DIGITS_MAX, SqlType};

/// Digits up to which a decimal spelling and its double name each other.
const DOUBLE_DIGITS_MAX: u8 = 17;

/// Digits between two marks of thousands.
const GROUP_DIGITS: u8 = 3;

const BOOLEAN: u16 = 1;
const INTEGER: u16 = 1 << 1;
const WIDE: u16 = 1 << 2;
const DECIMAL: u16 = 1 << 3;
const FLOAT: u16 = 1 << 4;
const NOT_FINITE: u16 = 1 << 5;
const DATE: u16 = 1 << 6;
const TIMESTAMP: u16 = 1 << 7;
const TIMESTAMP_TZ: u16 = 1 << 8;
const TIME: u16 = 1 << 9;
const TEXT: u16 = 1 << 10;
const NUMBERS: u16 = INTEGER | WIDE | DECIMAL | FLOAT | NOT_FINITE;

/// What the cells of one column were seen to be; cheap to add to, and to merge across threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    seen: u16,
    digits: u8,
    scale: u8,
    /// A double could not hold each of the numbers.
    needs_digits: bool,
    /// A number that nobody would write in groups of three digits.
    ungrouped: bool,
    /// A date is written with slashes, which not every hyperd reads.
    slashes: bool,
    markers: u64,
    /// Cells that hold a text which the call names as NULL.
    nulls: u64,
    /// Cells that hold one of [`MISSING_WORDS`], and which of them by its place there.
    missing: u64,
    missing_words: u32,
}

impl Evidence {
    /// Adds a cell that is not NULL; the empty one is the empty string.
    pub fn add(&mut self, cell: &[u8]) {
        if cell.is_empty() {
            self.seen |= TEXT;
            return;
        }
        self.note_missing(cell);
        // Text stays text; only the words that a type given by hand would turn into NULL are still counted.
        if self.seen & TEXT == 0 || matches!(cell.first(), Some(b'N' | b'n')) {
            self.note(spelling(cell));
            self.slashes |= self.seen & (DATE | TIMESTAMP | TIMESTAMP_TZ) != 0 && cell.get(4) == Some(&b'/');
        }
    }

    /// Adds a value that is text whatever it looks like.
    pub fn add_text(&mut self, text: &str) {
        self.seen |= TEXT;
        self.markers += u64::from(NULL_MARKERS.contains(&text));
        self.note_missing(text.as_bytes());
    }

    /// Adds a cell that the call names as NULL.
    pub fn add_null(&mut self) {
        self.nulls += 1;
    }

    fn note_missing(&mut self, cell: &[u8]) {
        if let Some(place) = missing_word(cell) {
            self.missing += 1;
            self.missing_words |= 1 << place;
        }
    }

    /// Adds a truth value.
    pub fn add_boolean(&mut self) {
        self.seen |= BOOLEAN;
    }

    fn note(&mut self, spelling: Spelling) {
        self.seen |= match spelling {
            Spelling::Boolean => BOOLEAN,
            Spelling::Integer { digits, exact } => {
                self.digits = self.digits.max(digits);
                self.needs_digits |= !exact;
                self.ungrouped |= digits > GROUP_DIGITS;
                INTEGER
            }
            Spelling::Wide { digits } => {
                self.digits = self.digits.max(digits);
                self.needs_digits = true;
                WIDE
            }
            Spelling::Decimal { digits, scale } => {
                self.digits = self.digits.max(digits);
                self.scale = self.scale.max(scale);
                self.ungrouped |= scale != GROUP_DIGITS || !(1..=GROUP_DIGITS).contains(&digits);
                self.needs_digits |= digits.max(1).saturating_add(scale) > DOUBLE_DIGITS_MAX;
                DECIMAL
            }
            Spelling::Exponent => FLOAT,
            Spelling::NotFinite => NOT_FINITE,
            Spelling::Date => DATE,
            Spelling::Timestamp => TIMESTAMP,
            Spelling::TimestampTz => TIMESTAMP_TZ,
            Spelling::Time => TIME,
            Spelling::Marker => {
                self.markers += 1;
                0
            }
            Spelling::Text => TEXT,
        };
    }

    /// Adds what another part of the same column was seen to be.
    pub fn merge(&mut self, other: Self) {
        self.seen |= other.seen;
        self.digits = self.digits.max(other.digits);
        self.scale = self.scale.max(other.scale);
        self.needs_digits |= other.needs_digits;
        self.slashes |= other.slashes;
        self.ungrouped |= other.ungrouped;
        self.markers += other.markers;
        self.nulls += other.nulls;
        self.missing += other.missing;
        self.missing_words |= other.missing_words;
    }

    /// The narrowest type that keeps each cell's value; text where none does.
    pub fn sql_type(self) -> SqlType {
        let only = |allowed: u16| self.seen & !allowed == 0;
        match self.seen {
            0 | NOT_FINITE => SqlType::Text,
            BOOLEAN => SqlType::Boolean,
            INTEGER => SqlType::BigInt,
            DATE => SqlType::Date,
            TIMESTAMP_TZ => SqlType::TimestampTz,
            TIME => SqlType::Time,
            _ if only(INTEGER | WIDE) => SqlType::Numeric { precision: NUMERIC_DIGITS_MAX, scale: 0 },
            _ if only(DATE | TIMESTAMP) => SqlType::Timestamp,
            _ if only(NUMBERS) => self.fractional(),
            _ => SqlType::Text,
        }
    }

    fn fractional(self) -> SqlType {
        let precision = self.digits.saturating_add(self.scale);
        let exact = self.needs_digits && self.seen & (FLOAT | NOT_FINITE) == 0;
        if exact && precision <= NUMERIC_DIGITS_MAX {
            SqlType::Numeric { precision: NUMERIC_DIGITS_MAX, scale: self.scale }
        } else {
            SqlType::Double
        }
    }

    /// Whether the numbers have points that could as well stand between thousands: `1.200`.
    pub fn may_be_grouped(self) -> bool {
        self.seen & DECIMAL != 0 && self.seen & !(INTEGER | DECIMAL) == 0 && !self.ungrouped
    }

    /// Whether a date among the cells is written with slashes.
    pub fn has_slashes(self) -> bool {
        self.slashes
    }

    /// Whether no cell said anything: all were NULL, or words that may stand for it.
    pub fn is_blank(self) -> bool {
        self.seen == 0
    }

    /// How many cells are NULL in a column of the type because of what they hold: a text that the call names, or a word
    /// to which the type leaves no other meaning.
    pub fn nulls_as(self, wanted: SqlType) -> u64 {
        if wanted.is_text() { self.nulls } else { self.nulls + self.markers }
    }

    /// How many cells hold a word that may stand for a missing value.
    pub fn missing(self) -> u64 {
        self.missing
    }

    /// The words that these cells hold.
    pub fn missing_words(self) -> impl Iterator<Item = &'static str> {
        MISSING_WORDS
            .into_iter()
            .enumerate()
            .filter(move |(place, _)| self.missing_words & (1 << place) != 0)
            .map(|(_, word)| word)
    }

    /// Whether reading the column as `wanted` keeps each value as it is spelled.
    ///
    /// Text may be spelled in ways that only the one who asked for a type knows, so hyperd decides there.
    pub fn keeps_value_as(self, wanted: SqlType) -> bool {
        match self.sql_type() {
            found if found.is_text() || found == wanted => true,
            SqlType::Double if self.seen & FLOAT == 0 => match wanted {
                SqlType::Numeric { scale, .. } => self.scale <= scale,
                _ => SqlType::Double.assignable_to(wanted),
            },
            SqlType::BigInt if wanted == SqlType::Boolean => true,
            found => found.assignable_to(wanted) || wanted.is_text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Evidence;
    use crate::ingest::types::SqlType;

    fn evidence(cells: &[&str]) -> Evidence {
        let mut evidence = Evidence::default();
        for cell in cells {
            evidence.add(cell.as_bytes());
        }
        evidence
    }

    #[rstest]
    #[case(&[], "text")]
    #[case(&["1", "2"], "bigint")]
    #[case(&["1", "9223372036854775808"], "numeric(38,0)")]
    #[case(&["1", "2.5"], "double precision")]
    #[case(&["9007199254740993", "2.5"], "numeric(38,1)")]
    #[case(&["0.123456789012345678"], "numeric(38,18)")]
    #[case(&["0.99999999999999999999999999999999999999"], "numeric(38,38)")]
    #[case(&["0.123456789012345678", "1e5"], "double precision")]
    #[case(&["1", "NaN"], "double precision")]
    #[case(&["NaN"], "text")]
    #[case(&["1", "x"], "text")]
    #[case(&["1", ""], "text")]
    #[case(&["1", "007"], "text")]
    #[case(&["true", "FALSE"], "boolean")]
    #[case(&["true", "1"], "text")]
    #[case(&["2024-01-02", "2024-01-02 03:04:05"], "timestamp")]
    #[case(&["2024-01-02", "2024-01-02T03:04:05Z"], "text")]
    #[case(&["NA"], "text")]
    #[case(&["male", "NA"], "text")]
    #[case(&["1", "NA", "N/A"], "bigint")]
    fn widens_over_all_cells(#[case] cells: &[&str], #[case] expected: &str) {
        assert_eq!(evidence(cells).sql_type(), SqlType::parse(expected).expect("a known type"));
    }

    #[rstest]
    #[case(&["1.200", "7", "-12.345"], true)]
    #[case(&["1.200", "1.25"], false)]
    #[case(&["1.200", "1200"], false)]
    #[case(&["0.123"], false)]
    #[case(&["1.200", "x"], false)]
    #[case(&["7"], false)]
    fn knows_points_that_may_stand_between_thousands(#[case] cells: &[&str], #[case] expected: bool) {
        assert_eq!(evidence(cells).may_be_grouped(), expected);
    }

    #[rstest]
    #[case(&["1.25"], "numeric(10,2)", true)]
    #[case(&["1.25"], "numeric(10,1)", false)]
    #[case(&["1.25"], "bigint", false)]
    #[case(&["1"], "text", true)]
    #[case(&["1"], "boolean", true)]
    #[case(&["01/02/2024"], "date", true)]
    #[case(&["2024-01-02T03:04:05+02:00"], "timestamp", false)]
    fn overrides_never_round(#[case] cells: &[&str], #[case] wanted: &str, #[case] kept: bool) {
        assert_eq!(evidence(cells).keeps_value_as(SqlType::parse(wanted).expect("a known type")), kept);
    }
}
