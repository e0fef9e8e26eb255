//! A program as sections of statements.

/// Which calls of a callback a section is for.
enum Which {
    Every,
    Number(u32),
    End,
    Stream,
}

struct Section {
    callback: String,
    which: Which,
    lines: Vec<String>,
}

/// A parsed program.
pub(super) struct Script {
    /// Whether callbacks are not logged.
    pub(super) quiet: bool,
    sections: Vec<Section>,
}

/// One call of a callback.
pub(super) struct Moment {
    pub(super) callback: &'static str,
    /// How many of its kind there were for this context, this one included.
    pub(super) number: u32,
    /// Whether the stream ends with it.
    pub(super) end: bool,
    /// Whether the context is one of a stream.
    pub(super) is_stream: bool,
}

impl Script {
    pub(super) fn parse(text: &str) -> Self {
        let mut script = Self { quiet: false, sections: Vec::new() };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match (line.strip_suffix(':').filter(|_| !line.starts_with(' ')), script.sections.last_mut()) {
                (Some(title), _) => script.sections.push(Section::new(title)),
                (None, Some(section)) => section.lines.push(line.trim().to_owned()),
                (None, None) => script.quiet |= line.trim() == "quiet",
            }
        }
        script
    }

    /// The statements for a moment, in order.
    pub(super) fn lines(&self, moment: &Moment) -> impl Iterator<Item = &str> {
        let sections = self.sections.iter().filter(|section| section.is_for(moment));
        sections.flat_map(|section| section.lines.iter().map(String::as_str))
    }
}

impl Section {
    fn new(title: &str) -> Self {
        let (callback, which) = title.split_once(' ').unwrap_or((title, ""));
        let which = match which {
            "end" => Which::End,
            "stream" => Which::Stream,
            number => number.parse().map_or(Which::Every, Which::Number),
        };
        Self { callback: callback.to_owned(), which, lines: Vec::new() }
    }

    fn is_for(&self, moment: &Moment) -> bool {
        self.callback == moment.callback
            && match self.which {
                Which::Every => true,
                Which::Number(number) => number == moment.number,
                Which::End => moment.end,
                Which::Stream => moment.is_stream,
            }
    }
}
