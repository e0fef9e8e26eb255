//! The lines that plugins write, as they come.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use crate::support::host::Host;

/// How long a line may take from the guest to the file on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Follows a host's log.
pub(super) struct Tail {
    file: File,
    unfinished: Vec<u8>,
    lines: Vec<Line>,
    /// How lines of the main thread are marked: Envoy starts plugins there too, and this proxy does not.
    main_thread: String,
}

/// One line of a plugin.
#[derive(Clone)]
pub(super) struct Line {
    /// The filter's name; in the log it is also the root id and the vm id.
    pub(super) plugin: String,
    /// The message; before it the level unless it is `info`, and `(root)` where the log names no filter.
    pub(super) text: String,
}

impl Tail {
    pub(super) fn new(host: &Host) -> Self {
        let file = File::open(&host.log).expect("the host has a log");
        let main_thread = format!("[{}]", host.id());
        Self { file, unfinished: Vec::new(), lines: Vec::new(), main_thread }
    }

    /// All lines so far of the plugins of a case.
    pub(super) fn lines(&mut self, case: &str) -> Vec<Line> {
        self.read();
        let of_case = |line: &&Line| {
            line.plugin.strip_prefix(case).is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
        };
        self.lines.iter().filter(of_case).cloned().collect()
    }

    /// Looks until the lines of a case after the first `from` are as wanted, and returns those.
    pub(super) fn wait(&mut self, case: &str, from: usize, wanted: impl Fn(&[Line]) -> bool) -> Vec<Line> {
        let begun = Instant::now();
        loop {
            let lines = self.lines(case).split_off(from);
            if wanted(&lines) {
                return lines;
            }
            let texts: Vec<_> = lines.iter().map(|line| &line.text).collect();
            assert!(begun.elapsed() < PATIENCE, "{case}: the log ends with {texts:#?}");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Drops what was read, so that looking again stays cheap.
    pub(super) fn forget(&mut self) {
        self.lines.clear();
    }

    fn read(&mut self) {
        self.file.read_to_end(&mut self.unfinished).expect("the log is readable");
        let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else { return };
        let complete: Vec<_> = self.unfinished.drain(..=end).collect();
        let text = String::from_utf8_lossy(&complete);
        let of_worker = |line: &&str| !line.chars().take(80).collect::<String>().contains(&self.main_thread);
        self.lines.extend(text.lines().filter(of_worker).filter_map(Line::parse));
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (before, said) = line.split_once("wasm log ")?;
        let (prefix, message) = said.split_once(": ").or_else(|| Some((said.strip_suffix(':')?, "")))?;
        let words: Vec<_> = prefix.split(' ').collect();
        let plugin = (*words.first()?).to_owned();
        let level = ["trace", "debug", "warning", "error", "critical"]
            .into_iter()
            .find(|level| before.contains(&format!("[{level}]")));
        let level = level.map(|level| format!("{level}: ")).unwrap_or_default();
        let shown = match words.len() {
            3 if words.iter().all(|word| plugin.starts_with(word)) => String::new(),
            2 if words.iter().all(|word| plugin.starts_with(word)) => "(root) ".to_owned(),
            _ => format!("({prefix}) "),
        };
        let behind = plugin.split_once('+').map(|(_, number)| format!("+{number} ")).unwrap_or_default();
        Some(Self { text: format!("{behind}{shown}{level}{message}"), plugin })
    }
}

/// Whether every context that was created was deleted.
pub(super) fn all_deleted(lines: &[Line]) -> bool {
    let contexts = |event: &str| -> BTreeSet<(&str, &str)> {
        let of = |line| event_of(line).filter(|(_, name)| *name == event);
        lines.iter().filter_map(|line| Some((line.plugin.as_str(), of(line)?.0))).collect()
    };
    contexts("context_create") == contexts("delete")
}

/// The context and the callback of a line, if it tells of one.
fn event_of(line: &Line) -> Option<(&str, &str)> {
    let mut words = line.text.split(' ').skip_while(|word| word.starts_with(['+', '(']));
    Some((words.next()?, words.next()?))
}
