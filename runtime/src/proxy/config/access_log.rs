//! Access logs: where a line per request goes, and its format.

use std::path::PathBuf;

use super::Format;
use super::proto::Proto;
use crate::document::{Node, Result};

pub(super) const STDOUT: &str = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
pub(super) const STDERR: &str = "envoy.extensions.access_loggers.stream.v3.StderrAccessLog";
pub(super) const FILE: &str = "envoy.extensions.access_loggers.file.v3.FileAccessLog";

/// One access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Where lines go.
    pub sink: Sink,
    /// What a line looks like.
    pub format: Format,
}

/// Where the lines of an access log go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, appended to.
    File(PathBuf),
}

pub(super) fn read(node: &Node) -> Result<AccessLog> {
    let fields = node.proto(&["name", "typed_config"])?;
    fields.required("name")?.nonempty()?;
    let config = fields.required("typed_config")?;
    let (sink, fields) = match config.type_name()?.as_str() {
        STDOUT => (Sink::Stdout, config.typed(STDOUT, &["log_format"])?),
        STDERR => (Sink::Stderr, config.typed(STDERR, &["log_format"])?),
        FILE => {
            let fields = config.typed(FILE, &["path", "log_format"])?;
            (Sink::File(path(fields.required("path")?)?), fields)
        }
        other => {
            return Err(config
                .error(format!("the access logger `{other}` is not supported"))
                .with_help(format!("known here: `{STDOUT}`, `{STDERR}`, `{FILE}`")));
        }
    };
    Ok(AccessLog { sink, format: fields.optional("log_format", format)?.unwrap_or_default() })
}

fn path(node: &Node) -> Result<PathBuf> {
    let path = PathBuf::from(node.nonempty()?);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(
            node.error(format!("cannot write to `{}`: not a file in an existing folder", path.display()))
        );
    }
    Ok(path)
}

fn format(node: &Node) -> Result<Format> {
    let source = node.proto(&["text_format_source"])?.required("text_format_source")?;
    let text = source.proto(&["inline_string"])?.required("inline_string")?;
    Format::parse(&text.nonempty()?).map_err(|problem| text.error(problem))
}
