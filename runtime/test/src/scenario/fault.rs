//! Reads `fault` and `faults`: hostcalls and callouts that shall go wrong, callbacks that shall trap, memory that shall
//! not grow.

use super::calls::CALLBACKS;
use super::files::Folder;
use super::message::failure;
use super::portable::{Need, Requirement};
use super::size::{shown, size};
use crate::report::Problem;
use crate::sim::{Fault, Target};
use mesh_filter_runtime::abi::Status;
use mesh_filter_runtime::abi::table::{Chapter, EXPORTS, IMPORTS};
use mesh_filter_runtime::document::{Error, Kind, Node, Result};
use std::time::Duration;

/// What is wrong about a fault that nothing has met in so many calls.
pub(super) fn unmet((fault, calls): (Fault, u32)) -> Problem {
    let Fault { target, nth, place } = fault;
    let what = match target {
        Target::Hostcall { name, .. } => format!("`{name}` was called {calls} times"),
        Target::Callout { cluster, .. } => format!("cluster `{cluster}` was called {calls} times"),
        Target::TrapAt { callback } => {
            format!("`{}` was called {calls} times", callback.trim_start_matches("proxy_"))
        }
        Target::MemoryLimit { bytes } => format!("no VM has asked for more than {}", shown(bytes)),
    };
    let which = nth.map(|nth| format!(", and this is for call {nth}")).unwrap_or_default();
    Problem::at(&place, format!("the fault was never met: {what} since{which}"))
}

/// What faults need of a world; `key` stands before them in the file.
pub(super) fn needs(key: &str, faults: &[Fault], needs: &mut Vec<Need>) {
    if faults.iter().any(|fault| matches!(fault.target, Target::MemoryLimit { .. })) {
        // Native filters share the memory of the test program.
        needs.push(Need::new("`memory_limit`", Requirement::Module));
    } else if !faults.is_empty() {
        needs.push(Need::new(key, Requirement::Simulator));
    }
}

/// Reads one fault, or a list of them.
pub(super) fn faults(node: &Node, folder: &Folder) -> Result<Vec<Fault>> {
    match node.kind() {
        Kind::List(items) => items.iter().map(|item| fault(item, folder)).collect(),
        _ => Ok(vec![fault(node, folder)?]),
    }
}

fn fault(node: &Node, folder: &Folder) -> Result<Fault> {
    let place = node.place().clone();
    let fields =
        node.mapping(&["hostcall", "return", "callout", "fail", "trap_at", "memory_limit", "nth"])?;
    let mut nth = fields.optional("nth", nth)?;
    let (form, value) = fields.one_of(&["hostcall", "callout", "trap_at", "memory_limit"])?;
    let (has, help) = match form {
        "hostcall" => (["return", "nth"].as_slice(), "a hostcall answers: `return: NotFound`, or a number"),
        "callout" => (["fail", "nth"].as_slice(), "a callout ends: `fail: timeout`"),
        "trap_at" => (&[][..], "which call it is stands beside the callback: `{callback: on_tick, nth: 2}`"),
        _ => (&[][..], "the limit holds from now on: `memory_limit: 4MiB`"),
    };
    for other in ["return", "fail", "nth"] {
        if let Some(node) = fields.get(other).filter(|_| !has.contains(&other)) {
            return Err(node.error(format!("`{other}` is not for `{form}`")).with_help(help));
        }
    }
    let target = match form {
        "hostcall" => hostcall(value, fields.required("return")?)?,
        "callout" => {
            let behaviour = failure(fields.required("fail")?, folder, Duration::ZERO)?;
            Target::Callout { cluster: value.string()?.to_owned(), behaviour }
        }
        "trap_at" => {
            let fields = value.mapping(&["callback", "nth"])?;
            nth = fields.optional("nth", self::nth)?;
            Target::TrapAt { callback: callback(fields.required("callback")?)? }
        }
        _ => Target::MemoryLimit { bytes: size(value)? },
    };
    Ok(Fault { target, nth, place })
}

fn nth(node: &Node) -> Result<u32> {
    node.u32(1..=u32::MAX)
}

fn hostcall(value: &Node, answer: &Node) -> Result<Target> {
    let names: Vec<_> = IMPORTS.iter().map(|import| (import.name, import)).collect();
    let import = value.choice(&names).map_err(|error| {
        let name = value.scalar().map_or("this", |(text, _)| text);
        let near =
            near(&error).unwrap_or("names are those of imports, such as `proxy_get_property`".to_owned());
        value.error(format!("{name} is not a function of the host")).with_help(near)
    })?;
    let code = code(answer, import.chapter == Chapter::Wasi)?;
    Ok(Target::Hostcall { name: import.name, code })
}

/// A callback by its name in timelines, as its export is called.
fn callback(node: &Node) -> Result<&'static str> {
    let is_known = |name: &str| CALLBACKS.iter().any(|(known, _)| name.strip_prefix("on_") == Some(*known));
    let names = EXPORTS.iter().map(|export| (export.name.trim_start_matches("proxy_"), export.name));
    let names: Vec<_> = names.filter(|(name, _)| is_known(name)).collect();
    node.choice(&names)
}

/// The suggestion of an error whose list of all names would be too long.
fn near(error: &Error) -> Option<String> {
    let help = error.help()?;
    let near = help.split_once("? ").map_or(help, |(near, _)| near);
    near.starts_with("did you mean").then(|| format!("{near}?"))
}

/// A status by its name or number; WASI has numbers of its own.
fn code(node: &Node, wasi: bool) -> Result<u32> {
    let numeric = node.scalar().is_some_and(|(text, _)| text.starts_with(|c: char| c.is_ascii_digit()));
    if wasi || numeric {
        return node.u32(0..=u32::MAX);
    }
    let names: Vec<_> = (0..=Status::UNIMPLEMENTED.0).map(|code| (Status(code).name(), code)).collect();
    node.choice(&names)
}
