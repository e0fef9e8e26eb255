//! The one table of host functions (imports) and guest functions (exports).
//!
//! The linker, the module check, `inspect` and the tests all read it. Signatures are written as
//! letters, one a parameter: `i` for i32, `I` for i64.

/// A version of the Proxy-Wasm ABI, as a module's marker export names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AbiVersion {
    /// 0.1.0
    V0_1_0,
    /// 0.2.0
    V0_2_0,
    /// 0.2.1
    V0_2_1,
}

impl AbiVersion {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1];

    /// The exported function that marks a module of this version. It is never called.
    #[must_use]
    pub fn marker(self) -> &'static str {
        match self {
            Self::V0_1_0 => "proxy_abi_version_0_1_0",
            Self::V0_2_0 => "proxy_abi_version_0_2_0",
            Self::V0_2_1 => "proxy_abi_version_0_2_1",
        }
    }

    /// The version as people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        }
    }
}

/// In which versions an import exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// In all three.
    All,
    /// Only in 0.1.0.
    Only0_1_0,
    /// From 0.2.0 on.
    From0_2_0,
    /// Only in 0.2.1.
    Only0_2_1,
}

impl Since {
    /// Whether a module of `version` may import the function in Envoy.
    #[must_use]
    pub fn includes(self, version: AbiVersion) -> bool {
        match self {
            Self::All => true,
            Self::Only0_1_0 => version == AbiVersion::V0_1_0,
            Self::From0_2_0 => version >= AbiVersion::V0_2_0,
            Self::Only0_2_1 => version == AbiVersion::V0_2_1,
        }
    }
}

/// The chapter of the specification, and the file in `hostcalls/`, that a host function is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chapter {
    /// Logging.
    Log,
    /// Clocks and ticks.
    Time,
    /// Header maps.
    Maps,
    /// Buffers.
    Buffers,
    /// Streams and local replies.
    Streams,
    /// Shared data.
    SharedData,
    /// Shared queues.
    Queues,
    /// HTTP callouts.
    HttpCalls,
    /// gRPC callouts.
    GrpcCalls,
    /// Metrics.
    Metrics,
    /// Properties.
    Properties,
    /// Contexts.
    Contexts,
    /// Foreign functions and what Envoy adds.
    Foreign,
    /// WASI preview 1.
    Wasi,
    /// What emscripten's runtime imports.
    Emscripten,
}

/// One function that guests may import.
#[derive(Debug, Clone, Copy)]
pub struct Import {
    /// Name, without its module.
    pub name: &'static str,
    /// Parameters, a letter each.
    pub params: &'static str,
    /// Result: `"i"` or `""`.
    pub result: &'static str,
    /// Versions that have it.
    pub since: Since,
    /// Chapter.
    pub chapter: Chapter,
}

impl Import {
    /// The modules under which the function is registered.
    #[must_use]
    pub fn modules(&self) -> &'static [&'static str] {
        if self.chapter == Chapter::Wasi { &["wasi_snapshot_preview1", "wasi_unstable"] } else { &["env"] }
    }
}

/// Host functions that link and answer `InternalFailure`, because they come later.
pub const NOT_YET: &[&str] = &["envoy_resolve_dns"];

/// Not in Envoy: it has no `proc_raise`, and the others with the wrong number of parameters.
const NOT_IN_ENVOY: [&str; 3] = ["path_link", "path_symlink", "proc_raise"];

impl Import {
    /// Whether the host does what the function is for.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !NOT_YET.contains(&self.name)
    }

    /// Whether a module of `version` may import the function in Envoy, with this signature.
    #[must_use]
    pub fn in_envoy(&self, version: AbiVersion) -> bool {
        self.since.includes(version) && !NOT_IN_ENVOY.contains(&self.name)
    }

    /// The parameter that points to a name or message, its size being the next one: what a
    /// person wants to see of a call.
    #[must_use]
    pub fn text(&self) -> Option<usize> {
        match self.name {
            "proxy_get_property"
            | "proxy_set_property"
            | "proxy_get_shared_data"
            | "proxy_set_shared_data"
            | "proxy_register_shared_queue"
            | "proxy_http_call"
            | "proxy_grpc_call"
            | "proxy_grpc_stream"
            | "proxy_call_foreign_function"
            | "envoy_resolve_dns" => Some(0),
            "proxy_log"
            | "proxy_get_header_map_value"
            | "proxy_add_header_map_value"
            | "proxy_replace_header_map_value"
            | "proxy_remove_header_map_value"
            | "proxy_define_metric"
            | "proxy_enqueue_shared_queue"
            | "proxy_grpc_send"
            | "proxy_send_local_response" => Some(1),
            "proxy_resolve_shared_queue" => Some(2),
            _ => None,
        }
    }
}

const fn env(name: &'static str, params: &'static str, since: Since, chapter: Chapter) -> Import {
    Import { name, params, result: "i", since, chapter }
}

const fn wasi(name: &'static str, params: &'static str) -> Import {
    Import { name, params, result: "i", since: Since::All, chapter: Chapter::Wasi }
}

use Chapter as C;
use Since::{All, From0_2_0, Only0_1_0, Only0_2_1};

/// Every host function.
pub const IMPORTS: &[Import] = &[
    env("proxy_log", "iii", All, C::Log),
    env("proxy_get_log_level", "i", Only0_2_1, C::Log),
    env("proxy_set_tick_period_milliseconds", "i", All, C::Time),
    env("proxy_get_current_time_nanoseconds", "i", All, C::Time),
    env("proxy_get_header_map_value", "iiiii", All, C::Maps),
    env("proxy_add_header_map_value", "iiiii", All, C::Maps),
    env("proxy_replace_header_map_value", "iiiii", All, C::Maps),
    env("proxy_remove_header_map_value", "iii", All, C::Maps),
    env("proxy_get_header_map_pairs", "iii", All, C::Maps),
    env("proxy_set_header_map_pairs", "iii", All, C::Maps),
    env("proxy_get_header_map_size", "ii", All, C::Maps),
    env("proxy_get_buffer_status", "iii", All, C::Buffers),
    env("proxy_get_buffer_bytes", "iiiii", All, C::Buffers),
    env("proxy_set_buffer_bytes", "iiiii", All, C::Buffers),
    env("proxy_get_configuration", "ii", Only0_1_0, C::Buffers),
    env("proxy_continue_request", "", Only0_1_0, C::Streams),
    env("proxy_continue_response", "", Only0_1_0, C::Streams),
    env("proxy_clear_route_cache", "", Only0_1_0, C::Streams),
    env("proxy_continue_stream", "i", From0_2_0, C::Streams),
    env("proxy_close_stream", "i", From0_2_0, C::Streams),
    env("proxy_send_local_response", "iiiiiiii", All, C::Streams),
    env("proxy_get_shared_data", "iiiii", All, C::SharedData),
    env("proxy_set_shared_data", "iiiii", All, C::SharedData),
    env("proxy_register_shared_queue", "iii", All, C::Queues),
    env("proxy_resolve_shared_queue", "iiiii", All, C::Queues),
    env("proxy_dequeue_shared_queue", "iii", All, C::Queues),
    env("proxy_enqueue_shared_queue", "iii", All, C::Queues),
    env("proxy_http_call", "iiiiiiiiii", All, C::HttpCalls),
    env("proxy_get_status", "iii", All, C::HttpCalls),
    env("proxy_grpc_call", "iiiiiiiiiiii", All, C::GrpcCalls),
    env("proxy_grpc_stream", "iiiiiiiii", All, C::GrpcCalls),
    env("proxy_grpc_send", "iiii", All, C::GrpcCalls),
    env("proxy_grpc_close", "i", All, C::GrpcCalls),
    env("proxy_grpc_cancel", "i", All, C::GrpcCalls),
    env("proxy_define_metric", "iiii", All, C::Metrics),
    env("proxy_increment_metric", "iI", All, C::Metrics),
    env("proxy_record_metric", "iI", All, C::Metrics),
    env("proxy_get_metric", "ii", All, C::Metrics),
    env("proxy_get_property", "iiii", All, C::Properties),
    env("proxy_set_property", "iiii", All, C::Properties),
    env("proxy_set_effective_context", "i", All, C::Contexts),
    env("proxy_done", "", All, C::Contexts),
    env("proxy_call_foreign_function", "iiiiii", All, C::Foreign),
    env("envoy_resolve_dns", "iii", All, C::Foreign),
    env("pthread_equal", "ii", All, C::Emscripten),
    Import {
        name: "emscripten_notify_memory_growth",
        params: "i",
        result: "",
        since: All,
        chapter: C::Emscripten,
    },
    wasi("args_get", "ii"),
    wasi("args_sizes_get", "ii"),
    wasi("clock_res_get", "ii"),
    wasi("clock_time_get", "iIi"),
    wasi("environ_get", "ii"),
    wasi("environ_sizes_get", "ii"),
    wasi("fd_advise", "iIIi"),
    wasi("fd_allocate", "iII"),
    wasi("fd_close", "i"),
    wasi("fd_datasync", "i"),
    wasi("fd_fdstat_get", "ii"),
    wasi("fd_fdstat_set_flags", "ii"),
    wasi("fd_fdstat_set_rights", "iII"),
    wasi("fd_filestat_get", "ii"),
    wasi("fd_filestat_set_size", "iI"),
    wasi("fd_filestat_set_times", "iIIi"),
    wasi("fd_pread", "iiiIi"),
    wasi("fd_prestat_dir_name", "iii"),
    wasi("fd_prestat_get", "ii"),
    wasi("fd_pwrite", "iiiIi"),
    wasi("fd_read", "iiii"),
    wasi("fd_readdir", "iiiIi"),
    wasi("fd_renumber", "ii"),
    wasi("fd_seek", "iIii"),
    wasi("fd_sync", "i"),
    wasi("fd_tell", "ii"),
    wasi("fd_write", "iiii"),
    wasi("path_create_directory", "iii"),
    wasi("path_filestat_get", "iiiii"),
    wasi("path_filestat_set_times", "iiiiIIi"),
    wasi("path_link", "iiiiiii"),
    wasi("path_open", "iiiiiIIii"),
    wasi("path_readlink", "iiiiii"),
    wasi("path_remove_directory", "iii"),
    wasi("path_rename", "iiiiii"),
    wasi("path_symlink", "iiiii"),
    wasi("path_unlink_file", "iii"),
    wasi("poll_oneoff", "iiii"),
    Import { name: "proc_exit", params: "i", result: "", since: All, chapter: C::Wasi },
    wasi("proc_raise", "i"),
    wasi("random_get", "ii"),
    wasi("sched_yield", ""),
    wasi("sock_accept", "iii"),
    wasi("sock_recv", "iiiiii"),
    wasi("sock_send", "iiiii"),
    wasi("sock_shutdown", "ii"),
];

/// One function that guests may export and the host calls.
#[derive(Debug, Clone, Copy)]
pub struct Export {
    /// Name.
    pub name: &'static str,
    /// Parameters, a letter each.
    pub params: &'static str,
    /// Result: `"i"` or `""`.
    pub result: &'static str,
}

const fn export(name: &'static str, params: &'static str, result: &'static str) -> Export {
    Export { name, params, result }
}

/// Every guest function that the host knows, besides markers, allocators and start functions.
///
/// Modules of 0.1.0 export the header callbacks with two parameters or with three; the host
/// calls them by the arity that it finds.
pub const EXPORTS: &[Export] = &[
    export("proxy_on_context_create", "ii", ""),
    export("proxy_on_vm_start", "ii", "i"),
    export("proxy_validate_configuration", "ii", "i"),
    export("proxy_on_configure", "ii", "i"),
    export("proxy_on_tick", "i", ""),
    export("proxy_on_new_connection", "i", "i"),
    export("proxy_on_downstream_data", "iii", "i"),
    export("proxy_on_upstream_data", "iii", "i"),
    export("proxy_on_downstream_connection_close", "ii", ""),
    export("proxy_on_upstream_connection_close", "ii", ""),
    export("proxy_on_request_headers", "iii", "i"),
    export("proxy_on_request_body", "iii", "i"),
    export("proxy_on_request_trailers", "ii", "i"),
    export("proxy_on_request_metadata", "ii", "i"),
    export("proxy_on_response_headers", "iii", "i"),
    export("proxy_on_response_body", "iii", "i"),
    export("proxy_on_response_trailers", "ii", "i"),
    export("proxy_on_response_metadata", "ii", "i"),
    export("proxy_on_http_call_response", "iiiii", ""),
    export("proxy_on_grpc_receive_initial_metadata", "iii", ""),
    export("proxy_on_grpc_receive", "iii", ""),
    export("proxy_on_grpc_receive_trailing_metadata", "iii", ""),
    export("proxy_on_grpc_close", "iii", ""),
    export("proxy_on_queue_ready", "ii", ""),
    export("proxy_on_foreign_function", "iii", ""),
    export("proxy_on_done", "i", "i"),
    export("proxy_on_log", "i", ""),
    export("proxy_on_delete", "i", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_function_stands_twice_in_the_table() {
        let names: BTreeSet<_> = IMPORTS.iter().map(|import| import.name).collect();
        assert_eq!(names.len(), IMPORTS.len());
        let names: BTreeSet<_> = EXPORTS.iter().map(|export| export.name).collect();
        assert_eq!(names.len(), EXPORTS.len());
    }

    #[test]
    fn wasi_preview_1_is_there_as_a_whole() {
        let wasi = IMPORTS.iter().filter(|import| import.chapter == Chapter::Wasi).count();
        assert_eq!(wasi, 46);
    }
}
