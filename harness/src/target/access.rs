//! How a client of an HTTP target presents itself, and whom it trusts there.

use std::path::Path;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, StatusCode, redirect};

use super::client::chain;
use super::placeholders::{self, ENV_PREFIX, Place};
use crate::decode::{Decoder, Fields};
use crate::source::Diagnostic;
use crate::syntax::{Entry, Node};
use crate::vars::{self, Vars};

/// What the transport sends by itself.
const RESERVED: [&str; 7] =
    ["accept", "content-length", "content-type", "host", "last-event-id", "mcp-protocol-version", "mcp-session-id"];

/// How often one request is sent on to another place, at most.
const REDIRECTS_MAX: usize = 10;

/// The headers of each request, and who vouches for the server.
#[derive(Debug, Default)]
pub struct Access {
    headers: Vec<Entry>,
    /// Certificates in PEM that stand in for those of the system.
    ca_file: Option<Node>,
}

impl Access {
    /// Takes `headers` and `ca_file`; `secure` says whether there is TLS.
    pub(super) fn decode(fields: &mut Fields<'_>, place: Place, secure: bool, decoder: &mut Decoder) -> Self {
        let headers = fields.take("headers").map_or_else(Vec::new, |node| headers(node, place, decoder));
        let ca_file =
            fields.take("ca_file").filter(|node| placeholders::check(node, "`ca_file`", place, decoder).is_some());
        if let Some(node) = ca_file.filter(|_| !secure) {
            decoder.report(
                Diagnostic::new(&node.span, "this address has no certificates to check", "for `https://` only")
                    .help("leave `ca_file` out, or let the address begin with `https://`"),
            );
        }
        Self { headers, ca_file: ca_file.cloned() }
    }

    /// A client with these headers that trusts these certificates, or else the system's.
    ///
    /// # Errors
    ///
    /// Which variable of the environment is missing, or what is wrong with the file.
    pub(super) fn client(&self, mut vars: Vars, folder: &Path) -> Result<Client, String> {
        // Whoever came first has chosen the provider for the whole process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A connection that is kept stalls the next request for as long as the kernel delays an acknowledgement.
        let mut builder = Client::builder().pool_max_idle_per_host(0).redirect(same_origin());
        if let Some(node) = &self.ca_file {
            builder = builder.tls_certs_only(certificates(&folder.join(text(node, &vars)?))?);
        }
        let mut headers = HeaderMap::new();
        for Entry { key, value } in &self.headers {
            add_env(value, &mut vars)?;
            // The value may be a secret, and no message has it.
            let told = |_| format!("the header `{}` has a value that HTTP cannot carry", key.name);
            let mut value = HeaderValue::from_str(&text(value, &vars)?).map_err(told)?;
            value.set_sensitive(true);
            let name = HeaderName::from_bytes(key.name.as_bytes()).map_err(|error| error.to_string())?;
            headers.append(name, value);
        }
        let built = builder.default_headers(headers).build();
        built.map_err(|error| format!("there is no HTTP client: {}", chain(&error)))
    }
}

fn text(node: &Node, vars: &Vars) -> Result<String, String> {
    vars.text(node).map_err(|problem| problem.title)
}

/// Gives the variables of the environment that `node` names their values.
fn add_env(node: &Node, vars: &mut Vars) -> Result<(), String> {
    for (name, _) in vars::names(node).0 {
        let Some(variable) = name.strip_prefix(ENV_PREFIX) else { continue };
        let value = std::env::var(variable)
            .map_err(|_| format!("the environment has no text in `{variable}`, which the target's file names"))?;
        vars.set(name.clone(), value.into());
    }
    Ok(())
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let failed = |reason: String| format!("the certificates of {} cannot be read: {reason}", path.display());
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| failed(chain(&error)))?;
    if found.is_empty() { Err(failed("there is none in PEM".to_owned())) } else { Ok(found) }
}

/// Follows a server to another path of its own, as one that wants a `/` at the end asks for; a secret goes nowhere else.
fn same_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let keeps_method = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let same = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error(format!("it was sent on more than {REDIRECTS_MAX} times"))
        } else if keeps_method && same {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

fn headers(node: &Node, place: Place, decoder: &mut Decoder) -> Vec<Entry> {
    let Some(entries) = node.as_map() else {
        decoder.expected(node, "`headers`", "a map of names to texts");
        return Vec::new();
    };
    let place = Place { env: true, ..place };
    let mut headers = Vec::new();
    for entry in entries {
        let name = entry.key.name.to_lowercase();
        let problem = if HeaderName::from_bytes(name.as_bytes()).is_err() {
            Some(("this is no name of a header", "letters, digits and `-`"))
        } else if RESERVED.contains(&name.as_str()) {
            Some(("the transport sends this header by itself", "not to be set"))
        } else {
            None
        };
        if let Some((title, label)) = problem {
            decoder.report(Diagnostic::new(&entry.key.span, title, label));
        } else if placeholders::check(&entry.value, "a header", place, decoder).is_some() {
            headers.push(entry.clone());
        }
    }
    headers
}
