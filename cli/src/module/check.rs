//! What a host will make of a module: versions, imports, callbacks, allocator, and warnings.

use mesh_filter_runtime::abi::table::{AbiVersion, EXPORTS, IMPORTS};
use mesh_filter_runtime::vm::{Profile, UnknownImports};
use serde::Serialize;

use super::read::{Import, Module};

/// Envoy's cap on one VM's memory, in pages of 64 KiB: 1 GiB.
const ENVOY_MAX_PAGES: u64 = 16_384;

/// WASI functions that are there so that modules load, and only ever answer an error.
const WASI_ANSWERS_ERROR: [&str; 5] = ["path_", "sock_", "fd_read", "fd_pread", "fd_readdir"];

/// What becomes of one import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// Both hosts have it.
    Known,
    /// This host has it, and Envoy does not, for this version of the ABI.
    NotInEnvoy,
    /// It exists with another signature.
    WrongSignature,
    /// No host has it.
    Unknown,
}

impl Verdict {
    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::NotInEnvoy => "not in Envoy for this ABI version",
            Self::WrongSignature => "wrong signature",
            Self::Unknown => "unknown",
        }
    }
}

/// A finding with a name that scripts can rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    /// Stable name.
    pub(crate) name: &'static str,
    /// Hosts of the profile refuse to load the module for it.
    pub(crate) refused: bool,
    /// What was found, and what follows from it.
    pub(crate) message: String,
}

/// The newest version that the module is marked for.
pub(crate) fn abi_version(module: &Module) -> Option<AbiVersion> {
    AbiVersion::ALL.into_iter().rev().find(|version| function(module, version.marker()))
}

/// What becomes of an import in a module of this version.
pub(crate) fn judge(import: &Import, version: Option<AbiVersion>) -> Verdict {
    let Some(row) =
        IMPORTS.iter().find(|row| row.name == import.name && row.modules().contains(&import.module.as_str()))
    else {
        return Verdict::Unknown;
    };
    let expected = format!("{}->{}", row.params, row.result);
    let found = import.signature.as_deref().unwrap_or_default();
    if found != expected {
        Verdict::WrongSignature
    } else if version.is_some_and(|version| !row.in_envoy(version)) {
        Verdict::NotInEnvoy
    } else {
        Verdict::Known
    }
}

/// The signature that hosts have for an import.
pub(crate) fn expected_signature(import: &Import) -> Option<String> {
    let row = IMPORTS.iter().find(|row| row.name == import.name)?;
    Some(format!("{}->{}", row.params, row.result))
}

/// The allocator that hosts use: `malloc` first, as Envoy does.
pub(crate) fn allocator(module: &Module) -> Option<&'static str> {
    ["malloc", "proxy_on_memory_allocate"].into_iter().find(|name| function(module, name))
}

/// The functions that run before the first callback, in order.
pub(crate) fn start_functions(module: &Module) -> Vec<&'static str> {
    let mut found = Vec::new();
    if module.start_section {
        found.push("start section");
    }
    if function(module, "_initialize") {
        found.push("_initialize");
        // A command's `main` runs after a reactor's `_initialize`, if it is exported.
        found.extend(["main", "__main_void"].into_iter().find(|name| function(module, name)));
    } else if function(module, "_start") {
        found.push("_start");
    }
    found
}

/// The callbacks that the module exports, in the table's order.
pub(crate) fn callbacks(module: &Module) -> Vec<&'static str> {
    EXPORTS.iter().map(|row| row.name).filter(|name| function(module, name)).collect()
}

/// Findings that no host and no profile gets over.
const ALWAYS_REFUSED: [&str; 7] = [
    "no-abi-marker",
    "several-abi-markers",
    "export-signature",
    "no-allocator",
    "no-memory",
    "memory-beyond-limit",
    "memory-not-exported",
];

/// Everything about the module that its author or operator should know.
pub(crate) fn warnings(module: &Module, profile: Profile) -> Vec<Warning> {
    let version = abi_version(module);
    let strict = profile.unknown_imports() == UnknownImports::Refuse;
    let mut warnings: Vec<_> = marker_warning(module).into_iter().collect();
    warnings.extend(module.imports.iter().filter_map(|import| import_warning(import, version, strict)));
    let mut warn = |name, message: String| warnings.push(finding(name, message));
    let unusable = module.imports.iter().filter(|import| {
        import.module.starts_with("wasi_")
            && WASI_ANSWERS_ERROR.iter().any(|prefix| import.name.starts_with(prefix))
    });
    let unusable: Vec<_> = unusable.map(|import| import.name.as_str()).collect();
    if !unusable.is_empty() {
        warn(
            "wasi-without-effect",
            format!(
                "imports {}: files and sockets of WASI answer an error in every proxy",
                unusable.join(", ")
            ),
        );
    }
    wrong_exports(module, version, &mut warn);
    if version.is_some() && allocator(module).is_none() {
        warn("no-allocator", "exports neither `malloc` nor `proxy_on_memory_allocate`: loading fails".into());
    }
    match module.memory {
        None => warn("no-memory", "has no linear memory".into()),
        Some(memory) if memory.min_pages > ENVOY_MAX_PAGES => warn(
            "memory-beyond-limit",
            format!(
                "asks for {} MiB of memory at the start, and Envoy gives a VM 1024 MiB",
                memory.min_pages / 16
            ),
        ),
        Some(_) if !module.exports.iter().any(|export| export.name == "memory") => {
            warn("memory-not-exported", "does not export its memory as `memory`: loading fails".into());
        }
        Some(_) => {}
    }
    warnings
}

fn finding(name: &'static str, message: String) -> Warning {
    Warning { name, refused: ALWAYS_REFUSED.contains(&name), message }
}

fn marker_warning(module: &Module) -> Option<Warning> {
    let markers = AbiVersion::ALL.iter().filter(|version| function(module, version.marker())).count();
    match markers {
        0 => {
            let message = "exports no `proxy_abi_version_*` function: no Proxy-Wasm host will load it";
            Some(finding("no-abi-marker", message.to_owned()))
        }
        1 => None,
        _ => {
            let message = format!("exports {markers} `proxy_abi_version_*` functions: loading fails");
            Some(finding("several-abi-markers", message))
        }
    }
}

/// What becomes of an import, if it is not as it should be; `strict` hosts refuse what others make a stub for.
fn import_warning(import: &Import, version: Option<AbiVersion>, strict: bool) -> Option<Warning> {
    let named = format!("`{}.{}`", import.module, import.name);
    let (name, refused, message) = match judge(import, version) {
        Verdict::Known => return None,
        Verdict::Unknown if import.signature.is_none() => {
            let message = format!("imports {named}, which is no function: hosts provide functions only");
            ("unknown-import", true, message)
        }
        Verdict::Unknown => {
            let then =
                if strict { "loading fails" } else { "it traps when it is called; Envoy does not load it" };
            ("unknown-import", strict, format!("imports {named}, which no host has: {then}"))
        }
        Verdict::NotInEnvoy => {
            let message = format!(
                "imports {named}, which Envoy does not provide to modules of this version: loading fails there"
            );
            ("import-not-in-envoy", strict, message)
        }
        Verdict::WrongSignature => {
            let message = format!(
                "imports {named} as `{}`, and hosts have `{}`: loading fails",
                import.signature.as_deref().unwrap_or("no function"),
                expected_signature(import).unwrap_or_default()
            );
            ("import-signature", true, message)
        }
    };
    Some(Warning { name, refused, message })
}

fn wrong_exports(module: &Module, version: Option<AbiVersion>, warn: &mut impl FnMut(&'static str, String)) {
    for row in EXPORTS {
        let Some(export) = module.exports.iter().find(|export| export.name == row.name) else { continue };
        let found = export.signature.as_deref().unwrap_or("no function");
        let expected = format!("{}->{}", row.params, row.result);
        // In 0.1.0 the header callbacks have two parameters, and hosts call them by what they find.
        let old = version == Some(AbiVersion::V0_1_0) && row.name.ends_with("_headers") && found == "ii->i";
        if found != expected && !old {
            warn(
                "export-signature",
                format!("exports `{}` as `{found}`, and hosts call `{expected}`", row.name),
            );
        }
    }
}

fn function(module: &Module, name: &str) -> bool {
    module.exports.iter().any(|export| export.function.is_some() && export.name == name)
}
