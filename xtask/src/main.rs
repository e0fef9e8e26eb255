//! The commands that README, CONTRIBUTING and CI call: `demo`, `test`, `bench` and `oracle`.

mod bench;
mod bootstrap;
mod demo;
mod host;
mod mesh_filter;
mod oracle;
mod report;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "What README and CI call")]
enum Command {
    Demo(demo::Arguments),
    Test(test::Arguments),
    Bench(bench::Arguments),
    Oracle(oracle::Arguments),
    #[command(name = "mesh-filter", hide = true)]
    MeshFilter(mesh_filter::Arguments),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Demo(arguments) => demo::exec(&arguments),
        Command::Test(arguments) => test::exec(&arguments),
        Command::Bench(arguments) => bench::exec(&arguments),
        Command::Oracle(arguments) => oracle::exec(&arguments),
        Command::MeshFilter(arguments) => mesh_filter::exec(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
