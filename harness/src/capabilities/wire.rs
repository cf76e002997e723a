//! A connection in the simple query protocol that psql speaks: blocking, with one deadline for all that it does.
//!
//! hyperd answers in text, with each column's type and each error's fields: what psql shows.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use hyperd_mcp::engine::type_name;
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message, RowDescriptionBody};
use postgres_protocol::message::frontend;

use super::outcome::Answer;

/// The user that hyperd starts with.
const USER: &str = "tableau_internal_user";
const READ_BYTES: usize = 16 << 10;
/// More rows than this are read and dropped: no row of the battery has as many.
const ROWS_MAX: usize = 1_000;

/// One connection.
pub(crate) struct Wire {
    stream: Stream,
    buffer: BytesMut,
    deadline: Instant,
    endpoint: String,
    key: Option<(i32, i32)>,
}

/// The way to hyperd.
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// An error that hyperd answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failed {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
}

/// Why there is no answer at all.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection is gone.
    Gone(io::Error),
    /// The deadline passed.
    Late,
    /// What came is not the protocol.
    Garbled(io::Error),
}

/// What ends a running statement from another connection.
pub(crate) struct Canceller {
    endpoint: String,
    key: Option<(i32, i32)>,
}

type Answered = Result<Result<Answer, Failed>, Broken>;

impl Wire {
    /// Connects to an endpoint as `Hyperd` tells it, or to `host:port`, and to a database where one is given.
    pub(crate) fn connect(endpoint: &str, database: Option<&str>, deadline: Instant) -> Result<Self, Broken> {
        let stream = open(endpoint, deadline)?;
        let mut wire = Self { stream, buffer: BytesMut::new(), deadline, endpoint: endpoint.to_owned(), key: None };
        let mut parameters = vec![("user", USER), ("client_encoding", "UTF8")];
        parameters.extend(database.map(|database| ("database", database)));
        wire.send(|out| frontend::startup_message(parameters.iter().copied(), out))?;
        match wire.answer()? {
            Ok(_) => Ok(wire),
            Err(failed) => Err(Broken::Gone(io::Error::other(format!("{} {}", failed.sqlstate, failed.message)))),
        }
    }

    /// Runs one message of SQL.
    pub(crate) fn query(&mut self, sql: &str) -> Answered {
        self.send(|out| frontend::query(sql, out))?;
        self.answer()
    }

    /// Runs a `COPY ... TO STDOUT`, and gives the bytes that came.
    pub(crate) fn copy_out(&mut self, sql: &str) -> Result<Result<Vec<u8>, Failed>, Broken> {
        self.send(|out| frontend::query(sql, out))?;
        let (mut bytes, mut failed) = (Vec::new(), None);
        loop {
            match self.message()? {
                Message::ReadyForQuery(_) => return Ok(failed.map_or(Ok(bytes), Err)),
                Message::CopyData(body) => bytes.extend_from_slice(body.data()),
                Message::ErrorResponse(body) => failed = Some(fields(body.fields()).map_err(Broken::Garbled)?),
                _ => {}
            }
        }
    }

    /// What can end the statement that runs next.
    pub(crate) fn canceller(&self) -> Canceller {
        Canceller { endpoint: self.endpoint.clone(), key: self.key }
    }

    fn send(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), Broken> {
        let mut out = BytesMut::new();
        write(&mut out).map_err(Broken::Garbled)?;
        self.stream.set_timeout(self.left()?).map_err(Broken::Gone)?;
        self.stream.write_all(&out).map_err(Self::broken)
    }

    fn left(&self) -> Result<Duration, Broken> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Broken::Late) } else { Ok(left) }
    }

    fn broken(error: io::Error) -> Broken {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Broken::Late,
            _ => Broken::Gone(error),
        }
    }

    fn message(&mut self) -> Result<Message, Broken> {
        loop {
            if let Some(message) = Message::parse(&mut self.buffer).map_err(Broken::Garbled)? {
                return Ok(message);
            }
            self.stream.set_timeout(self.left()?).map_err(Broken::Gone)?;
            let mut bytes = [0; READ_BYTES];
            let read = self.stream.read(&mut bytes).map_err(Self::broken)?;
            if read == 0 {
                return Err(Broken::Gone(io::ErrorKind::UnexpectedEof.into()));
            }
            self.buffer.extend_from_slice(&bytes[..read]);
        }
    }

    /// Reads up to the moment when hyperd is ready for the next statement.
    fn answer(&mut self) -> Answered {
        let mut answer = Answer::default();
        let mut failed = None;
        loop {
            match self.message()? {
                Message::ReadyForQuery(_) => return Ok(failed.map_or(Ok(answer), Err)),
                Message::BackendKeyData(body) => self.key = Some((body.process_id(), body.secret_key())),
                Message::RowDescription(body) => answer.columns = columns(&body).map_err(Broken::Garbled)?,
                Message::DataRow(body) if answer.rows.len() < ROWS_MAX => {
                    answer.rows.push(values(&body).map_err(Broken::Garbled)?);
                }
                Message::CommandComplete(body) => body.tag().map_err(Broken::Garbled)?.clone_into(&mut answer.tag),
                Message::CopyOutResponse(_) => answer.columns = vec![("copy".to_owned(), "bytes".to_owned())],
                Message::CopyData(body) if answer.rows.len() < ROWS_MAX => {
                    answer.rows.push(vec![Some(String::from_utf8_lossy(body.data()).into_owned())]);
                }
                Message::CopyInResponse(_) => self.send(|out| frontend::copy_fail("there is no data", out))?,
                Message::ErrorResponse(body) => {
                    let told = fields(body.fields()).map_err(Broken::Garbled)?;
                    // A connection that was refused gets no ReadyForQuery.
                    if self.key.is_none() {
                        return Ok(Err(told));
                    }
                    failed = Some(told);
                }
                _ => {}
            }
        }
    }
}

impl Canceller {
    /// Asks hyperd to end the statement. That nobody answers is part of the protocol.
    pub(crate) fn cancel(&self, deadline: Instant) {
        let Some((process_id, secret_key)) = self.key else { return };
        if let Ok(mut stream) = open(&self.endpoint, deadline) {
            let mut out = BytesMut::new();
            frontend::cancel_request(process_id, secret_key, &mut out);
            // Whether it arrived shows in the statement's own answer.
            let _ = stream.write_all(&out);
        }
    }
}

fn open(endpoint: &str, deadline: Instant) -> Result<Stream, Broken> {
    #[cfg(unix)]
    if let Some((folder, name)) = endpoint.strip_prefix("tab.domain://").and_then(|rest| rest.split_once("/domain/")) {
        return UnixStream::connect(Path::new(folder).join(name)).map(Stream::Unix).map_err(Broken::Gone);
    }
    let mut refused = io::Error::other(format!("{endpoint} is no address"));
    for address in endpoint.to_socket_addrs().map_err(Broken::Gone)? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Broken::Late);
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(Broken::Gone)?;
                return Ok(Stream::Tcp(stream));
            }
            Err(error) => refused = error,
        }
    }
    Err(Broken::Gone(refused))
}

impl Stream {
    /// Bounds the next read and the next write.
    fn set_timeout(&self, left: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(left)).and(stream.set_write_timeout(Some(left))),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_read_timeout(Some(left)).and(stream.set_write_timeout(Some(left))),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.flush(),
        }
    }
}

fn columns(body: &RowDescriptionBody) -> io::Result<Vec<(String, String)>> {
    let named =
        body.fields().map(|field| Ok((field.name().to_owned(), type_name(field.type_oid(), field.type_modifier()))));
    named.collect()
}

fn values(body: &DataRowBody) -> io::Result<Vec<Option<String>>> {
    let bytes = body.buffer();
    let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
    body.ranges().map(|range| Ok(range.map(text))).collect()
}

fn fields(mut fields: ErrorFields<'_>) -> io::Result<Failed> {
    let mut failed = Failed::default();
    while let Some(field) = fields.next()? {
        let text = String::from_utf8_lossy(field.value_bytes()).trim().to_owned();
        match field.type_() {
            b'C' => failed.sqlstate = text,
            b'M' => failed.message = text,
            b'D' => failed.detail = Some(text).filter(|text| !text.is_empty()),
            b'H' => failed.hint = Some(text).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    Ok(failed)
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone(error) => write!(f, "the connection is gone: {error}"),
            Self::Late => f.write_str("no answer within the deadline"),
            Self::Garbled(error) => write!(f, "what hyperd sent is not the protocol: {error}"),
        }
    }
}
