//! What the name of a table stands for that a client writes. Every tool that takes one asks here, and nowhere else.
//!
//! - A name without a dot is a table of the schema `public`.
//! - `schema.table` is a table of that schema where there is such a schema, in this casing or else in any; otherwise the
//!   dot is part of the name of a table of `public`. Where several of these tables exist, the name is refused.
//! - `"schema"."table"` and `"table"`, quoted as in SQL, have one reading. A part that needs no quotes may go without.
//!
//! describe shows a name in the shortest of these spellings that stands for its table alone.

use std::collections::BTreeSet;
use std::fmt;

use super::catalog::{PUBLIC, is_bookkeeping};
use super::databases::Database;
use crate::error::Error;
use crate::limits::NAME_CHARS_MAX;
use crate::sql;
use crate::words::excerpt;

/// Schemas that Hyper keeps for itself, for a condition of SQL.
pub(super) const OF_HYPER: [&str; 4] = ["information_schema", "pg_catalog", "pg_temp", "tableau"];

/// Where a table is within its database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The schema; other than `public` in files that Tableau wrote.
    pub schema: String,
    /// The table's own name.
    pub name: String,
}

impl Place {
    /// A table of the schema in which names without one are looked up.
    pub fn public(name: impl Into<String>) -> Self {
        Self { schema: PUBLIC.to_owned(), name: name.into() }
    }

    /// Another table of the same schema.
    #[must_use]
    pub fn beside(&self, name: impl Into<String>) -> Self {
        Self { schema: self.schema.clone(), name: name.into() }
    }

    /// The full name in SQL.
    pub fn quoted(&self, database: &Database) -> String {
        format!(
            "{}.{}.{}",
            sql::identifier(&database.alias),
            sql::identifier(&self.schema),
            sql::identifier(&self.name)
        )
    }

    /// The name as people write it; tables of two schemas may share it.
    pub(super) fn plain(&self) -> String {
        if self.schema == PUBLIC { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    /// The spelling that has one reading, whatever else there is.
    pub fn certain(&self) -> String {
        if self.schema == PUBLIC {
            sql::identifier(&self.name)
        } else {
            format!("{}.{}", sql::identifier(&self.schema), sql::identifier(&self.name))
        }
    }

    /// The name in SQL sent to the table's own database, with quotes where it needs them.
    pub fn in_sql(&self) -> String {
        let name = sql::written(&self.name);
        if self.schema == PUBLIC { name } else { format!("{}.{name}", sql::written(&self.schema)) }
    }

    pub(super) fn is_odd(&self) -> bool {
        let odd = |part: &str| part.contains('.') || part.starts_with('"');
        odd(&self.name) || self.schema != PUBLIC && odd(&self.schema)
    }
}

/// No two tables of a database are displayed alike, so that the table catalogue has them by this.
/// `PLACE_IN_SQL` is the same in SQL.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&if self.is_odd() { self.certain() } else { self.plain() })
    }
}

/// How a [`Place`] is displayed, from the tables `pg_class` as `c` and `pg_namespace` as `n`.
pub(super) const PLACE_IN_SQL: &str = "CASE \
    WHEN n.nspname = 'public' AND (c.relname LIKE '%.%' OR c.relname LIKE '\"%') \
    THEN '\"' || REPLACE(c.relname::text, '\"', '\"\"') || '\"' \
    WHEN n.nspname = 'public' THEN c.relname::text \
    WHEN c.relname LIKE '%.%' OR c.relname LIKE '\"%' OR n.nspname LIKE '%.%' OR n.nspname LIKE '\"%' \
    THEN '\"' || REPLACE(n.nspname::text, '\"', '\"\"') || '\".\"' || REPLACE(c.relname::text, '\"', '\"\"') || '\"' \
    ELSE n.nspname::text || '.' || c.relname::text END";

/// The name that describe shows for each of a database's tables.
pub(super) fn shown(places: &[Place]) -> Vec<String> {
    let mut seen = std::collections::HashMap::new();
    for place in places {
        *seen.entry(place.plain()).or_insert(0_usize) += 1;
    }
    let is_plain = |plain: &str| seen[plain] == 1 && parts(plain).is_none();
    places.iter().map(|place| Some(place.plain()).filter(|p| is_plain(p)).unwrap_or_else(|| place.certain())).collect()
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// A table that exists.
    There(Place),
    /// None; a new table of that name belongs there.
    Free(Place),
    /// Several, so that nobody knows which is meant.
    Several(Vec<Place>),
}

/// Reads a name, given the database's tables and all schemas in which there may be some.
pub(super) fn reading(typed: &str, schemas: &BTreeSet<&str>, tables: &[Place]) -> Reading {
    match parts(typed).as_deref() {
        Some([name]) => return there_or_free(Place::public(name), tables),
        Some([schema, name]) => return there_or_free(Place::public(name).of(schema), tables),
        _ => {}
    }
    let whole = Place::public(typed);
    let split = |fits: fn(&str, &str) -> bool| {
        let halves = typed.match_indices('.').map(|(at, _)| (&typed[..at], &typed[at + 1..]));
        let halves = halves.filter(|(schema, name)| !schema.is_empty() && !name.is_empty());
        halves
            .flat_map(|(typed, name)| {
                schemas.iter().filter(move |known| fits(known, typed)).map(move |schema| Place::public(name).of(schema))
            })
            .collect::<Vec<Place>>()
    };
    let exact = split(|known, typed| known == typed);
    let existing = |places: &[Place]| -> Vec<Place> {
        places.iter().chain([&whole]).filter(|place| tables.contains(place)).cloned().collect()
    };
    let mut places = exact;
    let mut there = existing(&places);
    if places.is_empty() && there.is_empty() {
        places = split(|known, typed| known.to_lowercase() == typed.to_lowercase());
        there = existing(&places);
    }
    if there.is_empty() && places.is_empty() {
        return Reading::Free(whole);
    }
    let new = there.is_empty();
    let mut meant = if new { places } else { there };
    match meant.pop() {
        Some(place) if meant.is_empty() && new => Reading::Free(place),
        Some(place) if meant.is_empty() => Reading::There(place),
        last => Reading::Several(meant.into_iter().chain(last).collect()),
    }
}

impl Place {
    fn of(self, schema: &str) -> Self {
        Self { schema: schema.to_owned(), ..self }
    }
}

fn there_or_free(place: Place, tables: &[Place]) -> Reading {
    if tables.contains(&place) { Reading::There(place) } else { Reading::Free(place) }
}

/// The parts of a name in which some part is quoted as in SQL; none where that is not how the name is written.
pub(super) fn parts(typed: &str) -> Option<Vec<String>> {
    let (mut parts, mut quoted, mut rest) = (Vec::new(), false, typed);
    loop {
        let (part, after) = if let Some(inner) = rest.strip_prefix('"') {
            quoted = true;
            closed(inner)?
        } else {
            let (part, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
            (Some(part).filter(|part| !part.contains('"'))?.to_owned(), after)
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return quoted.then_some(parts),
            None => return None,
        }
    }
}

/// What stands before the closing quote, and the rest behind it.
fn closed(text: &str) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

/// Refuses what cannot be the name of a user's table.
pub fn check_name(table: &str) -> Result<(), Error> {
    let reason = if table.is_empty() {
        "is empty".to_owned()
    } else if table.chars().count() > NAME_CHARS_MAX as usize {
        format!("is longer than {NAME_CHARS_MAX} characters")
    } else if table.contains('\0') {
        "holds NUL".to_owned()
    } else if is_bookkeeping(table) {
        format!("is {}, which the server keeps its books in", excerpt(table))
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("`table` {reason}.")).suggest("Choose another name for the table."))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::{Place, Reading, parts, reading, shown};

    fn at(schema: &str, name: &str) -> Place {
        Place { schema: schema.to_owned(), name: name.to_owned() }
    }

    #[rstest]
    #[case::plain("t", None)]
    #[case::dotted("a.b", None)]
    #[case::quoted("\"a.b\"", Some(&["a.b"][..]))]
    #[case::both("\"a\".\"b\"", Some(&["a", "b"][..]))]
    #[case::half("a.\"b.c\"", Some(&["a", "b.c"][..]))]
    #[case::other_half("\"a.b\".c", Some(&["a.b", "c"][..]))]
    #[case::doubled("\"a\"\"b\"", Some(&["a\"b"][..]))]
    #[case::within("a\"b", None)]
    #[case::open("\"a", None)]
    #[case::behind("\"a\"b", None)]
    #[case::empty("\"\"", None)]
    #[case::empty_part("\"a\".", None)]
    fn quotes_part_a_name(#[case] typed: &str, #[case] expected: Option<&[&str]>) {
        assert_eq!(parts(typed), expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect()));
    }

    #[rstest]
    #[case::public("t", Reading::There(at("public", "t")))]
    #[case::public_by_name("public.t", Reading::There(at("public", "t")))]
    #[case::new("u", Reading::Free(at("public", "u")))]
    #[case::schema("Extract.Extract", Reading::There(at("Extract", "Extract")))]
    #[case::schema_in_other_casing("extract.Extract", Reading::There(at("Extract", "Extract")))]
    #[case::new_in_schema("Extract.t", Reading::Free(at("Extract", "t")))]
    #[case::new_in_empty_schema("empty.t", Reading::Free(at("empty", "t")))]
    #[case::exact_schema_first("s.t", Reading::Free(at("s", "t")))]
    #[case::unclear_schema("QQ.t", Reading::Several(vec![at("qQ", "t"), at("qq", "t")]))]
    #[case::no_schema("q1.sales", Reading::Free(at("public", "q1.sales")))]
    #[case::dotted("x.y", Reading::There(at("public", "x.y")))]
    #[case::two("a.b", Reading::Several(vec![at("a", "b"), at("public", "a.b")]))]
    #[case::certain("\"a.b\"", Reading::There(at("public", "a.b")))]
    #[case::certain_schema("\"a\".\"b\"", Reading::There(at("a", "b")))]
    #[case::certain_new("\"a.c\"", Reading::Free(at("public", "a.c")))]
    #[case::public_is_exact("e.z", Reading::There(at("public", "e.z")))]
    fn a_name_is_read_in_one_way(#[case] typed: &str, #[case] expected: Reading) {
        let tables = [
            at("public", "t"),
            at("Extract", "Extract"),
            at("S", "t"),
            at("public", "x.y"),
            at("a", "b"),
            at("public", "a.b"),
            at("E", "z"),
            at("public", "e.z"),
        ];
        let schemas: BTreeSet<&str> = ["public", "Extract", "empty", "s", "S", "a", "E", "qq", "qQ"].into();
        assert_eq!(reading(typed, &schemas, &tables), expected);
    }

    #[test]
    fn each_name_that_is_shown_stands_for_its_table() {
        let names = ["t", "a.b", "x.y", "\"t\"", "a\"b", "a.\"b\"", "\"a\".b"];
        let mut tables: Vec<Place> = names.iter().map(|name| at("public", name)).collect();
        tables.extend([at("a", "b"), at("a", "b.c"), at("a.b", "c"), at("A", "b"), at("\"a\"", "b")]);
        let schemas = tables.iter().map(|table| table.schema.as_str()).collect();
        for (place, name) in tables.iter().zip(shown(&tables)) {
            assert_eq!(reading(&name, &schemas, &tables), Reading::There(place.clone()), "{name}");
        }
        let displayed: BTreeSet<String> = tables.iter().map(ToString::to_string).collect();
        assert_eq!(displayed.len(), tables.len());
    }
}
