//! The command `cargo mesh-filter`: parses, dispatches, reports how it ended.

mod cluster;
mod commands;
mod doctor;
mod failure;
mod image;
mod mesh;
mod module;
mod output;
mod project;
mod scaffold;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = project::rustc::run_as_wrapper() {
        return code;
    }
    let command_line = commands::parse();
    let output = command_line.output();
    match command_line.exec(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failure(&failure),
    }
}
