//! Reads a whole CSV file once to learn the type of each column, on several threads and in bounded memory.

use std::io::Read;
use std::str;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::infer::Evidence;
use super::input::Input;
use super::scan::{Cell, Dialect, Flaw, FlawAt, Sink};
use super::source::Staging;
use crate::call::Call;
use crate::error::Error;
use crate::limits::{CSV_BLOCK_BYTES, CSV_RECORD_BYTES_MAX, CSV_THREADS_MAX};

/// What a file's cells were seen to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) columns: Vec<Evidence>,
    pub(super) rows: u64,
    /// Blank lines, which hyperd refuses where there is more than one column.
    pub(super) blank_lines: u64,
}

/// Why a file cannot be profiled.
#[derive(Debug)]
pub(super) enum Stop {
    /// A place in the file that is not CSV, or not text, or has the wrong number of cells.
    At { offset: u64, fault: Fault },
    /// The file cannot be read, or the call was cancelled.
    Error(Error),
}

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Flaw(Flaw),
    Ragged { cells: usize },
    NotUtf8,
    Nul,
    TooLong,
}

/// Whole records, and where in the file they start.
pub(super) struct Block {
    pub(super) offset: u64,
    pub(super) text: Vec<u8>,
}

/// The scan of one block.
struct Profiler<'a> {
    profile: &'a mut Profile,
    quoting: bool,
    null_values: &'a [String],
    /// A cell starts with a quote although the file was taken for one that quotes nothing.
    opened: bool,
}

/// What ends the scan of one block.
struct BlockFault {
    offset: usize,
    fault: Fault,
}

impl From<FlawAt> for BlockFault {
    fn from(at: FlawAt) -> Self {
        Self { offset: at.offset, fault: Fault::Flaw(at.flaw) }
    }
}

impl Sink for Profiler<'_> {
    type Stop = BlockFault;

    fn cell(&mut self, column: usize, cell: Cell<'_>) {
        self.opened |= !self.quoting && cell.text.first() == Some(&b'"');
        // A record with too many cells is refused as a whole when it ends.
        if let Some(evidence) = self.profile.columns.get_mut(column)
            && (cell.quoted || !cell.text.is_empty())
        {
            if is_null(cell.text, self.null_values) {
                evidence.add_null();
            } else {
                evidence.add(cell.text);
            }
        }
    }

    fn record(&mut self, cells: usize, start: usize, _: usize) -> Result<(), BlockFault> {
        if self.opened {
            return Err(BlockFault { offset: start, fault: Fault::Flaw(Flaw::StrayQuote) });
        }
        match cells {
            0 if self.profile.columns.len() == 1 => self.profile.rows += 1,
            0 => self.profile.blank_lines += 1,
            _ if cells == self.profile.columns.len() => self.profile.rows += 1,
            _ => return Err(BlockFault { offset: start, fault: Fault::Ragged { cells } }),
        }
        Ok(())
    }
}

/// Whether a cell is one that the call names as NULL.
pub(super) fn is_null(cell: &[u8], null_values: &[String]) -> bool {
    null_values.iter().any(|value| value.as_bytes() == cell)
}

/// Profiles what follows the first `skip` bytes (the header), which has `columns` columns.
pub(super) fn profile(
    input: &Input,
    dialect: Dialect,
    columns: usize,
    skip: u64,
    staging: &Staging<'_>,
) -> Result<Profile, Stop> {
    let (call, null_values) = (staging.call, staging.null_values);
    let mut reader = input.reader().map_err(Stop::Error)?;
    let mut blocks = Blocks::new(&mut reader, dialect, skip);
    let failed = |error: &std::io::Error| Stop::Error(input.failed(error));
    let empty = Profile { columns: vec![Evidence::default(); columns], ..Profile::default() };
    // Most files are one block, for which no thread is worth starting.
    let Some(first) = blocks.next(&failed)? else { return Ok(empty) };
    if blocks.ended {
        let mut profile = empty;
        scan(dialect, &first, null_values, &mut profile)?;
        return Ok(profile);
    }
    let threads = thread::available_parallelism().map_or(1, usize::from).min(CSV_THREADS_MAX);
    let (sender, receiver) = sync_channel(threads);
    // Only the workers hold the receiver: when none is left, sending ends.
    let receiver = Arc::new(Mutex::new(receiver));
    thread::scope(|scope| {
        let start = |receiver: Arc<Mutex<Receiver<Block>>>| {
            let profile = empty.clone();
            scope.spawn(move || work(dialect, &receiver, null_values, profile))
        };
        let workers: Vec<_> = (0..threads).map(|_| start(Arc::clone(&receiver))).collect();
        drop(receiver);
        let mut next = Ok(Some(first));
        while let Ok(Some(block)) = next {
            // Nobody listens any more once each worker has met a fault.
            next = match sender.send(block) {
                Ok(()) if call.is_cancelled() => Err(Stop::Error(Call::cancelled_error())),
                Ok(()) => blocks.next(&failed),
                Err(_) => Ok(None),
            };
        }
        drop(sender);
        let parts: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        merge(empty.clone(), parts, next.map(drop))
    })
}

/// Takes blocks in the file's order until there are none, or one has a fault.
fn work(
    dialect: Dialect,
    blocks: &Mutex<Receiver<Block>>,
    null_values: &[String],
    mut profile: Profile,
) -> Result<Profile, Stop> {
    loop {
        let taken = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = taken else { return Ok(profile) };
        scan(dialect, &block, null_values, &mut profile)?;
    }
}

/// The first fault in the file's order wins, so that the answer does not depend on the threads' pace.
fn merge(
    mut whole: Profile,
    parts: Vec<thread::Result<Result<Profile, Stop>>>,
    read: Result<(), Stop>,
) -> Result<Profile, Stop> {
    let mut first: Option<(u64, Fault)> = None;
    for part in parts {
        match part {
            Ok(Ok(part)) => {
                whole.rows += part.rows;
                whole.blank_lines += part.blank_lines;
                whole.columns.iter_mut().zip(part.columns).for_each(|(column, other)| column.merge(other));
            }
            Ok(Err(Stop::At { offset, fault })) if first.is_none_or(|(earliest, _)| offset < earliest) => {
                first = Some((offset, fault));
            }
            Ok(Err(Stop::At { .. })) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(Stop::Error(Error::internal("A thread that reads a file panicked."))),
        }
    }
    match first {
        Some((offset, fault)) => Err(Stop::At { offset, fault }),
        None => read.map(|()| whole),
    }
}

fn scan(dialect: Dialect, block: &Block, null_values: &[String], profile: &mut Profile) -> Result<(), Stop> {
    let at = |offset: usize, fault| Stop::At { offset: block.offset + offset as u64, fault };
    if let Err(error) = str::from_utf8(&block.text) {
        return Err(at(error.valid_up_to(), Fault::NotUtf8));
    }
    if let Some(offset) = block.text.contains(&0).then(|| block.text.iter().position(|byte| *byte == 0)).flatten() {
        return Err(at(offset, Fault::Nul));
    }
    let mut profiler = Profiler { profile, quoting: dialect.quoting, null_values, opened: false };
    dialect.scan(&block.text, &mut profiler).map_err(|stop| at(stop.offset, stop.fault))
}

/// Cuts a stream into blocks that end between records.
pub(super) struct Blocks<'a, R> {
    reader: &'a mut R,
    dialect: Dialect,
    skip: usize,
    offset: u64,
    carry: Vec<u8>,
    ended: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub(super) fn new(reader: &'a mut R, dialect: Dialect, skip: u64) -> Self {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Self { reader, dialect, skip, offset: 0, carry: Vec::new(), ended: false }
    }

    pub(super) fn next(&mut self, failed: &impl Fn(&std::io::Error) -> Stop) -> Result<Option<Block>, Stop> {
        let mut text = std::mem::take(&mut self.carry);
        let mut wanted = CSV_BLOCK_BYTES;
        while !self.ended {
            let room = wanted.saturating_sub(text.len()).max(1) as u64;
            let read = self.reader.by_ref().take(room).read_to_end(&mut text).map_err(|error| failed(&error))?;
            self.ended = (read as u64) < room;
            if self.skip > 0 {
                let skipped = self.skip.min(text.len());
                text.drain(..skipped);
                self.skip -= skipped;
                self.offset += skipped as u64;
            }
            let end = if self.ended { text.len() } else { self.dialect.whole_records(&text) };
            if end > 0 || self.ended {
                self.carry = text.split_off(end);
                break;
            }
            if text.len() > CSV_RECORD_BYTES_MAX {
                return Err(Stop::At { offset: self.offset, fault: Fault::TooLong });
            }
            wanted = (text.len() * 2).min(CSV_RECORD_BYTES_MAX + 1);
        }
        let offset = self.offset;
        self.offset += text.len() as u64;
        Ok((!text.is_empty()).then_some(Block { offset, text }))
    }
}
