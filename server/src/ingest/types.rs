//! The SQL types that a column can have, as a closed list: what `schema` may name and what inference may choose.

use std::fmt;

use crate::error::Error;
use crate::words::listed;

/// The most digits that a `numeric` can hold.
pub(super) const NUMERIC_DIGITS_MAX: u8 = 38;

/// A column's SQL type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the SQL type of its name")]
pub enum SqlType {
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    Numeric {
        precision: u8,
        scale: u8,
    },
    Real,
    Double,
    Text,
    VarChar(u32),
    Char(u32),
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Json,
    Geography,
    Oid,
    /// A type that no column of a text file can be read as, by its object id in the catalogue.
    Other(u32),
}

/// How the accepted names are listed in error messages.
const NAMES: &str = "smallint, integer, bigint, numeric(p,s), real, double precision, text, varchar(n), char(n), \
                     boolean, bytes, date, time, timestamp, timestamptz, interval, json, geography";

impl SqlType {
    /// Reads a type as a user or Hyper spells it, in any case: `BIGINT`, `numeric(18, 2)`, `timestamp with time zone`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lower = text.trim().to_ascii_lowercase();
        let (name, arguments) = match lower.split_once('(') {
            Some((name, rest)) => {
                let (inside, after) = rest.split_once(')').ok_or_else(|| unknown(text))?;
                (format!("{} {}", name.trim(), after.trim()), Some(inside.to_owned()))
            }
            None => (lower, None),
        };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::from_parts(&name, arguments.as_deref()).ok_or_else(|| unknown(text))
    }

    /// The type that a column has by hyperd's account, as [`crate::engine`] names it.
    pub fn of_hyper(name: &str) -> Self {
        let oid = || name.strip_prefix("OTHER(")?.strip_suffix(')')?.parse().ok();
        Self::parse(name).unwrap_or_else(|_| Self::Other(oid().unwrap_or_default()))
    }

    fn from_parts(name: &str, arguments: Option<&str>) -> Option<Self> {
        if let Some(arguments) = arguments {
            return match name {
                "numeric" | "decimal" | "dec" => numeric(arguments),
                "varchar" | "character varying" => Some(Self::VarChar(length(arguments)?)),
                "char" | "character" | "bpchar" => Some(Self::Char(length(arguments)?)),
                _ => None,
            };
        }
        Some(match name {
            "boolean" | "bool" => Self::Boolean,
            "smallint" | "int2" => Self::SmallInt,
            "integer" | "int" | "int4" => Self::Integer,
            "bigint" | "int8" => Self::BigInt,
            "real" | "float4" => Self::Real,
            "double precision" | "double" | "float8" | "float" => Self::Double,
            "text" | "varchar" | "character varying" | "string" => Self::Text,
            "char" | "character" => Self::Char(1),
            "bytes" | "bytea" => Self::Bytes,
            "date" => Self::Date,
            "time" | "time without time zone" => Self::Time,
            "timestamp" | "timestamp without time zone" => Self::Timestamp,
            "timestamptz" | "timestamp with time zone" => Self::TimestampTz,
            "interval" => Self::Interval,
            "json" => Self::Json,
            "geography" | "tabgeography" => Self::Geography,
            "oid" => Self::Oid,
            _ => return None,
        })
    }

    /// Whether a value of this type is a piece of text, so that any spelling is one of its values.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::VarChar(_) | Self::Char(_))
    }

    /// Whether hyperd can order and aggregate values of this type with `min` and `max`.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Json | Self::Geography | Self::Other(_))
    }

    /// How many digits a whole-number type keeps, `None` for every other type.
    fn integer_digits(self) -> Option<u8> {
        match self {
            Self::SmallInt => Some(5),
            Self::Integer | Self::Oid => Some(10),
            Self::BigInt => Some(19),
            _ => None,
        }
    }

    /// Whether a column of this type may be put into one of type `to` without losing what it says.
    ///
    /// Values that do not fit (an integer too large, a text too long) are hyperd's to refuse, row by row; this says
    /// only which pairs can be lossless at all.
    pub fn assignable_to(self, to: Self) -> bool {
        if self == to || to == Self::Text && !matches!(self, Self::Bytes | Self::Other(_)) {
            return true;
        }
        match (self, to) {
            (Self::VarChar(from) | Self::Char(from), Self::VarChar(to) | Self::Char(to)) => from <= to,
            (from, to) if from.is_text() => to == Self::Json,
            (from, to) if from.integer_digits().is_some() => to.is_number(),
            (Self::Numeric { scale, .. }, Self::Numeric { scale: kept, .. }) => scale <= kept,
            (Self::Numeric { scale, .. }, to) if to.integer_digits().is_some() => scale == 0,
            (Self::Numeric { .. } | Self::Double | Self::Real, Self::Double | Self::Real)
            | (Self::Date, Self::Timestamp | Self::TimestampTz)
            | (Self::Timestamp, Self::TimestampTz) => true,
            _ => false,
        }
    }

    /// Whether a date is part of its values.
    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampTz)
    }

    /// Whether it holds whole numbers alone.
    pub(super) fn is_whole(self) -> bool {
        self.integer_digits().is_some()
    }

    pub(super) fn is_number(self) -> bool {
        self.is_whole() || matches!(self, Self::Numeric { .. } | Self::Real | Self::Double)
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric { precision, scale } => write!(f, "NUMERIC({precision}, {scale})"),
            Self::VarChar(length) => write!(f, "VARCHAR({length})"),
            Self::Char(length) => write!(f, "CHAR({length})"),
            Self::Other(oid) => write!(f, "OTHER({oid})"),
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Integer => f.write_str("INTEGER"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Real => f.write_str("REAL"),
            Self::Double => f.write_str("DOUBLE PRECISION"),
            Self::Text => f.write_str("TEXT"),
            Self::Bytes => f.write_str("BYTEA"),
            Self::Date => f.write_str("DATE"),
            Self::Time => f.write_str("TIME"),
            Self::Timestamp => f.write_str("TIMESTAMP"),
            Self::TimestampTz => f.write_str("TIMESTAMPTZ"),
            Self::Interval => f.write_str("INTERVAL"),
            Self::Json => f.write_str("JSON"),
            Self::Geography => f.write_str("GEOGRAPHY"),
            Self::Oid => f.write_str("OID"),
        }
    }
}

fn numeric(arguments: &str) -> Option<SqlType> {
    let (precision, scale) = match arguments.split_once(',') {
        Some((precision, scale)) => (precision.trim().parse().ok()?, scale.trim().parse().ok()?),
        None => (arguments.trim().parse().ok()?, 0),
    };
    let sound = (1..=NUMERIC_DIGITS_MAX).contains(&precision) && scale <= precision;
    sound.then_some(SqlType::Numeric { precision, scale })
}

fn length(argument: &str) -> Option<u32> {
    argument.trim().parse().ok().filter(|length| *length > 0)
}

fn unknown(text: &str) -> Error {
    Error::invalid(format!("{} is not a type that a column can have.", listed([text])))
        .suggest(format!("Use one of: {NAMES}; p is at most {NUMERIC_DIGITS_MAX} and s at most p."))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::SqlType;

    #[rstest]
    #[case("bigint", "BIGINT")]
    #[case(" Double  Precision ", "DOUBLE PRECISION")]
    #[case("numeric(18,2)", "NUMERIC(18, 2)")]
    #[case("decimal(5)", "NUMERIC(5, 0)")]
    #[case("VARCHAR(20)", "VARCHAR(20)")]
    #[case("varchar", "TEXT")]
    #[case("timestamp with time zone", "TIMESTAMPTZ")]
    fn reads_the_common_spellings(#[case] text: &str, #[case] canonical: &str) {
        assert_eq!(SqlType::parse(text).expect("a known type").to_string(), canonical);
    }

    #[rstest]
    #[case("")]
    #[case("bigint); DROP TABLE t; --")]
    #[case("numeric(39,0)")]
    #[case("numeric(5,6)")]
    #[case("varchar(0)")]
    #[case("varchar(-1)")]
    #[case("bigint(3)")]
    #[case("numeric(5")]
    #[case("money")]
    fn refuses_the_rest(#[case] text: &str) {
        assert!(SqlType::parse(text).is_err());
    }

    #[rstest]
    #[case("bigint", "double precision", true)]
    #[case("bigint", "text", true)]
    #[case("double precision", "bigint", false)]
    #[case("numeric(10,2)", "numeric(10,1)", false)]
    #[case("numeric(38,0)", "bigint", true)]
    #[case("text", "date", false)]
    #[case("date", "timestamp", true)]
    #[case("timestamptz", "timestamp", false)]
    #[case("boolean", "bigint", false)]
    fn assigns_without_loss_only(#[case] from: &str, #[case] to: &str, #[case] allowed: bool) {
        let parse = |text| SqlType::parse(text).expect("a known type");
        assert_eq!(parse(from).assignable_to(parse(to)), allowed);
    }
}
