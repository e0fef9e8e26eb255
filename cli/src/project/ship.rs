//! From what the compiler wrote to what is shipped: the same code without debugging sections.
//!
//! The shipped module is made by dropping sections, never by building again: another `strip`
//! setting reorders functions, and offsets in traps would point at wrong lines. What stays:
//! everything that runs, `producers` (which compiler: the same bytes for the same toolchain),
//! `target_features` (later tools need it), and whatever sections the author has embedded.

use std::ops::Range;

use wasmparser::{Parser, Payload};

/// Why a module cannot be taken apart.
#[derive(Debug)]
pub(crate) struct NotAModule(pub(crate) wasmparser::BinaryReaderError);

/// The module without the sections that only debuggers read.
pub(crate) fn without_debugging(module: &[u8]) -> Result<Vec<u8>, NotAModule> {
    let mut shipped = Vec::with_capacity(module.len());
    let mut copied = 0;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload.map_err(NotAModule)? else {
            continue;
        };
        if !is_debugging(section.name()) {
            continue;
        }
        let end = section.range().end;
        let start = section_start(module, &section.range());
        shipped.extend_from_slice(module.get(copied..start).unwrap_or_default());
        copied = end;
    }
    shipped.extend_from_slice(module.get(copied..).unwrap_or_default());
    Ok(shipped)
}

/// The bytes of the code section.
pub(crate) fn code(module: &[u8]) -> Result<&[u8], NotAModule> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionStart { range, .. } = payload.map_err(NotAModule)? {
            return Ok(module.get(range).unwrap_or_default());
        }
    }
    Ok(&[])
}

fn is_debugging(name: &str) -> bool {
    name == "name" || name == "sourceMappingURL" || name.starts_with(".debug_") || name.starts_with("reloc.")
}

/// Where a section begins, whose contents are known: one byte of id and the size come before.
///
/// The size may be written with padding, so its bytes are found from the contents backwards: the
/// last one has its top bit clear, the ones before it have it set.
fn section_start(module: &[u8], contents: &Range<usize>) -> usize {
    let mut start = contents.start.saturating_sub(1);
    while start > 0 && module.get(start - 1).is_some_and(|byte| byte & 0x80 != 0) {
        start -= 1;
    }
    start.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    fn custom(name: &str, size: usize, padded: bool) -> Vec<u8> {
        let mut contents = vec![u8::try_from(name.len()).unwrap()];
        contents.extend_from_slice(name.as_bytes());
        contents.resize(contents.len() + size, 0);
        let mut section = vec![0];
        let length = contents.len();
        if padded {
            section.extend([(length & 0x7f) as u8 | 0x80, (length >> 7 & 0x7f) as u8 | 0x80, 0x80, 0x80, 0]);
        } else if length < 0x80 {
            section.push(length as u8);
        } else {
            section.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
        }
        section.extend(contents);
        section
    }

    #[test]
    fn debugging_sections_go_and_others_stay_byte_for_byte() {
        for (size, padded) in [(3, false), (300, false), (300, true), (0, true)] {
            let (kept, last) = (custom("producers", 5, padded), custom("mine", 200, false));
            let debug = [custom(".debug_info", size, padded), custom("name", size, padded)].concat();
            let module = [HEADER, &kept, &debug, &last].concat();
            assert_eq!(
                without_debugging(&module).unwrap(),
                [HEADER, &kept, &last].concat(),
                "{size} {padded}"
            );
        }
    }

    #[test]
    fn a_truncated_module_is_an_error() {
        let module = [HEADER, &custom("name", 50, false)].concat();
        assert!(without_debugging(&module[..20]).is_err());
    }
}
