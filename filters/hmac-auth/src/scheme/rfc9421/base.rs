//! The signature base: the bytes that are signed (RFC 9421, section 2.5).

use super::Component;
use crate::head::Head;
use crate::refusal::Refusal;
use crate::structured::{Item, Parameters, write_inner};

/// A line for each component, and one for the parameters of the signature.
///
/// # Errors
/// Where the request does not have a component, or has one with a line break.
pub(super) fn signature_base(
    head: &Head<'_>,
    components: &[Component],
    parameters: &Parameters,
) -> Result<Vec<u8>, Refusal> {
    let mut base = Vec::with_capacity(512);
    let items: Vec<Item> = components.iter().map(Component::item).collect();
    for (component, item) in components.iter().zip(&items) {
        item.write(&mut base);
        base.extend_from_slice(b": ");
        let start = base.len();
        component.write(head, &mut base)?;
        // A value with a line break would be two components. Proxies let none through; this does not depend on it.
        if base.get(start..).is_some_and(|value| value.iter().any(|byte| matches!(byte, b'\r' | b'\n'))) {
            return Err(Refusal::Malformed);
        }
        base.push(b'\n');
    }
    base.extend_from_slice(b"\"@signature-params\": ");
    write_inner(&items, parameters, &mut base);
    Ok(base)
}
