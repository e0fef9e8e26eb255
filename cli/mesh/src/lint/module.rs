//! Modules: L08 what they export, L09 what they import, L10 their size.

use mesh_filter_runtime::abi::table::{AbiVersion, Chapter, EXPORTS, IMPORTS};

use super::{Facts, Finding, Level, Module, Rule};

/// Most bytes of an image's archive that the agent and Envoy Gateway read.
const MAX_BYTES: u64 = 256 << 20;
/// From here on a module is large: each worker thread of a proxy compiles and keeps it.
const LARGE: u64 = 8 << 20;
/// Custom sections of this size are not worth a word.
const SMALL_SECTION: u64 = 16 << 10;

pub(super) const L08: Rule = Rule {
    id: "L08",
    level: Level::Error,
    title: "a module does not export what hosts need",
    explanation: "\
Envoy knows a module's ABI by one exported function, `proxy_abi_version_0_1_0`, `_0_2_0` or `_0_2_1`: with none or
several of them it refuses the module (`Missing or unknown Proxy-Wasm ABI version`). To hand over texts it calls
the module's `malloc`, or `proxy_on_memory_allocate`. `_initialize` or `_start` runs before the first callback;
without them nothing of the language's runtime is set up and no context is registered. With V8 a callback with another
signature fails the load as well (`Bad function signature`). After a refused load FAIL_CLOSE answers every request with 500 or 503.

Build for `wasm32-wasip1` as a library (a `cdylib` in Rust, a reactor elsewhere); `cargo mesh-filter build` does.",
    evidence: &["istio/istio#26388", "solo-io/proxy-runtime#64", "tetratelabs/proxy-wasm-go-sdk#257"],
    check: exports,
};

pub(super) const L09: Rule = Rule {
    id: "L09",
    level: Level::Error,
    title: "a module imports what the proxy does not provide",
    explanation: "\
Envoy links every import when it loads a module, called or not: one that it lacks fails the load (`Failed to load
Wasm module due to a missing import: ...`), and one with another signature too. Envoy provides the functions of the
module's ABI version, and those of WASI preview 1 but for a few; they are there so that modules load, and answer
an error for files and sockets. Threads, components and what other proxies add (Higress's redis, for one) are not there.
Envoy before 1.36 has fewer functions of WASI than later ones.

Build without what needs the import. `cargo mesh-filter inspect FILE` shows each import and its verdict.",
    evidence: &["proxy-wasm-cpp-host#287", "proxy-wasm-cpp-host#308", "istio/istio#39697", "envoyproxy/envoy#20483"],
    check: imports,
};

pub(super) const L10: Rule = Rule {
    id: "L10",
    level: Level::Error,
    title: "a module is too large, or carries debug information",
    explanation: "\
Istio's agent and Envoy Gateway read at most 256 MiB of an image's archive; Istio cuts a bare module of the
two-layer variant there without a word, so that Envoy refuses the rest as no module
(ISTIO_WASM_MAX_BINARY_SIZE_BYTES on the proxy from Istio 1.30 on). Long before that, size costs: every proxy
pulls the module, and Envoy compiles it once and gives each worker thread a VM of its own. Names of functions and
DWARF sections are of no use to a proxy.

`cargo mesh-filter build` strips and optimizes, and keeps the names beside the module, for traps.",
    evidence: &["istio/istio: imagefetcher.go", "envoyproxy/gateway: DefaultMaxCacheSize"],
    check: size,
};

/// The module's version, if it has exactly one.
fn version(module: &Module) -> Option<AbiVersion> {
    let mut found = AbiVersion::ALL.into_iter().filter(|version| has(module, version.marker()));
    found.next().filter(|_| found.next().is_none())
}

fn has(module: &Module, name: &str) -> bool {
    module.exports.iter().any(|(export, _)| export == name)
}

fn exports(facts: &Facts, out: &mut Vec<Finding>) {
    const HELP: &str = "build it as a library with an SDK of Proxy-Wasm: `cargo mesh-filter build`";
    for module in facts.all_modules() {
        let mut wrong = |message: String, help: &str| out.push(L08.about(&module.name, message).help(help));
        if module.component {
            wrong(
                "it is a component, and proxies load core modules".to_owned(),
                "build for `wasm32-wasip1`, not for `wasm32-wasip2`",
            );
            continue;
        }
        let markers: Vec<_> =
            module.exports.iter().filter(|(name, _)| name.starts_with("proxy_abi_version_")).collect();
        match (&markers[..], version(module)) {
            ([], _) => wrong(
                "it exports no `proxy_abi_version_*`: proxies do not know it as a plugin".to_owned(),
                HELP,
            ),
            (_, Some(_)) => {}
            ([(only, _)], None) => wrong(
                format!(
                    "it exports `{only}`, an ABI that proxies do not know; they know 0_1_0, 0_2_0 and 0_2_1"
                ),
                "build with an SDK of ABI 0.2.1",
            ),
            (several, None) => wrong(
                format!("it exports {} `proxy_abi_version_*`, and proxies expect one", several.len()),
                "keep the marker of one version",
            ),
        }
        if !has(module, "malloc") && !has(module, "proxy_on_memory_allocate") {
            wrong(
                "it exports neither `malloc` nor `proxy_on_memory_allocate`: proxies cannot hand it any text"
                    .to_owned(),
                HELP,
            );
        }
        for (name, found) in &module.exports {
            let Some(row) = EXPORTS.iter().find(|row| row.name == name) else { continue };
            let expected = format!("{}->{}", row.params, row.result);
            // In 0.1.0 the callbacks of headers have two parameters or three.
            let old =
                version(module) == Some(AbiVersion::V0_1_0) && name.ends_with("_headers") && found == "ii->i";
            if *found != expected && !old {
                wrong(format!("it exports `{name}` as `{found}`, and proxies call `{expected}`"), HELP);
            }
        }
        // Proxies load it all the same: one written by hand may need nothing.
        if !has(module, "_initialize") && !has(module, "_start") {
            let message = "it exports neither `_initialize` nor `_start`: nothing sets its language up or registers a context";
            out.push(L08.about(&module.name, message).level(Level::Warning).help(HELP));
        }
    }
}

fn imports(facts: &Facts, out: &mut Vec<Finding>) {
    for module in facts.all_modules().filter(|module| !module.component) {
        let version = version(module).unwrap_or(AbiVersion::V0_2_1);
        for (from, name, signature) in &module.imports {
            let named = format!("`{from}.{name}`");
            let row = IMPORTS.iter().find(|row| row.name == name && row.modules().contains(&from.as_str()));
            let problem = match (row, signature) {
                (_, None) => Some(format!("{named} is no function, and proxies provide functions only")),
                (None, _) => Some(format!("{named} is provided by no proxy{}", whose(from, name))),
                (Some(row), _) if !row.in_envoy(version) && row.since.includes(version) => {
                    Some(format!("{named} is not provided by Envoy, of any version, with this signature"))
                }
                (Some(row), _) if !row.in_envoy(version) => Some(format!(
                    "{named} is not part of ABI {}, which the module is marked for",
                    version.name()
                )),
                (Some(row), Some(found)) => {
                    let expected = format!("{}->{}", row.params, row.result);
                    (*found != expected)
                        .then(|| format!("{named} is imported as `{found}`, and proxies have `{expected}`"))
                }
            };
            if let Some(problem) = problem {
                out.push(
                    L09.about(&module.name, format!("{problem}: the module does not load"))
                        .help(advice(from, name)),
                );
            } else if row.is_some_and(|row| row.chapter == Chapter::Wasi)
                && BARE_WASI.iter().all(|known| known != name)
            {
                old_targets(facts, module, &named, out);
            }
        }
    }
}

/// Functions of WASI that hosts of Proxy-Wasm had from the first on; the others came one by one.
const BARE_WASI: &[&str] = &[
    "args_get",
    "args_sizes_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_read",
    "fd_seek",
    "fd_write",
    "proc_exit",
    "random_get",
];
/// The oldest release whose list is known to be the whole one.
const OLDEST_MEASURED: u16 = 36;

/// Says of each older target that its list is not known.
fn old_targets(facts: &Facts, module: &Module, named: &str, out: &mut Vec<Finding>) {
    for target in &facts.targets {
        let envoy = super::versions::envoy_of(*target);
        if envoy.is_some_and(|envoy| envoy.minor < OLDEST_MEASURED) {
            let message = format!(
                "{named} may be missing in {target}: Envoy before 1.{OLDEST_MEASURED} has fewer functions of WASI"
            );
            out.push(
                L09.about(&module.name, message)
                    .level(Level::Info)
                    .help("load it once in a proxy of that release before it is deployed"),
            );
        }
    }
}

/// Who else has such a function.
fn whose(from: &str, name: &str) -> &'static str {
    match name {
        _ if name.starts_with("proxy_redis_") || name.starts_with("proxy_inject_") => " but Higress",
        _ if name.starts_with("proxy_secret_") || name.starts_with("proxy_dictionary_") => " but Gcore's",
        _ if from.starts_with("wasi:") => ": it is one of components (WASI preview 2)",
        _ if from == "__wbindgen_placeholder__" || from == "wbg" => ": it is one of browsers (wasm-bindgen)",
        _ => "",
    }
}

fn advice(from: &str, name: &str) -> String {
    match name {
        "proxy_clear_route_cache" => "call the foreign function `clear_route_cache` instead".to_owned(),
        "proxy_get_configuration" => "read the buffer of the plugin's configuration instead".to_owned(),
        _ if from == "__wbindgen_placeholder__" || from == "wbg" || name.starts_with("__wbindgen") => {
            "find the dependency that enables wasm-bindgen (`js`, `wasm-bindgen` or `wasmbind`), and turn that feature off".to_owned()
        }
        _ if from.starts_with("wasi_") && (name.starts_with("path_") || name.starts_with("sock_")) => {
            "proxies have neither files nor sockets: build without what uses them".to_owned()
        }
        _ => "build without what needs it; `cargo mesh-filter inspect FILE` shows all imports".to_owned(),
    }
}

fn size(facts: &Facts, out: &mut Vec<Finding>) {
    const HELP: &str = "build it with `cargo mesh-filter build`, which strips and optimizes";
    for module in facts.all_modules() {
        if module.bytes > MAX_BYTES {
            let message = format!("it has {} MiB, and proxies read at most 256 MiB", module.bytes >> 20);
            out.push(L10.about(&module.name, message).help(HELP));
        } else if module.bytes > LARGE {
            let message = format!(
                "it has {} MiB: every proxy pulls and compiles them, and plugins seldom have more than {} MiB",
                module.bytes >> 20,
                LARGE >> 20
            );
            out.push(L10.about(&module.name, message).level(Level::Warning).help(HELP));
        }
        let debug = |name: &str| name == "name" || name.starts_with(".debug") || name == "sourceMappingURL";
        let sections = module.custom_sections.iter().filter(|(name, _)| debug(name));
        let (mut names, mut bytes) = (Vec::new(), 0);
        for (name, size) in sections {
            names.push(format!("`{name}`"));
            bytes += size;
        }
        if bytes > SMALL_SECTION {
            let message = format!(
                "{} of its {} KiB are debug information ({}), which no proxy uses",
                percent(bytes, module.bytes),
                module.bytes >> 10,
                names.join(", ")
            );
            out.push(L10.about(&module.name, message).level(Level::Warning).help(HELP));
        }
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{} %", part.saturating_mul(100).checked_div(whole).unwrap_or_default())
}
