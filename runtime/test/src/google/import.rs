//! Turns a test file into a scenario file, as far as whole exchanges can say the same.

use super::import_message::{Expected, body, condition, input};
use super::notation::{bytes, mapping, moment, scalar};
use super::suite::{Chunks, Invocation, Phase, Suite, Test};
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::document::Place;
use mesh_filter_runtime::exchange::Side;
use std::path::Path;

/// What stands at the top of every file that is made here.
const HEAD: &str = "\
# Scenarios are whole exchanges: each goes through all phases of the plugin, and its log is that of the
# exchange. They are strict: a line at level error that no `log` expects fails them.
# Headers never ended their message in the tests, so here each has a body, if an empty one.
";

impl Suite {
    /// The scenario file that says the same, as far as one can; what it cannot say stands in it as comments
    /// with the reasons. It is to stand beside the test file. `filter` and `configuration` take the place
    /// of the paths in the test file.
    #[must_use]
    pub fn to_scenarios(&self, filter: Option<&Path>, configuration: Option<&Path>) -> String {
        let env = &self.env;
        let mut out = format!("# From {}.\n{HEAD}version: 1\n", self.file);
        let beside = |path: &Path| {
            let folder = Path::new(&self.file).parent().unwrap_or(Path::new(""));
            scalar(&path.strip_prefix(folder).unwrap_or(path).display().to_string())
        };
        let module = env.wasm_path.as_ref().map(|path| path.value.as_path());
        match filter.or(module) {
            Some(path) => out.push_str(&format!("filter: {}\n", beside(path))),
            None => out.push_str("# filter: the module; the tests name none\n"),
        }
        let file = env.config_path.as_ref().map(|path| path.value.as_path());
        if let Some(path) = configuration.or(file) {
            out.push_str(&format!("config: {{file: {}}}\n", beside(path)));
        }
        match moment(env.time) {
            Some(clock) => out.push_str(&format!("clock: {clock}\n")),
            None => out.push_str("# not converted: env.time_secs: scenarios end with the year 2500\n"),
        }
        if env.log_level != LogLevel::Info {
            out.push_str("# not converted: env.log_level: scenarios see lines of all levels\n");
        }
        if env.log_path.is_some() {
            out.push_str("# not converted: env.log_path: a scenario that fails shows its log\n");
        }
        if env.additional_streams > 0 {
            out.push_str("# not converted: env.num_additional_streams: it is for benchmarks\n");
        }
        out.push_str("\nscenarios:\n");
        for (index, test) in self.tests.iter().enumerate() {
            let earlier = self.tests.iter().take(index).filter(|other| other.name == test.name).count();
            let name =
                if earlier == 0 { test.name.clone() } else { format!("{} ({})", test.name, earlier + 1) };
            out.push_str(&Conversion::of(test).write(&name));
        }
        out
    }
}

/// One test on its way to a scenario.
#[derive(Default)]
struct Conversion {
    request: Vec<(String, String)>,
    reply: Vec<(String, String)>,
    upstream: Expected,
    response: Expected,
    /// Nothing goes upstream.
    answered: bool,
    /// The request is answered while it is on its way, and the upstream may have seen a part of it.
    cut_off: bool,
    log: Vec<String>,
    properties: Vec<(String, String)>,
    /// The size of chunks.
    chunking: Option<usize>,
    /// What cannot be said, each with its line in the tests.
    comments: Vec<(usize, String)>,
}

impl Conversion {
    fn of(test: &Test) -> Self {
        let mut this = Self::default();
        if let Some(Chunks::Size(size)) = test.chunks {
            this.chunking = Some(size);
        }
        if test.benchmark {
            this.skip(&test.place, "benchmark", "a scenario is none");
        }
        for (path, value) in &test.properties {
            if path.split('.').any(str::is_empty) {
                this.skip(&test.place, "properties", &format!("`{path}` is not the path of a property"));
            } else {
                this.properties.push((path.clone(), bytes(value)));
            }
        }
        for matcher in &test.plugin_init.log {
            this.skip(&matcher.place, "plugin_init", "scenarios look at the log of exchanges");
        }
        this.logs(&test.stream_init.log);
        let mut replied = false;
        for invocation in &test.phases {
            if replied {
                let reason = "a proxy plays no further phase after an immediate response";
                this.skip(&invocation.place, invocation.phase.name(), reason);
                continue;
            }
            replied = this.phase(test, invocation);
        }
        if this.cut_off && !this.upstream.write("").is_empty() {
            let reason = "the upstream may not see what stands before an immediate response to the body";
            this.skip(&test.place, "request_headers", reason);
        }
        for (side, target) in [(Side::Request, &mut this.request), (Side::Response, &mut this.reply)] {
            match body(test, side) {
                Ok(written) => target.push(("body".to_owned(), written)),
                Err((written, reason)) => {
                    target.push(("body".to_owned(), written));
                    this.comments.push((test.place.line(), reason));
                }
            }
        }
        this.logs(&test.stream_destroy.log);
        this
    }

    /// Adds a phase. Answers whether it ends the exchange.
    fn phase(&mut self, test: &Test, invocation: &Invocation) -> bool {
        let Invocation { phase, result, place, .. } = invocation;
        let side = phase.side();
        if let Phase::Headers(side) = phase {
            let target = if *side == Side::Request { &mut self.request } else { &mut self.reply };
            for reason in input(invocation, target) {
                self.comments.push((place.line(), format!("{}: {reason}", phase.name())));
            }
        }
        let expected = match (&result.immediate, side) {
            (Some(_), _) | (None, Side::Response) => &mut self.response,
            (None, Side::Request) => &mut self.upstream,
        };
        let bodies = test.phases.iter().filter(|other| other.phase == *phase).count();
        let skipped = expected.add(invocation, bodies > 1);
        self.comments.extend(
            skipped.into_iter().map(|(place, reason)| (place.line(), format!("{}: {reason}", phase.name()))),
        );
        self.logs(&result.log);
        if result.immediate.is_some() {
            self.answered |= *phase == Phase::Headers(Side::Request);
            self.cut_off |= *phase == Phase::Body(Side::Request);
        }
        result.immediate.is_some()
    }

    fn logs(&mut self, matchers: &[super::tree::Placed<super::expectation::StringMatcher>]) {
        for matcher in matchers {
            if matcher.value.invert {
                let reason = "scenarios look at the log of the whole exchange, where such a line may be";
                self.skip(&matcher.place, "log", reason);
                continue;
            }
            let line = format!("{{message: {}}}", condition(&matcher.value));
            if !self.log.contains(&line) {
                self.log.push(line);
            }
        }
    }

    fn skip(&mut self, place: &Place, what: &str, reason: &str) {
        self.comments.push((place.line(), format!("{what}: {reason}")));
    }

    fn write(mut self, name: &str) -> String {
        let mut out = format!("  - name: {}\n", scalar(name));
        self.comments.sort_by_key(|(line, _)| *line);
        for (line, comment) in &self.comments {
            let comment = comment.replace(['\n', '\r'], " ");
            out.push_str(&format!("    # not converted: line {line}: {comment}\n"));
        }
        if !self.properties.is_empty() {
            out.push_str(&format!("    properties: {}\n", mapping(&self.properties)));
        }
        if let Some(size) = self.chunking {
            out.push_str(&format!("    chunking: {{size: {size}}}\n"));
        }
        if !self.answered {
            out.push_str(&format!("    upstream: {}\n", mapping(&self.reply)));
        }
        out.push_str(&format!("    steps:\n      - request: {}\n        expect:\n", mapping(&self.request)));
        if !self.cut_off {
            let upstream =
                if self.answered { "not_called".to_owned() } else { self.upstream.write("called") };
            out.push_str(&format!("          upstream: {upstream}\n"));
        }
        out.push_str(&format!("          response: {}\n", self.response.write("present")));
        // The first that fits takes a line: what fits one only goes first.
        self.log.sort_by_key(|line| line.starts_with("{message: {regex"));
        if !self.log.is_empty() {
            out.push_str("          log:\n");
            self.log.iter().for_each(|line| out.push_str(&format!("            - {line}\n")));
        }
        out
    }
}
