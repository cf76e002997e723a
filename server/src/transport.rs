//! Messages as lines. Every request is answered, also one that cannot be read, and what waits for a client that does not
//! read is bounded.
//!
//! rmcp's own transport drops a line that is no JSON and one that is too long, so that the client waits for ever. This
//! one answers with a JSON-RPC error under each id that the line shows, or under none, and goes on.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, ClientRequest, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::error::Category;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;

use crate::limits;
use crate::outbox::Outbox;
use crate::request_ids;

/// A client on two streams.
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    line: Vec<u8>,
    /// The rest of a line is skipped that is too long.
    skipping: bool,
    has_ended: bool,
    /// Whether the client has made its first request.
    has_begun: bool,
    write: Arc<Mutex<Option<W>>>,
    outbox: Outbox,
    /// The requests that are being answered.
    open: HashSet<RequestId>,
    /// What is to be said before the next line is read.
    replies: Vec<TxJsonRpcMessage<RoleServer>>,
}

/// What a line comes to.
enum Line {
    Whole,
    TooLong,
    End,
}

impl<R: AsyncRead + Send + Unpin, W: AsyncWrite + Send + Unpin + 'static> Lines<R, W> {
    pub(crate) fn new(read: R, write: W, outbox: Outbox) -> Self {
        Self {
            read: BufReader::new(read),
            line: Vec::new(),
            skipping: false,
            has_ended: false,
            has_begun: false,
            write: Arc::new(Mutex::new(Some(write))),
            outbox,
            open: HashSet::new(),
            replies: Vec::new(),
        }
    }

    /// Reads on until a line has ended. Whoever drops it and calls it again misses nothing.
    async fn next_line(&mut self) -> Line {
        loop {
            let Ok(available) = self.read.fill_buf().await else { return Line::End };
            if available.is_empty() {
                // A message without a line break at the end is one as well.
                let is_last = !self.has_ended && !self.line.is_empty();
                self.has_ended = true;
                return if is_last { Line::Whole } else { Line::End };
            }
            let newline = available.iter().position(|byte| *byte == b'\n');
            let taken = newline.map_or(available.len(), |at| at + 1);
            let is_too_long = self.line.len() + taken > limits::MESSAGE_BYTES_MAX;
            if !self.skipping && !is_too_long {
                self.line.extend_from_slice(&available[..taken]);
            }
            self.read.consume(taken);
            if is_too_long {
                self.skipping = true;
            }
            if newline.is_some() {
                return if std::mem::take(&mut self.skipping) { Line::TooLong } else { Line::Whole };
            }
        }
    }

    /// The message of a whole line, or nothing where it is answered here.
    fn message(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line).trim_ascii();
        if text.is_empty() {
            return None;
        }
        match serde_json::from_slice(text) {
            Ok(message) if lost_cursor(&message, text) => {
                let reason = "The parameter `cursor` is a string that the answer before gave out.";
                self.refuse(&ErrorData::invalid_params(reason, None), text);
                None
            }
            Ok(message) => self.known(message),
            Err(error) => {
                let is_json = matches!(error.classify(), Category::Data);
                // A notification that nobody knows asks for no answer.
                if !(is_json && request_ids::is_notification(text)) {
                    let error = if is_json {
                        ErrorData::invalid_request(format!("This is no message of the protocol: {error}."), None)
                    } else {
                        ErrorData::parse_error(format!("The line is not one JSON value: {error}."), None)
                    };
                    self.refuse(&error, text);
                }
                None
            }
        }
    }

    /// Says an error under each id that a text shows, or under none.
    fn refuse(&mut self, error: &ErrorData, text: &[u8]) {
        let ids = request_ids::of(text);
        tracing::debug!(%error, ids = ids.len(), "a message was refused");
        if ids.is_empty() {
            self.replies.push(JsonRpcMessage::error(error.clone(), None));
        }
        self.replies.extend(ids.into_iter().map(|id| JsonRpcMessage::error(error.clone(), Some(id))));
    }

    fn known(&mut self, message: RxJsonRpcMessage<RoleServer>) -> Option<RxJsonRpcMessage<RoleServer>> {
        match &message {
            JsonRpcMessage::Request(request) => {
                self.has_begun = true;
                if !self.open.insert(request.id.clone()) {
                    let text = format!("A request with the id {} is being answered still.", request.id);
                    let error = ErrorData::invalid_request(text, None);
                    self.replies.push(JsonRpcMessage::error(error, Some(request.id.clone())));
                    return None;
                }
            }
            // rmcp takes the first message for the handshake's, and ends where it is none.
            JsonRpcMessage::Notification(_) if !self.has_begun => return None,
            JsonRpcMessage::Notification(notification) => {
                // What is cancelled is never answered.
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.open.remove(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        Some(message)
    }
}

impl<R: AsyncRead + Send + Unpin, W: AsyncWrite + Send + Unpin + 'static> Transport<RoleServer> for Lines<R, W> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        match &message {
            JsonRpcMessage::Response(response) => {
                self.open.remove(&response.id);
            }
            JsonRpcMessage::Error(error) => {
                if let Some(id) = &error.id {
                    self.open.remove(id);
                }
            }
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
        let bytes = bytes(&message);
        let waiting = bytes.as_ref().ok().map(|bytes| self.outbox.put(bytes.len()));
        let write = Arc::clone(&self.write);
        async move {
            let bytes = bytes?;
            put_out(&write, &bytes).await?;
            drop(waiting);
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            while let Some(reply) = self.replies.first() {
                let bytes = bytes(reply).ok()?;
                // A reply that is cut off by a dropped future would break the line: it is out before anything else.
                let write = Arc::clone(&self.write);
                let waiting = self.outbox.put(bytes.len());
                self.replies.remove(0);
                tokio::spawn(async move {
                    if let Err(error) = put_out(&write, &bytes).await {
                        tracing::debug!(%error, "a message could not be answered");
                    }
                    drop(waiting);
                });
            }
            // A client that asks on and does not read is not listened to until it does.
            self.outbox.at_most(limits::UNREAD_BYTES_MAX).await;
            match self.next_line().await {
                Line::Whole => {
                    if let Some(message) = self.message() {
                        return Some(message);
                    }
                }
                Line::TooLong => {
                    let line = std::mem::take(&mut self.line);
                    let text = format!("The message is longer than {} bytes.", limits::MESSAGE_BYTES_MAX);
                    self.refuse(&ErrorData::invalid_request(text, None), &line);
                }
                Line::End => return None,
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        drop(self.write.lock().await.take());
        Ok(())
    }
}

/// Whether a request for a list names a page in a way that rmcp drops without a word, such as by a number. The first page
/// would be a wrong answer.
fn lost_cursor(message: &RxJsonRpcMessage<RoleServer>, text: &[u8]) -> bool {
    let JsonRpcMessage::Request(request) = message else { return false };
    let read = match &request.request {
        ClientRequest::ListToolsRequest(list) => &list.params,
        ClientRequest::ListPromptsRequest(list) => &list.params,
        ClientRequest::ListResourcesRequest(list) => &list.params,
        ClientRequest::ListResourceTemplatesRequest(list) => &list.params,
        _ => return false,
    };
    let has_cursor = read.as_ref().is_some_and(|params| params.cursor.is_some());
    let raw: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    !has_cursor && !raw["params"]["cursor"].is_null()
}

fn bytes(message: &TxJsonRpcMessage<RoleServer>) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    Ok(bytes)
}

async fn put_out<W: AsyncWrite + Unpin>(write: &Mutex<Option<W>>, bytes: &[u8]) -> io::Result<()> {
    let mut write = write.lock().await;
    let write = write.as_mut().ok_or(io::ErrorKind::NotConnected)?;
    write.write_all(bytes).await?;
    write.flush().await
}
