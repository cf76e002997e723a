//! The way from a server to the daemon.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::io::BufReader;
use tokio::net::TcpStream;

use super::discovery::{Announcement, Home};
use super::start;
use super::wire::{self, Answer, Ask, Greeting, Request, State};
use crate::config::DaemonOptions;
use crate::error::{Code, Error};
use crate::limits;

/// A connection over which the daemon counts the server as its client.
pub struct Attendance {
    /// What the daemon said when it was asked.
    pub state: State,
    _stream: BufReader<TcpStream>,
}

/// Finds the daemon, or starts one, and attends.
///
/// # Errors
///
/// Why there is none, in the words of the one that failed; and that a daemon of another version runs.
pub async fn attend(options: &DaemonOptions) -> Result<Attendance, Error> {
    let home = Home::of_user()?;
    home.make()?;
    if let Some(attendance) = find(&home).await? {
        return Ok(attendance);
    }
    start::start(&home, options).await
}

/// The daemon that runs, if one does.
pub(super) async fn find(home: &Home) -> Result<Option<Attendance>, Error> {
    match reach(home, Ask::Attend).await? {
        Some(attendance) if attendance.state.version != wire::VERSION => Err(another_version(&attendance.state)),
        found => Ok(found),
    }
}

/// Asks the daemon that runs, if one does. A file without its daemon, and whoever else listens at its port, are no
/// daemon. One whose file was lost or damaged writes it again, and is waited for.
///
/// # Errors
///
/// That a daemon runs and cannot be asked, and why.
pub async fn reach(home: &Home, ask: Ask) -> Result<Option<Attendance>, Error> {
    home.check()?;
    let began = Instant::now();
    loop {
        let why = match home.read() {
            Err(why) => why,
            Ok(announcement) => match self::ask(&announcement, ask).await {
                Ok(attendance) => return Ok(Some(attendance)),
                Err(error) => format!("names port {}, where no daemon answers ({error})", announcement.port),
            },
        };
        let Some(pid) = home.running() else {
            tracing::debug!(why, "no daemon runs");
            return Ok(None);
        };
        if began.elapsed() > limits::ms(limits::DAEMON_ANNOUNCE_MS * 2) {
            return Err(unreachable(home, pid, &why));
        }
        tokio::time::sleep(limits::ms(limits::DAEMON_LOOK_MS)).await;
    }
}

/// Asks the daemon of an announcement, and believes nobody else.
///
/// # Errors
///
/// What kept it from answering, or who answers in its place.
pub async fn ask(announcement: &Announcement, ask: Ask) -> io::Result<Attendance> {
    let deadline = limits::ms(limits::DAEMON_ANSWER_MS);
    tokio::time::timeout(deadline, converse(announcement, ask)).await?
}

async fn converse(announcement: &Announcement, ask: Ask) -> io::Result<Attendance> {
    let mut stream = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, announcement.port)).await?);
    let greeting: Greeting = wire::read(&mut stream).await?;
    if greeting.program != wire::PROGRAM {
        return Err(io::Error::other("another program listens there"));
    }
    let secret = &announcement.secret;
    let nonce = wire::random()?;
    let request = Request { nonce: nonce.clone(), proof: wire::proof(secret, "client", &greeting.nonce), ask };
    wire::write(&mut stream, &request).await?;
    let answer: Answer = wire::read(&mut stream).await?;
    if answer.proof != wire::proof(secret, "daemon", &nonce) {
        return Err(io::Error::other("who listens there does not know the secret"));
    }
    Ok(Attendance { state: answer.state, _stream: stream })
}

/// Ends the daemon; false where none runs. It returns when the daemon is gone.
///
/// # Errors
///
/// That it cannot be asked, or does not end in time.
pub async fn stop(home: &Home) -> Result<bool, Error> {
    let Some(told) = reach(home, Ask::Stop).await? else { return Ok(false) };
    let pid = told.state.pid;
    let gone = async {
        while super::discovery::is_locked(&home.running_lock()) {
            tokio::time::sleep(Duration::from_millis(limits::DAEMON_LOOK_MS)).await;
        }
    };
    let deadline = limits::ms(limits::SHUTDOWN_DEADLINE_MS * 2);
    tokio::time::timeout(deadline, gone).await.map(|()| true).map_err(|_| {
        Error::new(Code::Timeout, format!("The daemon (process {pid}) was told to stop and has not."))
            .suggest(format!("See {}; ending the process ends hyperd with it.", home.log().display()))
    })
}

/// Tells the daemon that its hyperd of that process id goes on with what was cancelled.
pub(crate) async fn accuse(hyperd_pid: u32) -> Result<(), Error> {
    reach(&Home::of_user()?, Ask::Replace { hyperd_pid }).await.map(drop)
}

fn unreachable(home: &Home, pid: u32, why: &str) -> Error {
    let message =
        format!("A daemon runs already (process {pid}) and cannot be asked: {} {why}.", home.file().display());
    Error::new(Code::ResourceBusy, message).suggest(format!(
        "It writes its file again within a second unless it hangs; see {}. End the process to have another one started, \
         or use --no-daemon.",
        home.log().display()
    ))
}

fn another_version(state: &State) -> Error {
    Error::new(
        Code::ResourceBusy,
        format!("The daemon (process {}) is of version {}, and this is {}.", state.pid, state.version, wire::VERSION),
    )
    .suggest("End it with `hyperd-mcp daemon stop` when its other clients are done, or use --no-daemon.")
}
