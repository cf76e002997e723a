//! Texts of formats that have types of their own, such as Parquet, where somebody asks for another type.
//!
//! hyperd casts them. Which of them are not written as everybody writes that type is asked of hyperd first, and those are
//! looked at as the cells of a text file are.

use super::audit::Settled;
use super::fit::ColumnTypes;
use super::misfit;
use super::reading::Reading;
use super::relation::{Reader, Staged};
use super::tally::{Seen, Tally};
use super::types::SqlType;
use super::ways::{Style, knows, reads};
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error};
use crate::limits::ODD_TEXTS_MAX;
use crate::sql;

/// What everybody writes, as a regular expression; hyperd reads it in one way.
fn plain(wanted: SqlType) -> String {
    let clock = r"[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?";
    match wanted {
        SqlType::Boolean => "true|false".to_owned(),
        SqlType::Date => r"\d{4}-\d\d-\d\d".to_owned(),
        SqlType::Timestamp => format!(r"\d{{4}}-\d\d-\d\d({clock})?"),
        SqlType::TimestampTz => format!(r"\d{{4}}-\d\d-\d\d{clock}(Z|[-+]\d\d(:?\d\d)?)"),
        SqlType::Time => r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?".to_owned(),
        SqlType::Numeric { precision, scale } => format!(r"-?\d{{0,{}}}(\.\d{{0,{scale}}})?", precision - scale),
        SqlType::Real | SqlType::Double => r"-?\d{1,15}(\.\d{1,15})?".to_owned(),
        _ => r"-?\d{1,4}".to_owned(),
    }
}

impl Staged {
    /// Finds out how to read columns of text that are to have these types, or which value stands in the way.
    pub(super) async fn settle_typed(
        &mut self,
        lease: &mut Lease,
        call: &Call,
        types: &ColumnTypes,
    ) -> Result<(), Error> {
        let Reader::Typed(table) = &self.reader else { return Ok(()) };
        let null_values = self.settled.null_values.clone();
        let mut settled = Settled { null_values, ..Settled::default() };
        for (index, column) in self.columns.iter().enumerate().filter(|(_, column)| column.sql_type.is_text()) {
            let asked = types.get(&column.name).and_then(|asked| SqlType::parse(asked).ok());
            let Some(sql_type) = asked.filter(|asked| knows(*asked) && !asked.is_text()) else { continue };
            let (name, plain) = (sql::identifier(&column.name), sql::literal(&format!("^({})$", plain(sql_type))));
            let nulls: Vec<String> =
                settled.null_values.iter().map(|value| format!(" AND {name} <> {}", sql::literal(value))).collect();
            let nulls = nulls.concat();
            let odd = format!(
                "SELECT DISTINCT {name} FROM {table} WHERE {name} !~ {plain}{nulls} ORDER BY 1 LIMIT {}",
                ODD_TEXTS_MAX + 1
            );
            let rows = lease.rows(call, &odd).await?.rows;
            if rows.len() > ODD_TEXTS_MAX {
                return Err(too_many(&column.name, &self.name, sql_type));
            }
            let mut tally = Tally::default();
            for text in rows.iter().filter_map(|row| row.first()?.as_str()) {
                tally.add(reads(text, sql_type), || Seen { text: text.to_owned(), place: None });
            }
            let column = misfit::Column { name: &column.name, input: &self.name, sql_type };
            let (reading, note) = tally.judge(&column, &|seen| Ok(seen.placeless()))?;
            if reading == Reading::CommaDecimals {
                // Which points stand between thousands, the numbers that were not looked at would have to show.
                let seen = tally.only[Style::Second as usize].iter().chain(&tally.dotted).next();
                return Err(seen.map_or_else(
                    || Error::internal("No text is written so."),
                    |seen| column.comma(&seen.placeless()),
                ));
            }
            settled.readings.insert(index, reading);
            settled.notes.extend(note);
        }
        self.settled = settled;
        Ok(())
    }
}

fn too_many(column: &str, input: &str, wanted: SqlType) -> Error {
    Error::new(
        Code::SchemaMismatch,
        format!(
            "Column `{column}` of {input} has more than {ODD_TEXTS_MAX} texts that are not plainly {wanted}, and all of \
             them would have to be looked at."
        ),
    )
    .suggest(format!("Nothing was changed. Load it as TEXT (schema: {{\"{column}\": \"TEXT\"}}) and convert it in SQL."))
}
