//! The commands that README, CONTRIBUTING and CI call: `demo`, `test`, `bench` and `oracle`.

mod bench;
mod bootstrap;
mod demo;
mod host;
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
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Demo(arguments) => demo::exec(&arguments),
        Command::Test(arguments) => test::exec(&arguments),
        Command::Bench(arguments) => bench::exec(&arguments),
        Command::Oracle(arguments) => oracle::exec(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
