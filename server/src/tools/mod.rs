//! The registry of tools: one `mod` line and one route line for each, in alphabetical order.

mod attach_database;
mod describe;
mod detach_database;
mod execute;
mod inspect_file;
mod list_attached_databases;
mod load_data;
mod load_file;
mod query;
mod sample;
mod status;

use std::sync::LazyLock;

use crate::tool::{Route, route};

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    vec![
        route::<attach_database::AttachDatabase>(),
        route::<describe::Describe>(),
        route::<detach_database::DetachDatabase>(),
        route::<execute::Execute>(),
        route::<inspect_file::InspectFile>(),
        route::<list_attached_databases::ListAttachedDatabases>(),
        route::<load_data::LoadData>(),
        route::<load_file::LoadFile>(),
        route::<query::Query>(),
        route::<sample::Sample>(),
        route::<status::Status>(),
    ]
});

/// All tools, by name.
pub fn routes() -> &'static [Route] {
    &ROUTES
}

/// The tool of a name.
pub fn find(name: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.tool().name == name)
}
