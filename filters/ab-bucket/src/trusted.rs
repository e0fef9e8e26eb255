//! Who may choose a variation: clients of certain addresses, or those that know a token.

use crate::client::{Block, client_ip};
use crate::seal::same;
use mesh_filter::{HeaderName, Request};

/// Who is trusted: one of these is enough.
pub(crate) struct Trusted {
    blocks: Vec<Block>,
    /// The header of the token, and the token.
    token: Option<(HeaderName, Vec<u8>)>,
}

impl Trusted {
    pub(crate) fn new(blocks: Vec<Block>, token: Option<(HeaderName, Vec<u8>)>) -> Self {
        Self { blocks, token }
    }

    /// The header of the token, which goes no further.
    pub(crate) fn token_header(&self) -> Option<&HeaderName> {
        self.token.as_ref().map(|(header, _)| header)
    }

    /// Whether the request's client may choose.
    pub(crate) fn includes(&self, request: &Request) -> bool {
        let knows = self.token.as_ref().is_some_and(|(header, token)| {
            let mut values = request.headers().get_all(header);
            values.next().is_some_and(|value| same(value.as_bytes(), token)) && values.next().is_none()
        });
        knows
            || (!self.blocks.is_empty()
                && client_ip().is_some_and(|ip| self.blocks.iter().any(|block| block.contains(&ip))))
    }
}
