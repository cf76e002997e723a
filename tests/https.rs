//! Targets behind TLS: a real server with a certificate of its own, and a token that it asks for.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::Listener;
use hyper_conform::source::Source;
use hyper_conform::target::TargetFile;
use hyper_conform::{Engines, Stage, Suite, Verdict, plan, report, run};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rmcp::model::{InitializeResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// What the server wants to hear: the value of a variable that every test process has.
const SECRET: &str = env!("CARGO_PKG_NAME");

/// A server without tools.
#[derive(Clone)]
struct Bare;

impl ServerHandler for Bare {
    fn get_info(&self) -> InitializeResult {
        InitializeResult::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::default())
    }
}

/// Takes what shakes hands in TLS, and drops what does not.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, peer)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// A running server, and the folder of the target's file with its certificate `ca.pem` and a stranger's `other.pem`.
struct Server {
    port: u16,
    folder: TempDir,
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

async fn token(request: Request, next: Next) -> Result<Response, StatusCode> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let known = header == Some(&format!("Bearer {SECRET}"));
    if known { Ok(next.run(request).await) } else { Err(StatusCode::UNAUTHORIZED) }
}

async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } = certificate();
    std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("other.pem"), certificate().cert.pem()).unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let mcp = StreamableHttpService::new(
        || Ok(Bare),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let router = Router::new().nest_service("/mcp", mcp).layer(middleware::from_fn(token));
    let listener = Tls { tcp, acceptor: TlsAcceptor::from(Arc::new(tls)) };
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { port, folder }
}

impl Server {
    /// What comes of a scenario that lists the tools, with these lines in the target's file.
    async fn verdict(&self, host: &str, lines: &str) -> (Verdict, String) {
        let text = format!(
            "kind = 'http'\naddress = 'https://{host}:{}/mcp'\nstart_timeout = '10s'\n{lines}\n[options]\npersistent = []\n",
            self.port
        );
        let path: PathBuf = self.folder.path().join("secure.toml");
        let source = Source { shown: "secure.toml".to_owned(), path, text };
        let target = TargetFile::parse(&Arc::new(source)).expect("the target's file is right");
        let done = tokio::task::spawn_blocking(move || {
            let suite = Suite::of_text(
                "feature: F\nscenarios: [{ scenario: a, steps: [{ list: tools, expect: { $len: 0 } }] }]\n",
            )
            .unwrap();
            let stage = Stage::new(Arc::new(target), Engines::default(), Path::new("scenarios"), false);
            let report = run::run_case(&plan::cases(&suite)[0], &stage);
            let told = report::failure::render(&report, false);
            (report.verdict, told)
        });
        done.await.unwrap()
    }
}

const BEARER: &str = "headers = { Authorization = 'Bearer $(env.CARGO_PKG_NAME)' }";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_is_reached_with_its_token() {
    let server = server().await;
    let (verdict, told) = server.verdict("localhost", &format!("ca_file = 'ca.pem'\n{BEARER}")).await;
    assert!(matches!(verdict, Verdict::Pass), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_certificate_or_a_token_is_told() {
    let server = server().await;
    let cases = [
        ("localhost", format!("ca_file = 'other.pem'\n{BEARER}"), "invalid peer certificate"),
        ("localhost", BEARER.to_owned(), "name its issuer with `ca_file`"),
        ("127.0.0.1", format!("ca_file = 'ca.pem'\n{BEARER}"), "certificate not valid for name \"127.0.0.1\""),
        ("localhost", "ca_file = 'ca.pem'".to_owned(), "401"),
        ("localhost", "ca_file = 'empty.pem'".to_owned(), "empty.pem cannot be read"),
        ("localhost", "ca_file = 'gone.pem'".to_owned(), "gone.pem cannot be read"),
        ("localhost", "headers = { X-Key = '$(env.NO_SUCH_VARIABLE)' }".to_owned(), "`NO_SUCH_VARIABLE`"),
    ];
    for (host, lines, reason) in cases {
        let (verdict, told) = server.verdict(host, &lines).await;
        assert!(matches!(verdict, Verdict::CouldNotRun(_)), "{lines}:\n{told}");
        assert!(told.contains(reason), "{lines}:\n{told}");
        assert!(!told.contains(SECRET), "the token is told:\n{told}");
    }
}
