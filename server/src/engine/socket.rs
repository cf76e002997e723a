//! Where hyperd listens: a Unix socket in a folder that only its user can enter. hyperd asks nobody for a password, and
//! a port of the loopback address would be open to every user of the machine.
//!
//! On Windows it is a named pipe, which the driver names; that was never run.

use std::io;
use std::path::Path;

use hyperdb_api::Parameters;

use crate::scratch::Scratch;

/// The longest path of a socket: macOS takes 103 bytes, Linux 107.
#[cfg(unix)]
const PATH_BYTES_MAX: usize = 103;
/// What the driver has a socket called.
#[cfg(unix)]
const NAME: &str = "hyper";
/// What stands between folder and name where hyperd is told where to listen.
#[cfg(unix)]
const SEPARATOR: &str = "/domain/";
#[cfg(unix)]
const PREFIX: &str = "hyperd-mcp-";

/// A folder for one socket, in `wanted` if hyperd can be told of it. Each hyperd has one of its own: one that was killed
/// leaves its socket behind.
#[cfg(unix)]
pub(super) fn folder(wanted: &Path) -> io::Result<Option<Scratch>> {
    use etcetera::BaseStrategy as _;
    if fits(wanted) {
        return Scratch::new_in(wanted, PREFIX).map(Some);
    }
    let runtime = etcetera::choose_base_strategy().ok().and_then(|strategy| strategy.runtime_dir());
    if let Some(runtime) = runtime.filter(|runtime| fits(runtime))
        && let Ok(made) = Scratch::new_in(&runtime, PREFIX)
    {
        return Ok(Some(made));
    }
    Scratch::new_in(Path::new("/tmp"), PREFIX).map(Some)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of the other systems")]
pub(super) fn folder(_wanted: &Path) -> io::Result<Option<Scratch>> {
    Ok(None)
}

/// Has hyperd make its socket in `folder`.
#[cfg(unix)]
pub(super) fn put_into(parameters: &mut Parameters, folder: &Path) {
    parameters.set_domain_socket_directory(folder);
}

#[cfg(not(unix))]
pub(super) fn put_into(_parameters: &mut Parameters, _folder: &Path) {}

/// Whether a socket in a folder below `parent` has a path that is short enough, and that hyperd reads as it is meant: it
/// takes a list with commas, whose items have folder and name parted by [`SEPARATOR`].
#[cfg(unix)]
fn fits(parent: &Path) -> bool {
    const DRAWN_AND_SLASHES: usize = 8;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=~@".contains(&byte);
    let Some(text) = parent.to_str() else { return false };
    let bytes = text.len() + PREFIX.len() + DRAWN_AND_SLASHES + NAME.len();
    text.starts_with('/')
        && bytes <= PATH_BYTES_MAX
        && text.bytes().all(plain)
        && !format!("{text}/").contains(SEPARATOR)
}

/// Whether a hyperd at `endpoint` has so many connections waiting to be accepted that none can be added: the system
/// refuses those to a socket of this kind at once, as it would if nobody listened.
#[cfg(unix)]
pub(super) async fn has_full_queue(endpoint: &str) -> bool {
    let Some((folder, name)) = endpoint.strip_prefix("tab.domain://").and_then(|rest| rest.split_once(SEPARATOR))
    else {
        return false;
    };
    let tried = tokio::net::UnixStream::connect(Path::new(folder).join(name)).await;
    tried.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(not(unix))]
pub(super) async fn has_full_queue(_endpoint: &str) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::{Path, PathBuf};

    use rstest::rstest;

    use super::{fits, folder, has_full_queue};

    #[rstest]
    #[case::usual("/tmp/hyperd-mcp-AbCd12", true)]
    #[case::relative("tmp", false)]
    #[case::a_list("/tmp/a,b", false)]
    #[case::a_blank("/tmp/a b", false)]
    #[case::the_separator("/srv/domain/x", false)]
    #[case::the_separator_at_the_end("/srv/domain", false)]
    #[case::longest("/tmp/45678901234567890123456789012345678901234567890123456789012345678901234567", true)]
    #[case::too_long("/tmp/4567890123456789012345678901234567890123456789012345678901234567890123456789", false)]
    fn a_path_that_hyperd_would_misread_or_the_system_refuse_is_not_used(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(fits(Path::new(path)), expected, "{} bytes", path.len());
    }

    #[test]
    fn a_folder_too_deep_for_a_socket_gets_one_elsewhere_that_is_deleted() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        let deep = parent.path().join("d".repeat(super::PATH_BYTES_MAX));
        std::fs::create_dir(&deep).expect("a folder can be made");
        let made = folder(&deep).expect("there is one").expect("Unix has one");
        let path: PathBuf = made.path().to_owned();
        assert!(!path.starts_with(&deep) && path.join(super::NAME).as_os_str().len() <= super::PATH_BYTES_MAX);
        assert!(crate::own::is_private_folder(&path).expect("it is there"), "it is closed to others");
        made.close().expect("it is deleted");
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_full_queue_is_told_from_nobody() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        let endpoint = format!("tab.domain://{}/domain/hyper", parent.path().display());
        let path = parent.path().join("hyper");
        assert!(!has_full_queue(&endpoint).await, "nobody listens");
        let socket = tokio::net::UnixSocket::new_stream().expect("a socket can be made");
        socket.bind(&path).expect("it can be bound");
        let _listener = socket.listen(1).expect("it can listen");
        let mut waiting = vec![tokio::net::UnixStream::connect(&path).await.expect("there is room")];
        assert!(!has_full_queue(&endpoint).await, "there is room");
        while let Ok(one) = tokio::net::UnixStream::connect(&path).await {
            waiting.push(one);
        }
        assert!(has_full_queue(&endpoint).await, "there is no room");
    }
}
