//! How a command fails: a message, its causes, what to do next, and the exit code.

use std::fmt::Display;
use std::process::ExitCode;

/// What every command returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// The exit codes of all commands; `cargo mesh-filter --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command ran, and what it ran failed: a build, a test, a server.
    Failed,
    /// The command line or a file named on it cannot be used.
    Usage,
    /// A tool that the command needs is not installed.
    MissingTool,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::MissingTool => 3,
        })
    }
}

/// Why a command ended without doing what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) help: Option<String>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), help: None }
    }

    /// What was run failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line or a file is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A tool is not installed.
    pub(crate) fn missing_tool(message: impl Into<String>) -> Self {
        Self::new(Exit::MissingTool, message)
    }

    /// Adds an error as the cause, together with its own causes.
    #[must_use]
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let cause = error.to_string();
            // Some errors repeat their source in their own words.
            if !self.causes.last().is_some_and(|last| last.contains(&cause)) {
                self.causes.push(cause);
            }
            next = error.source();
        }
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

impl From<mesh_filter_runtime::document::Error> for Failure {
    /// The message shows the line, and brings its own help.
    fn from(error: mesh_filter_runtime::document::Error) -> Self {
        Self::usage(error.render())
    }
}
