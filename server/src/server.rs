//! The server as the protocol sees it. It delegates: tools are in [`crate::tools`], databases in [`crate::session`].

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ContentBlock, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    ErrorData, Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
    Tool,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::{RoleServer, ServerHandler, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::Config;
use crate::context::Context;
use crate::error::Error;
use crate::greeting::Greeting;
use crate::outbox::Outbox;
use crate::tools;
use crate::transport::Lines;

const INSTRUCTIONS: &str = "SQL on Hyper. `local` is empty at the start and deleted at the end; `persistent`, where \
    there is one, stays; attach_database adds other .hyper files. Tools take `database` to say which one they mean. \
    describe shows what there is, load_file and load_data bring data in, query reads, execute writes.";

/// One server: a session and the tools that work on it. Clones share it.
#[derive(Clone)]
pub struct Server {
    context: Context,
    /// What waits to be written to the client that this clone serves.
    outbox: Outbox,
    /// What that client is told once.
    greeting: Greeting,
}

impl Server {
    /// Starts hyperd where the configuration asks for it, makes the local database and opens the persistent one.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let context = Context::start(config).await?;
        Ok(Self { context, outbox: Outbox::default(), greeting: Greeting::default() })
    }

    /// Cancels the calls that are under way, lets go of all databases and deletes the local one. Doing it again does nothing.
    pub async fn stop(&self) {
        self.context.stopping().cancel();
        self.context.session().stop().await;
    }

    /// Serves one client until it leaves.
    pub async fn serve_client<R, W>(&self, read: R, write: W) -> Result<(), ServerInitializeError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let outbox = Outbox::default();
        let client = Self { context: self.context.clone(), outbox: outbox.clone(), greeting: Greeting::default() };
        let running = client.serve(Lines::new(read, write, outbox)).await?;
        drop(running.waiting().await);
        Ok(())
    }

    /// The instructions, with what the client finds in `persistent`.
    async fn instructions(&self) -> String {
        match self.greeting.text(self.context.session()).await {
            Some(text) => format!("{INSTRUCTIONS} {text}"),
            None => INSTRUCTIONS.to_owned(),
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> InitializeResult {
        let mut info = InitializeResult::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        info.instructions = Some(INSTRUCTIONS.to_owned());
        info
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut info = self.negotiate_initialize(&request)?;
        context.peer.set_peer_info(request);
        info.instructions = Some(self.instructions().await);
        Ok(info)
    }

    /// Where there is no handshake, this tells what a server is.
    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let mut info = self.get_info();
        info.instructions = Some(self.instructions().await);
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), info))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        only_page(request.as_ref())?;
        Ok(ListToolsResult::with_all_items(tools::routes().iter().map(|route| route.tool().clone()).collect()))
    }

    /// Empty, and no error: clients ask for it whatever a server announces, and take a refusal for a broken server.
    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        only_page(request.as_ref()).map(|()| ListPromptsResult::default())
    }

    /// Empty, as [`Self::list_prompts`] is.
    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        only_page(request.as_ref()).map(|()| ListResourcesResult::default())
    }

    /// Empty, as [`Self::list_prompts`] is.
    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        only_page(request.as_ref()).map(|()| ListResourceTemplatesResult::default())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::find(name).map(|route| route.tool().clone())
    }

    /// What rmcp cannot read as the request that its method names comes here as well as what nobody knows.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        const KNOWN: [&str; 6] =
            ["initialize", "tools/call", "tools/list", "prompts/list", "resources/list", "resources/templates/list"];
        if KNOWN.contains(&request.method.as_str()) {
            let text = match request.method.as_str() {
                "tools/call" => {
                    "tools/call takes the parameters `name`, a string, and `arguments`, an object.".to_owned()
                }
                method => format!("The parameters of {method} cannot be read."),
            };
            return Err(ErrorData::invalid_params(text, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(route) = tools::find(&request.name) else {
            let names = tools::routes().iter().map(|route| &*route.tool().name);
            let nearest = crate::words::nearest(&request.name, names);
            let hint = nearest.map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
            let name = crate::words::excerpt(&request.name);
            return Err(ErrorData::invalid_params(format!("There is no tool {name}.{hint}"), None));
        };
        // What was kept before is not what this call keeps.
        self.greeting.prepare(self.context.session()).await;
        let mut answer = route.answer(&self.context, &self.outbox, request.arguments, &context).await;
        if answer.is_error != Some(true)
            && let Some(text) = self.greeting.once()
        {
            answer.content.push(ContentBlock::text(text));
        }
        Ok(answer.into())
    }
}

/// Each list is one page, so that no cursor was ever given out.
fn only_page(request: Option<&PaginatedRequestParams>) -> Result<(), ErrorData> {
    let Some(cursor) = request.and_then(|request| request.cursor.as_deref()) else { return Ok(()) };
    let cursor = crate::words::excerpt(cursor);
    Err(ErrorData::invalid_params(
        format!("There is no page {cursor}. The list has one page; ask without a cursor."),
        None,
    ))
}
