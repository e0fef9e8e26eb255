//! Reads `fault` and `faults`: hostcalls and callouts that shall go wrong.

use super::files::Folder;
use super::message::failure;
use crate::report::Problem;
use crate::sim::{Fault, Target};
use mesh_filter_runtime::abi::Status;
use mesh_filter_runtime::abi::table::{Chapter, IMPORTS};
use mesh_filter_runtime::document::{Kind, Node, Result};
use std::time::Duration;

/// What is wrong about a fault that nothing has met in so many calls.
pub(super) fn unmet((fault, calls): (Fault, u32)) -> Problem {
    let Fault { target, nth, place } = fault;
    let what = match target {
        Target::Hostcall { name, .. } => format!("`{name}` was called {calls} times"),
        Target::Callout { cluster, .. } => format!("cluster `{cluster}` was called {calls} times"),
    };
    let which = nth.map(|nth| format!(", and this is for call {nth}")).unwrap_or_default();
    Problem::at(&place, format!("the fault was never met: {what} since{which}"))
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
    let fields = node.mapping(&["hostcall", "return", "callout", "fail", "nth"])?;
    let nth = fields.optional("nth", |node| node.u32(1..=u32::MAX))?;
    let (form, value) = fields.one_of(&["hostcall", "callout"])?;
    let (other, help) = match form {
        "hostcall" => ("fail", "a hostcall answers: `return: NotFound`, or a number"),
        _ => ("return", "a callout ends: `fail: timeout`"),
    };
    if let Some(node) = fields.get(other) {
        return Err(node.error(format!("`{other}` is not for `{form}`")).with_help(help));
    }
    let target = if form == "hostcall" {
        let names: Vec<_> = IMPORTS.iter().map(|import| (import.name, import)).collect();
        let import = value.choice(&names).map_err(|error| {
            // All names would be too long a list.
            let help =
                error.help().map(|help| help.split_once("? ").map_or(help, |(near, _)| near).to_owned());
            let near = help.filter(|help| help.starts_with("did you mean")).map(|help| format!("{help}?"));
            value
                .error(format!(
                    "{} is not a function of the host",
                    value.scalar().map_or("this", |(text, _)| text)
                ))
                .with_help(
                    near.unwrap_or_else(|| {
                        "names are those of imports, such as `proxy_get_property`".to_owned()
                    }),
                )
        })?;
        let code = code(fields.required("return")?, import.chapter == Chapter::Wasi)?;
        Target::Hostcall { name: import.name, code }
    } else {
        let behaviour = failure(fields.required("fail")?, folder, Duration::ZERO)?;
        Target::Callout { cluster: value.string()?.to_owned(), behaviour }
    };
    Ok(Fault { target, nth, place })
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
