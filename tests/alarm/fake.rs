//! A release that does one thing otherwise: a real hyperd behind a proxy that changes what goes over its wire.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::fault::Fault;

/// Names the real executable; with it set, this program is a hyperd.
pub(crate) const REAL: &str = "FAKE_RELEASE_OF";
/// Names what the fake release does otherwise.
pub(crate) const FAULT: &str = "FAKE_RELEASE_FAULT";
/// The exit code of a process that a signal ended, as a shell tells it.
const CRASHED: i32 = 134;

const CALLBACK: &str = "--callback-connection";
/// What the argument begins with that says where to listen.
const SOCKET: &str = "tab.domain://";
const HEADER_BYTES: usize = 5;

/// Runs as hyperd.
pub(crate) fn main(real: &str) -> ExitCode {
    let fault = std::env::var(FAULT).ok().and_then(|name| Fault::named(&name));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().position(|argument| argument.starts_with(CALLBACK)) {
        Some(at) => serve(real, arguments, at, fault),
        None => Command::new(real).args(arguments).status().map(|_| ()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake hyperd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(real: &str, mut arguments: Vec<String>, at: usize, fault: Option<Fault>) -> io::Result<()> {
    // `--name value` or `--name=value`.
    let slot = if arguments[at] == CALLBACK { at + 1 } else { at };
    let (front, harness) = arguments[slot].rsplit_once(':').ok_or_else(|| io::Error::other("no port"))?;
    let (front, harness) = (front.to_owned(), harness.to_owned());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    arguments[slot] = format!("{front}:{}", listener.local_addr()?.port());
    // The real one listens under another name in the folder, and this one where it was told to.
    let told = arguments.iter().position(|argument| argument.starts_with(SOCKET));
    let told = told.ok_or_else(|| io::Error::other("no socket to listen at"))?;
    let proxy = socket(&arguments[told])?;
    let announced = format!("{}\0", arguments[told]);
    arguments[told].push_str("-real");
    let behind = socket(&arguments[told])?;
    let mut real = Command::new(real).args(&arguments).spawn()?;
    let (mut callback, _) = listener.accept()?;
    let mut length = [0];
    callback.read_exact(&mut length)?;
    let mut descriptor = vec![0; length[0].into()];
    callback.read_exact(&mut descriptor)?;

    let proxy = UnixListener::bind(proxy)?;
    let mut harness = TcpStream::connect(format!("127.0.0.1:{harness}"))?;
    harness.write_all(&[u8::try_from(announced.len()).map_err(io::Error::other)?])?;
    harness.write_all(announced.as_bytes())?;
    thread::spawn(move || {
        for client in proxy.incoming().flatten() {
            let behind = behind.clone();
            thread::spawn(move || connection(&client, &behind, fault));
        }
    });
    // Where hyperd ends by itself, this one ends with it.
    let (mut of_real, of_harness) = (callback.try_clone()?, harness.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut of_real, &mut io::sink());
        let _ = of_harness.shutdown(Shutdown::Both);
    });
    // The harness closes this to end hyperd; hyperd then ends because its own is closed.
    let _ = io::copy(&mut harness, &mut io::sink());
    end(&mut real, &callback)
}

/// The path of the socket that an argument names.
fn socket(argument: &str) -> io::Result<PathBuf> {
    let parts = argument.strip_prefix(SOCKET).and_then(|rest| rest.split_once("/domain/"));
    parts.map(|(folder, name)| Path::new(folder).join(name)).ok_or_else(|| io::Error::other("no path of a socket"))
}

fn end(real: &mut Child, callback: &TcpStream) -> io::Result<()> {
    // One that is gone has closed it.
    let _ = callback.shutdown(Shutdown::Both);
    real.wait().map(|_| ())
}

fn connection(client: &UnixStream, behind: &Path, fault: Option<Fault>) -> io::Result<()> {
    let server = UnixStream::connect(behind)?;
    let armed = Arc::new(AtomicBool::new(false));
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let arming = Arc::clone(&armed);
    let asking = thread::spawn(move || {
        // Whichever way it ends, the other side must hear of it.
        let _ = ask(from_client, &to_server, fault, &arming);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let _ = answer(server, client, fault, &armed);
    let _ = client.shutdown(Shutdown::Both);
    let _ = asking.join();
    Ok(())
}

/// From the client to hyperd: the first message has no tag, each later one has.
fn ask(mut client: UnixStream, mut server: &UnixStream, fault: Option<Fault>, armed: &AtomicBool) -> io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut startup = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(length.len())];
    client.read_exact(&mut startup)?;
    server.write_all(&length)?;
    server.write_all(&startup)?;
    loop {
        let (tag, body) = read(&mut client)?;
        let meant = fault.filter(|fault| tag == b'Q' && fault.concerns(&String::from_utf8_lossy(&body)));
        match meant {
            Some(Fault::Crash) => std::process::exit(CRASHED),
            // hyperd never hears of it, so nothing comes back.
            Some(Fault::Hang) => continue,
            _ => armed.store(meant.is_some(), Ordering::SeqCst),
        }
        match meant.and_then(Fault::asks_instead) {
            Some(sql) => write(&mut server, tag, format!("{sql}\0").as_bytes())?,
            None => write(&mut server, tag, &body)?,
        }
    }
}

fn answer(mut server: UnixStream, mut client: &UnixStream, fault: Option<Fault>, armed: &AtomicBool) -> io::Result<()> {
    loop {
        let (tag, body) = read(&mut server)?;
        let (tag, body) = match fault {
            Some(fault) if armed.load(Ordering::SeqCst) => fault.change(tag, body),
            _ => (tag, body),
        };
        write(&mut client, tag, &body)?;
    }
}

fn read(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header)?;
    let [tag, length @ ..] = header;
    let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(length.len())];
    stream.read_exact(&mut body)?;
    Ok((tag, body))
}

fn write(stream: &mut impl Write, tag: u8, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + size_of::<u32>()).map_err(io::Error::other)?;
    stream.write_all(&[&[tag], length.to_be_bytes().as_slice(), body].concat())
}
