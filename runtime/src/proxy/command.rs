//! The command line of the standalone proxy, a small part of Envoy's.

use super::config::Bootstrap;
use super::limits::PluginLimits;
use super::server::{ServeOptions, Server};
use crate::abi::LogLevel;
use crate::vm::{CacheFolder, Profile};
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

/// How it is called.
const USAGE: &str = "usage: mesh-filter-proxy -c BOOTSTRAP.yaml [OPTIONS]\n\n\
    Runs a proxy from a strict subset of Envoy's bootstrap.\n\n  \
    -c, --config-path FILE  the bootstrap, YAML or JSON\n      \
    --concurrency N     worker threads [default: 1]\n      \
    --limits LIMITS     what plugins may use, such as cpu=100ms,memory=64MiB,headers=1MiB,body=8MiB,\n                          \
    log-line=4KiB,callouts=100,shared-data=16MiB,queues=16MiB,metrics=1000;\n                          \
    none lifts those of CPU time and memory\n      \
    --no-cache          compiles modules anew, and does not keep them on disk\n      \
    --profile NAME      what the plugins are meant for: tolerant, envoy, istio, envoy-gateway [default: tolerant]\n  \
    -l, --log-level LEVEL   trace, debug, info, warning, error or critical [default: info]\n      \
    --admin-address-path FILE  where to write the address of the admin pages, once all serves\n\n\
    exit codes: 0 stopped in order, 1 could not start, 2 wrong arguments\n";

/// What the arguments say.
#[derive(Debug, Default)]
struct Arguments {
    bootstrap: PathBuf,
    options: ServeOptions,
    admin_address_path: Option<PathBuf>,
}

/// Runs the proxy with these arguments until it is stopped.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let parsed = parse(arguments);
    let level =
        parsed.as_ref().ok().and_then(Option::as_ref).map_or(LogLevel::Info, |it| it.options.log_level);
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    let subscriber = subscriber.with_ansi(std::io::stderr().is_terminal()).with_max_level(threshold(level));
    if subscriber.try_init().is_err() {
        // Somebody else listens to what happens here; so be it.
    }
    let arguments = match parsed {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return show(USAGE, ExitCode::SUCCESS),
        Err(problem) => {
            tracing::error!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), String> {
    let bootstrap = Bootstrap::load(&arguments.bootstrap).map_err(|error| error.to_string())?;
    let server = Server::start(bootstrap, &arguments.options).map_err(|error| chain(&error))?;
    if let (Some(path), Some(address)) = (&arguments.admin_address_path, server.admin_address()) {
        let failed = |error| format!("cannot write the admin's address to `{}`: {error}", path.display());
        std::fs::write(path, address.to_string()).map_err(failed)?;
    }
    server.wait().map_err(|error| chain(&error))
}

/// The proxy's own lines that are shown at a level.
fn threshold(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Critical => LevelFilter::ERROR,
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

/// The arguments; `None` where help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
    let mut path = None;
    let mut admin_address_path = None;
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
            "--limits" => {
                let limits: PluginLimits =
                    value()?.parse().map_err(|error| format!("`--limits`: {error}"))?;
                (options.limits, options.quotas) = (limits.vm, limits.quotas);
            }
            "--profile" => {
                let name = value()?;
                let profile = Profile::from_name(&name);
                options.profile = profile.ok_or_else(|| {
                    let known = Profile::ALL.map(Profile::name).join("`, `");
                    format!("`--profile`: there is no profile `{name}`; known are `{known}`")
                })?;
            }
            "--no-cache" => options.cache = CacheFolder::Off,
            "--admin-address-path" => admin_address_path = Some(PathBuf::from(value()?)),
            "-l" | "--log-level" => {
                let name = value()?;
                let level = LogLevel::from_name(&name);
                options.log_level =
                    level.ok_or_else(|| format!("`{argument}` expects a level, got `{name}`"))?;
            }
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    let bootstrap = path.ok_or("`-c BOOTSTRAP.yaml` is missing")?;
    Ok(Some(Arguments { bootstrap, options, admin_address_path }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::Limits;

    fn parsed(line: &str) -> Result<Option<Arguments>, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read() {
        let line = "-c b.yaml --concurrency 3 --limits none -l error --admin-address-path here";
        let arguments = parsed(line).unwrap().unwrap();
        assert_eq!(arguments.bootstrap, PathBuf::from("b.yaml"));
        assert_eq!(arguments.admin_address_path, Some(PathBuf::from("here")));
        let options = arguments.options;
        assert_eq!((options.workers.get(), options.limits), (3, Limits::NONE));
        assert_eq!(options.log_level, LogLevel::Error);
        assert!(parsed("-h").unwrap().is_none());
    }

    #[test]
    fn wrong_arguments_are_named() {
        for line in [
            "",
            "-c",
            "-c b --concurrency 0",
            "-c b --limits some",
            "-c b --limits cpu=1",
            "-c b -l loud",
            "-c b --profile x",
            "-c b extra",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
