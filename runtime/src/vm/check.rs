//! Compares a module with the table of imports and exports.

use super::fault::{LoadFault, Mismatch};
use super::outline::{ImportedFunction, Outline, Signature};
use crate::abi::AbiVersion;
use crate::abi::table::{EXPORTS, Export, IMPORTS, Import};

/// Functions that start a module or give memory for results.
const OTHER_EXPORTS: &[Export] = &[
    Export { name: "_initialize", params: "", result: "" },
    Export { name: "main", params: "ii", result: "i" },
    Export { name: "__main_void", params: "", result: "i" },
    Export { name: "_start", params: "", result: "" },
    Export { name: "malloc", params: "i", result: "i" },
    Export { name: "proxy_on_memory_allocate", params: "i", result: "i" },
];

/// Modules of 0.1.0 have these with two parameters or with three.
const HEADER_CALLBACKS: [&str; 2] = ["proxy_on_request_headers", "proxy_on_response_headers"];

/// The version that the module's marker names.
pub(super) fn version(outline: &Outline) -> Result<AbiVersion, LoadFault> {
    let found = AbiVersion::ALL.into_iter().filter(|version| outline.export(version.marker()).is_some());
    let found: Vec<_> = found.collect();
    match found.as_slice() {
        [version] => Ok(*version),
        [] => Err(LoadFault::NoMarker),
        _ => Err(LoadFault::SeveralMarkers { found }),
    }
}

/// What the host calls must be there and have the right type.
pub(super) fn exports(outline: &Outline) -> Result<(), LoadFault> {
    if !outline.has_memory {
        return Err(LoadFault::NoMemory);
    }
    if outline.export("malloc").or_else(|| outline.export("proxy_on_memory_allocate")).is_none() {
        return Err(LoadFault::NoAllocator);
    }
    for export in EXPORTS.iter().chain(OTHER_EXPORTS) {
        let Some(found) = outline.export(export.name) else { continue };
        let expected = Signature::new(export.params, export.result);
        let short = HEADER_CALLBACKS.contains(&export.name) && found.signature == Signature::new("ii", "i");
        if found.signature != expected && !short {
            let mismatch = Box::new(Mismatch { expected, found: found.signature.clone() });
            return Err(LoadFault::ExportSignature { name: export.name.to_owned(), mismatch });
        }
    }
    Ok(())
}

/// What the module imports must have the right type; returns what the host does not have.
///
/// A `strict` host has for each version only what Envoy has for it.
pub(super) fn imports(
    outline: &Outline,
    version: AbiVersion,
    strict: bool,
) -> Result<Vec<&ImportedFunction>, LoadFault> {
    if let Some((module, name, kind)) = outline.other_imports.first() {
        return Err(LoadFault::ImportKind { name: format!("{module}.{name}"), kind });
    }
    let mut unknown = Vec::new();
    for import in &outline.imports {
        let in_envoy = |known: &&Import| known.in_envoy(version);
        match known(&import.module, &import.name).filter(|known| !strict || in_envoy(known)) {
            None => unknown.push(import),
            Some(known) => {
                let expected = Signature::new(known.params, known.result);
                if import.signature != expected {
                    let mismatch = Box::new(Mismatch { expected, found: import.signature.clone() });
                    return Err(LoadFault::ImportSignature { name: qualified(import), mismatch });
                }
            }
        }
    }
    Ok(unknown)
}

/// The name with its module, as Envoy writes it.
pub(super) fn qualified(import: &ImportedFunction) -> String {
    format!("{}.{}", import.module, import.name)
}

/// The host function with this name.
pub(super) fn known(module: &str, name: &str) -> Option<&'static Import> {
    let mut table = IMPORTS.iter();
    table.find(|known| known.name == name && known.modules().contains(&module))
}
