//! Every bound of the server in one place. A call that exceeds one is told which, and by how much it may not.
//!
//! [`Limits`] holds those that an operator may set; the constants are fixed. The unit is the last part of each name.

use std::time::Duration;

/// Longest SQL text of one statement.
pub const SQL_CHARS_MAX: u32 = 1_000_000;
/// Most statements in one call of `execute`.
pub const STATEMENTS_MAX: u32 = 1_000;
/// Most rows that `sample` returns.
pub const SAMPLE_ROWS_MAX: u32 = 1_000;
/// Rows that `sample` returns where the call does not say.
pub const SAMPLE_ROWS_DEFAULT: u32 = 5;
/// Longest path of a file or folder.
pub const PATH_CHARS_MAX: u32 = 4_096;
/// Longest name of a table, in characters; Hyper's own bound is [`IDENTIFIER_BYTES_MAX`].
pub const NAME_CHARS_MAX: u32 = 1_024;
/// Longest identifier.
pub const IDENTIFIER_BYTES_MAX: usize = 63;
/// Tables whose rows are counted in one statement.
pub const COUNTED_AT_ONCE_MAX: usize = 100;
/// Most databases attached at once, the session's own included.
pub const DATABASES_MAX: usize = 64;
/// Longest excerpt of a user's text that an error message repeats.
pub const EXCERPT_CHARS_MAX: usize = 80;
/// Longest name of a client that the table catalogue keeps.
pub const CLIENT_NAME_CHARS_MAX: usize = 200;
/// Longest text of one field of `set_table_metadata`.
pub const METADATA_CHARS_MAX: u32 = 10_000;
/// Longest SQL that the table catalogue keeps with a table made by it.
pub const CATALOG_SQL_CHARS_MAX: usize = 10_000;
/// Most names that an error lists.
pub const LISTED_NAMES_MAX: usize = 20;

/// Most files in one call of `load_files`.
pub const LOAD_FILES_MAX: u32 = 1_000;
/// Most files that `load_files` loads at once; half of the connections is another bound.
pub const LOAD_FILES_CONCURRENT_MAX: u32 = 32;
/// Files that `load_files` loads at once where the call does not say.
pub const LOAD_FILES_CONCURRENT_DEFAULT: u32 = 8;
/// Most keys that an error about a merge names.
pub const MERGE_KEYS_NAMED_MAX: usize = 5;

/// Longest message of a client; more than a call may be long, so that a call's own bounds are told first.
pub const MESSAGE_BYTES_MAX: usize = 512 << 20;
/// How much may wait to be written to a client before a query waits until it reads. Those that run by then add their
/// answers, one for each connection to hyperd at most.
pub const ANSWERS_BYTES_MAX: usize = 64 << 20;
/// How much may wait before nothing more is read of a client that does not read.
pub const UNREAD_BYTES_MAX: usize = 256 << 20;
/// Longest SQL that is looked through in the place where it is asked for; longer ones do not hold up other calls.
pub const SQL_BYTES_AT_ONCE: usize = 64 << 10;
/// Longest text that `load_data` takes.
pub const DATA_CHARS_MAX: u32 = 64 << 20;
/// Most columns of an input.
pub const COLUMNS_MAX: usize = 5_000;
/// How much of a CSV file one thread reads at once.
pub const CSV_BLOCK_BYTES: usize = 1 << 20;
/// Longest header of a CSV file, and what its delimiter is found out from.
pub const CSV_HEADER_BYTES_MAX: usize = 1 << 20;
/// Longest record of a CSV file.
pub const CSV_RECORD_BYTES_MAX: usize = 64 << 20;
/// Most threads that read one CSV file.
pub const CSV_THREADS_MAX: usize = 4;
/// Most texts that a call names as NULL.
pub const NULL_VALUES_MAX: u32 = 100;
/// Most different texts of a typed format's column that are looked at for how they are written.
pub const ODD_TEXTS_MAX: usize = 10_000;
/// Deepest nesting of a JSON value inside of a record.
pub const JSON_DEPTH_MAX: usize = 128;
/// Largest JSON document that `json_extract_path` searches.
pub const JSON_DOCUMENT_BYTES_MAX: u64 = 256 << 20;
/// Longest metadata of one Arrow message.
pub const ARROW_METADATA_BYTES_MAX: usize = 16 << 20;
/// Most rows of a file that `inspect_file` shows.
pub const INSPECT_ROWS_MAX: u32 = 100;
/// Most bytes of a file's rows that `inspect_file` shows.
pub const INSPECT_BYTES_MAX: usize = 1 << 20;
/// Most characters of a least or greatest text that `inspect_file` shows.
pub const INSPECT_TEXT_CHARS_MAX: usize = 200;
/// Rows of a file that `inspect_file` shows where the call does not say.
pub const INSPECT_ROWS_DEFAULT: u32 = 5;

/// Most folders watched at once.
pub const WATCHES_MAX: usize = 64;
/// Most files of one watched folder that are loaded at once; half of the connections is another bound.
pub const WATCH_CONCURRENT_MAX: u32 = 32;
/// Files of a watched folder that are loaded at once where the call does not say.
pub const WATCH_CONCURRENT_DEFAULT: u32 = 4;
/// How often a watched folder is looked through, for what the system did not report.
pub const WATCH_RESCAN_MS: u64 = 10_000;
/// How often a watched folder that is gone is looked for.
pub const WATCH_AWAY_MS: u64 = 500;
/// How long a file that was written to after its sentinel has to stay as it is before it is taken.
pub const WATCH_SETTLE_MS: u64 = 1_000;
/// How often that is tried before the file is left to the next look through the folder.
pub const WATCH_SETTLE_TRIES_MAX: u32 = 4;
/// How long the first try after a failure waits that may pass, such as a hyperd that is gone.
pub const WATCH_RETRY_MIN_MS: u64 = 100;
/// How long later tries wait at most.
pub const WATCH_RETRY_MAX_MS: u64 = 5_000;
/// How often a file that ran into a deadline is tried.
pub const WATCH_TIMEOUT_TRIES_MAX: u32 = 3;
/// How often a file is tried that met changes of other servers.
pub const WATCH_CONFLICT_TRIES_MAX: u32 = 20;
/// How long `unwatch_directory` waits for what is being loaded before it is cancelled.
pub const UNWATCH_GRACE_MS: u64 = 10_000;
/// Most notes about files that are gone which are kept until they are deleted.
pub const WATCH_NOTES_MAX: usize = 256;

/// Most files that one call of `copy_query` attaches.
pub const TEMP_ATTACHMENTS_MAX: u32 = 16;
/// Fewest bytes after which an Iceberg export begins a further data file.
pub const EXPORT_FILE_BYTES_MIN: u64 = 100_000;

/// The largest integer that is exact as a JSON number for each client: JavaScript reads numbers as 64-bit floats, of
/// which two integers beyond 2^53 are one.
pub const EXACT_INTEGER_MAX: u64 = (1 << 53) - 1;
/// Most bytes of a value of a key-value store.
pub const KV_VALUE_BYTES_MAX: usize = 1 << 20;
/// Most entries that one call puts into a key-value store.
pub const KV_ENTRIES_MAX: usize = 10_000;
/// Most bytes of their values together.
pub const KV_ENTRIES_BYTES_MAX: usize = 16 << 20;
/// Keys of a key-value store that one statement names.
pub const KV_KEYS_AT_ONCE: usize = 1_000;
/// Bytes of entries of a key-value store that one statement inserts, but for a single longer one.
pub const KV_STATEMENT_BYTES: usize = 1 << 20;
/// Rows that are read from hyperd before the bounds of an answer are checked.
pub const STREAM_CHUNK_ROWS: usize = 512;
/// How long a cancelled statement may take to end before its connection is given up.
pub const CANCEL_GRACE_MS: u64 = 2_000;
/// How long an attaching or detaching is tried again that meets a change of the tables in the same file.
pub const TURN_DEADLINE_MS: u64 = 30_000;
/// The first pause between two of these tries; it doubles each time.
pub const TURN_PAUSE_MS: u64 = 2;
/// The longest such pause.
pub const TURN_PAUSE_MAX_MS: u64 = 50;
/// How long an executable may take to say which hyperd it is.
pub const VERSION_DEADLINE_MS: u64 = 10_000;
/// How long a writable attachment waits for other sessions of one hyperd that hold the file read-only.
pub const MODE_WAIT_MS: u64 = 5_000;
/// The pause between two of its tries.
pub const MODE_PAUSE_MS: u64 = 20;
/// How often hyperd is asked for a sign of life while a statement runs.
pub const PULSE_MS: u64 = 2_000;
/// How long an idle connection keeps a file attached that outlives the session, for the next call that wants it.
pub const IDLE_HOLD_MS: u64 = 100;
/// How long a call waits for others to let go of a file that it has changed, so that hyperd writes it out.
pub const WRITE_OUT_DEADLINE_MS: u64 = 10_000;
/// How long it waits before it keeps calls that come after it from taking hold of that file.
pub const GATE_PATIENCE_MS: u64 = 250;
/// How long those wait at most.
pub const GATE_CLOSED_MS: u64 = 4_000;
/// How long nobody has to wait again after that came to nothing. It doubles each time.
pub const GATE_REST_MS: u64 = 3_000;
/// The longest such time.
pub const GATE_REST_MAX_MS: u64 = 60_000;
/// How often it doubles at most.
pub const GATE_DOUBLINGS_MAX: u32 = 5;
/// How long an UPDATE that waits for those who read its table keeps others in line behind it.
pub const APART_TURN_MS: u64 = 2_000;
/// Room on a disk that a call takes before it changes a database there, so that hyperd can write the change out.
pub const RESERVE_BYTES: u64 = 1 << 20;
/// Most connections for looks at what there is, beside those for work.
pub const LOOK_CONNECTIONS_MAX: usize = 4;
/// The pause between two tries for the lock of a file that another server changes.
pub const LOCK_LOOK_MS: u64 = 5;
/// How long the handshake waits for what `persistent` holds, before it tells nothing of that.
pub const HOLDING_DEADLINE_MS: u64 = 500;
/// How long the first call waits for it, where the handshake did not find it out.
pub const HOLDING_AGAIN_DEADLINE_MS: u64 = 2_000;
/// Most tables of `persistent` that a client is told of when it begins.
pub const HELD_TABLES_MAX: usize = 20;
/// How much of a table's purpose it is told.
pub const HELD_PURPOSE_CHARS_MAX: u32 = 80;
/// How much of each note `describe` shows where it shows all tables.
pub const NOTED_CHARS_MAX: u32 = 300;
/// How long the error about a name that there is not waits for the name that was meant.
pub const HINT_DEADLINE_MS: u64 = 2_000;
/// How long `describe` waits for hyperd before it says that hyperd is busy.
pub const LOOK_DEADLINE_MS: u64 = 30_000;
/// How often `describe` looks where tables are replaced while it does.
pub const DESCRIBE_TRIES: u32 = 10;
/// How long `status` waits for hyperd before it says that hyperd does not answer.
pub const STATUS_DEADLINE_MS: u64 = 5_000;
/// The pause before the first look whether others have let go.
pub const WRITE_OUT_PAUSE_MIN_MS: u64 = 1;
/// The longest pause between two looks.
pub const WRITE_OUT_PAUSE_MAX_MS: u64 = 50;
/// How long a call waits for another hyperd where one has died, and how long one that runs may refuse all connections.
pub const REPLACE_DEADLINE_MS: u64 = 5_000;
/// The pause between two looks whether it is there.
pub const REPLACE_PAUSE_MS: u64 = 20;
/// How long the daemon may take to answer; who has not by then is no daemon.
pub const DAEMON_ANSWER_MS: u64 = 1_000;
/// How often the daemon looks whether its file is there and its own. Who needs it waits twice as long.
pub const DAEMON_ANNOUNCE_MS: u64 = 1_000;
/// How long a daemon may take to start, hyperd's download excepted, which goes on.
pub const DAEMON_START_MS: u64 = 120_000;
/// The pause between two looks whether the daemon has started or ended.
pub const DAEMON_LOOK_MS: u64 = 10;
/// How often the daemon looks after its hyperd.
pub const SUPERVISE_MS: u64 = 100;
/// How often hyperd may fail within [`FAILURE_WINDOW_MS`] before the daemon gives up.
pub const FAILURES_MAX: usize = 3;
/// The time in which failures of hyperd are counted.
pub const FAILURE_WINDOW_MS: u64 = 60_000;
/// How often a temporary folder is made anew that another process took for one that is left over.
pub const SCRATCH_TRIES_MAX: u32 = 10;
/// How long hyperd may take to stop by itself before it is killed, by whoever stops it or by its guard.
pub const SHUTDOWN_DEADLINE_MS: u64 = 5_000;
/// How long a statement that the server runs for itself (attach, detach, roll back) may take.
pub const HOUSEKEEPING_DEADLINE_MS: u64 = 30_000;

/// The bounds that an operator may set.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most rows in one answer; a longer result is cut and says `truncated: true`.
    pub query_rows_max: usize,
    /// Most bytes of an answer's rows as JSON, likewise. They are sent twice, as structure and as text, and clients
    /// drop messages that are too long for them; some draw the line at 16 MiB.
    pub query_bytes_max: usize,
    /// How long one statement may run before it is cancelled in hyperd.
    pub statement_deadline: Duration,
    /// Most connections to hyperd at once; further calls wait.
    pub connections_max: usize,
    /// How long hyperd may leave a new connection, or the first statement on it, unanswered before it is taken to hang.
    pub hang_deadline: Duration,
    /// Whether a hyperd of the server's own that hangs is ended and replaced, or only reported.
    pub replace_hung: bool,
    /// Most memory of a hyperd that this program starts, as hyperd takes it: `4g`, or `50%` of the machine's. It counts
    /// what queries and data take; the process itself takes some 200 MB more. None leaves hyperd its own bound, which
    /// is 80% of the machine's memory.
    pub hyperd_memory: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        const STATEMENT_DEADLINE_S: u64 = 300;
        const HANG_DEADLINE_S: u64 = 10;
        Self {
            query_rows_max: 10_000,
            query_bytes_max: 6 << 20,
            statement_deadline: Duration::from_secs(STATEMENT_DEADLINE_S),
            connections_max: 16,
            hang_deadline: Duration::from_secs(HANG_DEADLINE_S),
            replace_hung: true,
            hyperd_memory: None,
        }
    }
}

/// A duration from one of the constants above.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
