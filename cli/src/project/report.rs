//! Reports for other tools: which kind, and where it goes.

use std::path::PathBuf;
use std::str::FromStr;

use mesh_filter_test::report::Report;

use crate::failure::{Failure, Result};
use crate::output::Output;

/// What stands after `--report`.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile {
    kind: Kind,
    /// Standard output where it is absent.
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Junit,
    Json,
    Tap,
    Github,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (kind, file) = match text.split_once('=') {
            Some((_, "")) => return Err("no file stands after `=`".to_owned()),
            Some((kind, file)) => (kind, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let kind = match kind {
            "junit" => Kind::Junit,
            "json" => Kind::Json,
            "tap" => Kind::Tap,
            "github" => Kind::Github,
            _ => return Err("expected `junit`, `json`, `tap` or `github`, and `=FILE` if wanted".to_owned()),
        };
        Ok(Self { kind, file })
    }
}

impl ReportFile {
    /// Whether it stands on standard output in place of the text. Annotations stand beside it.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.file.is_none() && self.kind != Kind::Github
    }

    /// Writes the report to where it goes.
    pub(crate) fn write(&self, report: &Report, output: &Output) -> Result<()> {
        let text = match self.kind {
            Kind::Junit => report.to_junit(),
            Kind::Json => format!("{:#}\n", report.to_json()),
            Kind::Tap => report.to_tap(),
            Kind::Github => report.to_github(),
        };
        let Some(file) = &self.file else {
            output.data(&text);
            return Ok(());
        };
        if let Some(folder) = file.parent() {
            // What cannot be made says so when the file is written.
            let _ = std::fs::create_dir_all(folder);
        }
        std::fs::write(file, text).map_err(|error| {
            Failure::usage(format!("cannot write the report `{}`", file.display())).because(&error)
        })
    }
}
