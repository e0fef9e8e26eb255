//! Configurations: one starts the filter, which then answers every request, or is refused in the log.

use jwt_auth::JwtAuth;
use mesh_filter_test::World;
use mesh_filter_test::prelude::*;
use serde_json::Value;

pub(crate) fn run(bytes: &[u8]) {
    accepted(bytes);
}

/// Whether the filter starts with it.
pub(crate) fn accepted(bytes: &[u8]) -> bool {
    let sim = Sim::new();
    // A simulation wants to know every cluster that is asked.
    let config: Value = serde_json::from_slice(bytes).unwrap_or_default();
    for provider in config["providers"].as_object().into_iter().flat_map(|providers| providers.values()) {
        if let Some(cluster) = provider["remote_jwks"]["http_uri"]["cluster"].as_str() {
            sim.cluster(cluster).reply(reply(200));
        }
    }
    match sim.start(&World::native::<JwtAuth>(), bytes) {
        Ok(filter) => {
            let exchange = filter.request(get("/a/b?token=x.y.z").bearer("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"));
            assert!(exchange.response().is_some());
            true
        }
        Err(error) => {
            let told = error.logs().iter().any(|line| line.message.contains("refuses its configuration"));
            assert!(told, "{error}");
            false
        }
    }
}
