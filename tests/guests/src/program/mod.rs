//! An interpreter of small programs: which host functions to call in which callback, and what to return.
//!
//! A program is text. A line without indentation opens a section: the callback's name (as in the ABI, without
//! `proxy_on_`), for one call of it only a number (`request_body 2:`), `end` (only at the end of the stream) or `stream`
//! (not for the root context), and a colon. The indented lines below are its statements:
//!
//! * `NAME ARGUMENT...` calls a host function, named without `proxy_`, see `words` for the arguments;
//! * `changed CALL` does the same and logs it only where it answers otherwise than the last time in this context;
//! * `return NUMBER` is what the callback answers (Continue and true unless said otherwise);
//! * `log TEXT` writes a line, `print TEXT` and `print_error TEXT` one to a standard stream; `let NAME NUMBER` keeps a number; `trap` traps;
//! * `from NAME` runs the program in that request header, in which `|` ends a line, from here on instead;
//! * `quiet` as a line of its own before all sections: callbacks are not logged.
//!
//! What versions of the ABI have of their own, the module that brings the interpreter adds with `imports!` (a function
//! `of_version`) and `exports!`.
//!
//! Each callback is logged as `CONTEXT NAME ARGUMENTS`, before its calls but for `delete`, each call as `CONTEXT . CALL = STATUS OUTPUTS`.

#[macro_use]
pub(crate) mod calls;
#[macro_use]
mod exports;
mod memory;
mod script;
mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use script::{Moment, Script};

const INFO: u64 = 2;
const PLUGIN_CONFIGURATION: u64 = 7;
const REQUEST_HEADERS: u64 = 0;

/// What lives between callbacks.
#[derive(Default)]
struct State {
    /// By context, once it has a program of its own.
    scripts: BTreeMap<u32, Rc<Script>>,
    parents: BTreeMap<u32, u32>,
    /// How often a callback of a context was called.
    counts: BTreeMap<(u32, &'static str), u32>,
    /// What a line with `changed` answered last in a context.
    answers: BTreeMap<(u32, String), String>,
    /// What `$name` stands for.
    variables: BTreeMap<String, u64>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

impl State {
    fn script(&self, context: u32) -> Option<Rc<Script>> {
        let root = self.parents.get(&context).filter(|parent| **parent != 0).unwrap_or(&context);
        self.scripts.get(&context).or_else(|| self.scripts.get(root)).cloned()
    }
}

/// Writes a line to the host's log.
fn log(text: &str) {
    let line = memory::Out::of(text.as_bytes());
    calls::call("log", &[INFO, line.address(), line.size()]);
}

/// Runs what the program says for a callback and returns what that answers.
pub(crate) fn run(callback: &'static str, context: u32, arguments: &[u32], default: u32) -> u32 {
    if callback == "context_create" {
        let parent = arguments.first().copied().unwrap_or_default();
        STATE.with_borrow_mut(|state| {
            state.parents.insert(context, parent);
            if parent != 0 {
                state.variables.insert("stream".to_owned(), u64::from(context));
            }
        });
    }
    let known = STATE.with_borrow(|state| state.script(context));
    let script = known.unwrap_or_else(|| {
        let (_, text) =
            calls::bytes("get_buffer_bytes", &[PLUGIN_CONFIGURATION, 0, u64::from(u32::MAX >> 1)]);
        let script = Rc::new(Script::parse(&String::from_utf8_lossy(&text)));
        STATE.with_borrow_mut(|state| state.scripts.insert(context, Rc::clone(&script)));
        script
    });
    let told: String = arguments.iter().map(|argument| format!(" {argument}")).collect();
    // The last line of a context is that it is gone.
    if !script.quiet && callback != "delete" {
        log(&format!("{context} {callback}{told}"));
    }
    let answer = perform(&script, callback, context, arguments, default);
    if callback == "delete" {
        if !script.quiet {
            log(&format!("{context} {callback}"));
        }
        STATE.with_borrow_mut(|state| {
            state.scripts.remove(&context);
            state.parents.remove(&context);
            state.counts.retain(|(of, _), _| *of != context);
            state.answers.retain(|(of, _), _| *of != context);
        });
    }
    answer
}

fn perform(script: &Script, callback: &'static str, context: u32, arguments: &[u32], default: u32) -> u32 {
    let number = STATE.with_borrow_mut(|state| {
        state.variables.insert("id".to_owned(), u64::from(context));
        if ["http_call_response", "queue_ready"].contains(&callback) || callback.starts_with("grpc") {
            let token = arguments.first().copied().unwrap_or_default();
            state.variables.insert("token".to_owned(), u64::from(token));
        }
        let count = state.counts.entry((context, callback)).or_default();
        *count += 1;
        *count
    });
    let is_stream = STATE.with_borrow(|state| state.parents.get(&context).is_some_and(|parent| *parent != 0));
    let moment = Moment { callback, number, end: arguments.get(1) == Some(&1), is_stream };
    let mut answer = default;
    for line in script.lines(&moment) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("return", number) => answer = words::number(number).unwrap_or_default() as u32,
            ("log", text) => log(&format!("{context} . {text}")),
            ("let", rest) => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let value = words::number(value).unwrap_or_default();
                STATE.with_borrow_mut(|state| state.variables.insert(name.to_owned(), value));
            }
            ("print", text) => println!("{text}"),
            ("print_error", text) => eprintln!("{text}"),
            ("trap", _) => memory::trap(),
            ("from", name) => {
                let name = memory::Out::of(name.as_bytes());
                let (_, text) =
                    calls::bytes("get_header_map_value", &[REQUEST_HEADERS, name.address(), name.size()]);
                let script = Rc::new(Script::parse(&String::from_utf8_lossy(&text).replace('|', "\n")));
                STATE.with_borrow_mut(|state| state.scripts.insert(context, Rc::clone(&script)));
                return perform(&script, callback, context, arguments, default);
            }
            ("changed", call) => {
                let (name, rest) = call.split_once(' ').unwrap_or((call, ""));
                let told = words::call(name, rest);
                let before = STATE
                    .with_borrow_mut(|state| state.answers.insert((context, call.to_owned()), told.clone()));
                if before.as_ref() != Some(&told) {
                    log(&format!("{context} . {call} = {told}"));
                }
            }
            (name, rest) => {
                let told = words::call(name, rest);
                log(&format!("{context} . {line} = {told}"));
            }
        }
    }
    answer
}
