//! Serving in this project's own proxy.

use mesh_filter_runtime::proxy::config::Bootstrap;
use mesh_filter_runtime::proxy::{ServeError, ServeOptions, Server};

use crate::failure::{Failure, Result};
use crate::output::Output;

/// Serves until a signal or the admin page ends it.
pub(crate) fn serve(bootstrap: Bootstrap, options: &ServeOptions, output: &Output) -> Result<()> {
    output.start_log();
    let names: Vec<_> = bootstrap.listeners.iter().map(|listener| listener.name.clone()).collect();
    let server = Server::start(bootstrap, options).map_err(cannot_start)?;
    let announce = |server: &Server| {
        for (name, address) in names.iter().zip(server.addresses()) {
            output.data(&format!("listener {name}: http://{address}\n"));
        }
        if let Some(address) = server.admin_address() {
            output.data(&format!("admin: http://{address}\n"));
        }
    };
    server.wait_after(announce).map_err(|error| Failure::failed("the proxy has stopped").because(&error))
}

fn cannot_start(error: ServeError) -> Failure {
    let failure = Failure::failed("the proxy cannot start").because(&error);
    match error {
        ServeError::Listen { .. } => {
            failure.help("name another address with --listen; port 0 takes a free one")
        }
        ServeError::Admin { .. } => {
            failure.help("name another address with --admin; port 0 takes a free one")
        }
        ServeError::Plugin(_) => {
            failure.help("what the plugin has logged is above; --config FILE gives it a configuration")
        }
        _ => failure,
    }
}
