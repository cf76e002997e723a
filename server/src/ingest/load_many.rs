//! Loading many files at once: each is loaded, or fails, for itself.
//!
//! Files of different tables run side by side; those that append to one table run in the order in which they are named,
//! so that it does not depend on luck which of them makes the table.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::{StreamExt as _, stream};

use super::fit::ColumnTypes;
use super::input::{Input, InputFile};
use super::load::{Loaded, load};
use super::request::{LoadMode, LoadRequest};
use crate::args::Target;
use crate::call::{Call, to_its_end};
use crate::error::Error;
use crate::limits::{LOAD_FILES_CONCURRENT_DEFAULT, Limits};
use crate::session::catalog::TableColumn;
use crate::session::{Database, Place, Session};
use crate::words::excerpt;

/// One of many files, and the table that it goes to.
#[derive(Debug, Clone)]
pub struct FileLoad {
    /// The file's path, as the user typed it.
    pub path: String,
    /// The table's name.
    pub table: String,
    /// What becomes of a table of that name.
    pub mode: LoadMode,
    /// Types that are not to be inferred.
    pub types: ColumnTypes,
    /// Where in a JSON document the rows are.
    pub json_path: Option<String>,
    /// Texts that are NULL.
    pub null_values: Vec<String>,
}

/// What became of one file.
#[derive(Debug)]
pub struct FileLoaded {
    /// What was asked for.
    pub file: FileLoad,
    /// What came of it.
    pub outcome: Result<Loaded, Error>,
}

/// Many files, and the database that they all go to.
#[derive(Debug)]
pub struct ManyRequest {
    /// The files.
    pub files: Vec<FileLoad>,
    /// The database.
    pub target: Target,
    /// How many are loaded at once, where that is not left open.
    pub concurrency: Option<u32>,
    /// The tool that was called, for the table catalogue.
    pub tool: &'static str,
}

/// Loads the files; the outcomes are in their order. Fails as a whole only where nothing was begun.
pub async fn load_many(
    session: &Arc<Session>,
    call: &Call,
    limits: &Limits,
    request: ManyRequest,
) -> Result<Vec<FileLoaded>, Error> {
    let database = session.resolve_writable(&request.target)?;
    let places = places(session, call, &database, &request.files).await;
    let queues = queues(&request.files, &places)?;
    // Half of the connections are left to other calls.
    let wanted = request.concurrency.unwrap_or(LOAD_FILES_CONCURRENT_DEFAULT);
    let concurrency = usize::try_from(wanted).unwrap_or(1).min(limits.connections_max / 2).max(1);
    let places = &places;
    let (many, total) = (&request, u32::try_from(request.files.len()).unwrap_or(u32::MAX));
    let done = &AtomicU32::new(0);
    let run = |queue: Vec<usize>| async move {
        let mut outcomes = Vec::with_capacity(queue.len());
        for index in queue {
            let file = &many.files[index];
            let outcome = match &places[index] {
                Ok(place) => load_one(session, &call.part(), many, file, place).await,
                Err(error) => Err(error.clone()),
            };
            let told = match &outcome {
                Ok(loaded) => format!("{} is loaded: {} rows", excerpt(&file.path), loaded.rows),
                Err(error) => format!("{} is not loaded: {}", excerpt(&file.path), error.message),
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            call.report(f64::from(done), Some(f64::from(total)), told);
            outcomes.push((index, outcome));
        }
        outcomes
    };
    let mut outcomes: Vec<(usize, Result<Loaded, Error>)> =
        stream::iter(queues).map(run).buffer_unordered(concurrency).concat().await;
    outcomes.sort_by_key(|(index, _)| *index);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
    Ok(request.files.into_iter().zip(outcomes).map(|(file, outcome)| FileLoaded { file, outcome }).collect())
}

/// The same, with the columns of a table only where they were not said of a file before.
pub fn with_columns_once(mut files: Vec<FileLoaded>) -> Vec<FileLoaded> {
    let mut said: HashMap<String, Vec<TableColumn>> = HashMap::new();
    for loaded in files.iter_mut().filter_map(|file| file.outcome.as_mut().ok()) {
        if said.get(&loaded.table) == Some(&loaded.columns) {
            loaded.columns.clear();
        } else {
            said.insert(loaded.table.clone(), loaded.columns.clone());
        }
    }
    files
}

/// The table of each file. Names that are written alike are looked up once.
async fn places(session: &Session, call: &Call, database: &Database, files: &[FileLoad]) -> Vec<Result<Place, Error>> {
    let mut places = Vec::with_capacity(files.len());
    let mut known: HashMap<&str, Result<Place, Error>> = HashMap::new();
    for file in files {
        let place = match known.get(file.table.as_str()) {
            Some(place) => place.clone(),
            None => session.table(call, database, &file.table).await.map(|named| named.place),
        };
        known.entry(&file.table).or_insert_with(|| place.clone());
        places.push(place);
    }
    places
}

async fn load_one(
    session: &Arc<Session>,
    call: &Call,
    many: &ManyRequest,
    file: &FileLoad,
    place: &Place,
) -> Result<Loaded, Error> {
    let request = LoadRequest {
        input: Input::File(InputFile::open(session.paths(), &file.path)?),
        format: None,
        json_path: file.json_path.clone(),
        table: place.certain(),
        mode: file.mode,
        merge_key: Vec::new(),
        types: file.types.clone(),
        null_values: file.null_values.clone(),
        target: many.target.clone(),
        tool: many.tool,
    };
    let (session, call) = (Arc::clone(session), call.clone());
    to_its_end(async move { load(&session, &call, request).await }).await
}

/// The files by their places, one queue for each table. A table that is replaced has one file alone: of two, one would
/// be loaded for nothing.
fn queues(files: &[FileLoad], places: &[Result<Place, Error>]) -> Result<Vec<Vec<usize>>, Error> {
    let mut queues: Vec<Vec<usize>> = Vec::new();
    let mut queue_of: HashMap<&Place, usize> = HashMap::new();
    for (index, place) in places.iter().enumerate() {
        // A file without a table of its own fails without a load.
        let last = queues.len();
        let at = place.as_ref().map_or(last, |place| *queue_of.entry(place).or_insert(last));
        match queues.get_mut(at) {
            None => queues.push(vec![index]),
            Some(queue) => queue.push(index),
        }
    }
    let replaced = |queue: &&Vec<usize>| queue.iter().any(|index| files[*index].mode == LoadMode::Replace);
    let Some(queue) = queues.iter().filter(|queue| queue.len() > 1).find(replaced) else { return Ok(queues) };
    let (first, second) = (queue[0], queue[1]);
    let table = excerpt(&files[first].table);
    Err(Error::invalid(format!(
        "`files[{first}]` and `files[{second}]` both go to the table {table}, and one of them replaces it."
    ))
    .suggest("Nothing was loaded. Give all files of one table mode: \"append\", or each file a table of its own."))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ColumnTypes, FileLoad, LoadMode, Place, queues};

    fn file(table: &str, mode: LoadMode) -> FileLoad {
        let table = table.to_owned();
        FileLoad {
            path: String::new(),
            table,
            mode,
            types: ColumnTypes::new(),
            json_path: None,
            null_values: Vec::new(),
        }
    }

    #[rstest]
    #[case::apart(&[("a", LoadMode::Replace), ("b", LoadMode::Append)], Some(&[&[0][..], &[1]][..]))]
    #[case::appended(
        &[("a", LoadMode::Append), ("b", LoadMode::Replace), ("a", LoadMode::Append)],
        Some(&[&[0, 2][..], &[1]][..])
    )]
    #[case::replaced_twice(&[("a", LoadMode::Replace), ("a", LoadMode::Replace)], None)]
    #[case::replaced_after(&[("a", LoadMode::Append), ("a", LoadMode::Replace)], None)]
    fn files_of_one_table_stand_in_line(#[case] files: &[(&str, LoadMode)], #[case] expected: Option<&[&[usize]]>) {
        let files: Vec<FileLoad> = files.iter().map(|(table, mode)| file(table, *mode)).collect();
        let places: Vec<_> = files.iter().map(|file| Ok(Place::public(&file.table))).collect();
        let expected = expected.map(|queues| queues.iter().map(|queue| queue.to_vec()).collect::<Vec<_>>());
        assert_eq!(queues(&files, &places).ok(), expected);
    }
}
