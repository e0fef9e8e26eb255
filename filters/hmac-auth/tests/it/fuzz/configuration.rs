//! Configurations: one starts the filter, which then answers every request, or is refused in the log.

use hmac_auth::HmacAuth;
use mesh_filter_test::World;
use mesh_filter_test::prelude::*;

pub(crate) fn run(bytes: &[u8]) {
    accepted(bytes);
}

/// Whether the filter starts with it.
pub(crate) fn accepted(bytes: &[u8]) -> bool {
    match Sim::new().start(&World::native::<HmacAuth>(), bytes) {
        Ok(filter) => {
            let request = post("/a/b?c=d").body("{}").header("signature-input", "sig=();created=1767225600");
            let exchange = filter.request(request.header("signature", "sig=:AAAA:"));
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
