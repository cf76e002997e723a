//! Which type each column of an input gets: its own, the one that `schema` names, or that of the table it goes to.

use std::collections::BTreeMap;

use super::relation::{InputColumn, Staged, Wanted};
use super::types::SqlType;
use crate::error::{Code, Error};
use crate::session::catalog::TableColumn;
use crate::words::{listed, nearest};

/// Types by column name, as `schema` gives them.
pub type ColumnTypes = BTreeMap<String, String>;

/// The columns of a new table: the input's, with the types that `schema` names.
pub(super) fn with_overrides(staged: &Staged, types: &ColumnTypes) -> Result<Vec<Wanted>, Error> {
    let mut wanted = staged.as_is();
    for (name, text) in types {
        let names = || staged.columns.iter().map(|column| column.name.as_str());
        let Some(index) = names().position(|column| column == name) else {
            let error = Error::invalid(format!(
                "`schema` names a column {} that {} does not have; its columns are {}.",
                listed([name.as_str()]),
                staged.name,
                listed(names())
            ));
            return Err(match nearest(name, names()) {
                Some(near) => error.suggest(format!("Did you mean `{near}`?")),
                None => error.suggest("Name only columns that the input has."),
            });
        };
        let sql_type = SqlType::parse(text)
            .map_err(|error| Error { message: format!("`schema`, column `{name}`: {}", error.message), ..error })?;
        let column = &staged.columns[index];
        if !can_be_read_as(column, sql_type) {
            return Err(Error::new(
                Code::SchemaMismatch,
                format!(
                    "Column `{name}` of {} holds {} values, which {sql_type} would round or cut.",
                    staged.name, column.sql_type
                ),
            )
            .suggest(format!(
                "Leave the column out of `schema`, or name a type that keeps all of {}.",
                column.sql_type
            )));
        }
        wanted[index].sql_type = sql_type;
    }
    Ok(wanted)
}

pub(super) fn can_be_read_as(column: &InputColumn, sql_type: SqlType) -> bool {
    match column.evidence {
        Some(evidence) => evidence.keeps_value_as(sql_type),
        // Text of a typed format is parsed by hyperd, which refuses what it cannot read; lengths it would cut.
        None if column.sql_type == SqlType::Text => !matches!(sql_type, SqlType::VarChar(_) | SqlType::Char(_)),
        None => column.sql_type.assignable_to(sql_type),
    }
}

/// The columns to append to a table, each with the type that it has there.
///
/// `types` are the overrides: a column that has one goes from that type to the table's.
pub(super) fn to_table(
    staged: &Staged,
    table: &str,
    columns: &[TableColumn],
    types: &ColumnTypes,
) -> Result<Vec<Wanted>, Error> {
    let there = |name: &str| columns.iter().any(|column| column.name == name);
    let extra: Vec<&str> =
        staged.columns.iter().map(|column| column.name.as_str()).filter(|name| !there(name)).collect();
    if !extra.is_empty() {
        let names = || columns.iter().map(|column| column.name.as_str());
        let lacking = || names().filter(|name| !staged.columns.iter().any(|column| column.name == *name));
        let meant: Vec<&str> = extra.iter().filter_map(|name| nearest(name, lacking())).collect();
        let meant = if meant.is_empty() { String::new() } else { format!("Did you mean {}? ", listed(meant)) };
        let (there, extra, name) = (listed(names()), listed(extra), &staged.name);
        return Err(Error::new(
            Code::SchemaMismatch,
            format!("{name} has columns that table `{table}` does not have: {extra}. The table has {there}."),
        )
        .suggest(format!(
            "{meant}Rename or remove the columns, add them with ALTER TABLE, or load with mode: \"replace\"."
        )));
    }
    to_wider_table(staged, table, columns, types)
}

/// The same for a table that gets the columns which it lacks: those have the types of a new table's.
pub(super) fn to_wider_table(
    staged: &Staged,
    table: &str,
    columns: &[TableColumn],
    types: &ColumnTypes,
) -> Result<Vec<Wanted>, Error> {
    let mut wanted = with_overrides(staged, types)?;
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    let mut misfits = Vec::new();
    for wanted in &mut wanted {
        let column = &staged.columns[wanted.index];
        let Some(target) = find(&column.name) else { continue };
        let sql_type = SqlType::of_hyper(&target.sql_type);
        let overridden = types.contains_key(&column.name);
        let fits = if overridden { wanted.sql_type.assignable_to(sql_type) } else { fits(column, sql_type) };
        if !fits {
            misfits.push(format!("{} ({} into {sql_type})", column.name, wanted.sql_type));
        }
        // INSERT takes an override's type to the table's.
        if !overridden {
            wanted.sql_type = sql_type;
        }
    }
    if misfits.is_empty() {
        return Ok(wanted);
    }
    let misfits = listed(misfits.iter().map(String::as_str));
    Err(Error::new(
        Code::SchemaMismatch,
        format!("{} does not fit table `{table}` without loss: {misfits}.", staged.name),
    )
    .suggest("Give the columns the table's types in `schema` if their values fit, or load into another table."))
}

fn fits(column: &InputColumn, target: SqlType) -> bool {
    match column.evidence {
        Some(evidence) if evidence.is_blank() => true,
        Some(evidence) if !column.sql_type.is_text() => evidence.keeps_value_as(target),
        // hyperd's reader refuses a text that is too long, while a cast would cut it.
        Some(_) => target.is_text() || target == SqlType::Json,
        None => column.sql_type.assignable_to(target),
    }
}
