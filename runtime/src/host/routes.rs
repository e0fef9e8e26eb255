//! Routes: what a filter may ask of the choice of the upstream.

use super::Host;

impl Host {
    /// Asks that the route be chosen again; nothing happens outside a stream, as in Envoy.
    pub fn clear_route_cache(&self) {
        if let Some(view) = self.view() {
            view.exchange.borrow_mut().info.route_cleared = true;
        }
    }
}
