//! What a request that passes carries on: claims in headers, and no token unless it is to be forwarded.

use crate::presented::Valid;
use crate::provider::Provider;
use mesh_filter::prelude::*;

/// Puts the claims of valid tokens into headers, and takes the tokens out.
pub(crate) fn carry(request: &mut Request, providers: &[Provider], valid: &[Valid]) -> Result<()> {
    let mut set: Vec<&HeaderName> = Vec::new();
    let mut is_new = |name| {
        let new = !set.contains(&name);
        set.push(name);
        new
    };
    for token in valid {
        let Some(provider) = providers.get(token.provider) else { continue };
        // Of several tokens the first one speaks.
        for forward in &provider.forwards {
            let value = forward.value(&token.verified.claims).filter(|_| is_new(&forward.header));
            if let Some(value) = value {
                request.headers_mut().set(&forward.header, value)?;
            }
        }
        if let Some((name, pad)) = provider.payload_header.as_ref().filter(|(name, _)| is_new(name)) {
            let mut payload = token.payload.clone();
            if *pad {
                payload.resize(payload.len().next_multiple_of(4), b'=');
            }
            request.headers_mut().set(name, payload)?;
        }
    }
    for token in valid {
        let Some(provider) = providers.get(token.provider).filter(|provider| provider.strip) else {
            continue;
        };
        for location in token.locations.iter().filter_map(|index| provider.locations.get(*index)) {
            location.strip(request)?;
        }
    }
    Ok(())
}
