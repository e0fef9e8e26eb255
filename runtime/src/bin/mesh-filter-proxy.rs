//! The standalone proxy without the CLI: `mesh-filter-proxy -c BOOTSTRAP [--concurrency N] [--limits none]`.

use mesh_filter_runtime::proxy::command;
use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(std::env::args().skip(1))
}
