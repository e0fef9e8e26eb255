//! The command line of the standalone proxy, a small part of Envoy's.

use super::config::Bootstrap;
use super::server::{ServeOptions, serve};
use crate::vm::Limits;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// How it is called.
const USAGE: &str = "usage: mesh-filter-proxy -c BOOTSTRAP.yaml [--concurrency N] [--limits none]\n\n\
    Runs a proxy from a strict subset of Envoy's bootstrap.\n\n  \
    -c, --config-path FILE  the bootstrap, YAML or JSON\n      \
    --concurrency N     worker threads [default: 1]\n      \
    --limits none       lets plugins use any amount of CPU time and memory\n\n\
    exit codes: 0 stopped in order, 1 could not start, 2 wrong arguments\n";

/// Runs the proxy with these arguments until it is stopped.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    if subscriber.try_init().is_err() {
        // Somebody else listens to what happens here; so be it.
    }
    let (path, options) = match parse(arguments) {
        Ok(Some(parsed)) => parsed,
        Ok(None) => return show(USAGE, ExitCode::SUCCESS),
        Err(problem) => {
            tracing::error!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let served = Bootstrap::load(&path).map_err(|error| error.to_string());
    let served = served.and_then(|bootstrap| serve(bootstrap, &options).map_err(|error| chain(&error)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn show(text: &str, code: ExitCode) -> ExitCode {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}

/// The bootstrap's path and the options; `None` where help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<(PathBuf, ServeOptions)>, String> {
    let mut path = None;
    let mut options = ServeOptions::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "-c" | "--config-path" => path = Some(PathBuf::from(value()?)),
            "--concurrency" => {
                let text = value()?;
                options.workers = text
                    .parse::<NonZeroUsize>()
                    .map_err(|_| format!("`--concurrency` expects a number above 0, got `{text}`"))?;
            }
            "--limits" => match value()?.as_str() {
                "none" => options.limits = Limits::NONE,
                other => return Err(format!("`--limits` expects `none`, got `{other}`")),
            },
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    path.map(|path| Some((path, options))).ok_or_else(|| "`-c BOOTSTRAP.yaml` is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<(PathBuf, ServeOptions)>, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read() {
        let (path, options) = parsed("-c b.yaml --concurrency 3 --limits none").unwrap().unwrap();
        assert_eq!((path, options.workers.get()), (PathBuf::from("b.yaml"), 3));
        assert_eq!(options.limits, Limits::NONE);
        assert!(parsed("-h").unwrap().is_none());
    }

    #[test]
    fn wrong_arguments_are_named() {
        for line in ["", "-c", "-c b --concurrency 0", "-c b --limits some", "-c b extra"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
