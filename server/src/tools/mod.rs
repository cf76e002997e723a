//! The registry of tools: one `mod` line and one route line for each, in alphabetical order.

mod attach_database;
mod copy_query;
mod describe;
mod detach_database;
mod execute;
mod export;
mod inspect_file;
mod kv_clear;
mod kv_delete;
mod kv_get;
mod kv_list;
mod kv_list_stores;
mod kv_pop;
mod kv_set;
mod kv_set_many;
mod kv_size;
mod list_attached_databases;
mod load_data;
mod load_file;
mod load_files;
mod load_iceberg;
mod query;
mod query_data;
mod query_file;
mod sample;
mod set_table_metadata;
mod status;
mod unwatch_directory;
mod watch_directory;

use std::sync::LazyLock;

use crate::tool::{Route, route};

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    vec![
        route::<attach_database::AttachDatabase>(),
        route::<copy_query::CopyQuery>(),
        route::<describe::Describe>(),
        route::<detach_database::DetachDatabase>(),
        route::<execute::Execute>(),
        route::<export::Export>(),
        route::<inspect_file::InspectFile>(),
        route::<kv_clear::KvClear>(),
        route::<kv_delete::KvDelete>(),
        route::<kv_get::KvGet>(),
        route::<kv_list::KvList>(),
        route::<kv_list_stores::KvListStores>(),
        route::<kv_pop::KvPop>(),
        route::<kv_set::KvSet>(),
        route::<kv_set_many::KvSetMany>(),
        route::<kv_size::KvSize>(),
        route::<list_attached_databases::ListAttachedDatabases>(),
        route::<load_data::LoadData>(),
        route::<load_file::LoadFile>(),
        route::<load_files::LoadFiles>(),
        route::<load_iceberg::LoadIceberg>(),
        route::<query::Query>(),
        route::<query_data::QueryData>(),
        route::<query_file::QueryFile>(),
        route::<sample::Sample>(),
        route::<set_table_metadata::SetTableMetadata>(),
        route::<status::Status>(),
        route::<unwatch_directory::UnwatchDirectory>(),
        route::<watch_directory::WatchDirectory>(),
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
