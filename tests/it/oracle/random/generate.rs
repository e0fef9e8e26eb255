//! Makes trials: a program for each of two plugins, and an exchange that goes through both.

use std::fmt;

use super::super::case::{CALL, Exchange};

/// Random numbers that a seed repeats (splitmix64).
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Lines that belong together, each with its section.
type Step = Vec<(&'static str, String)>;

/// What both hosts are to play.
#[derive(Clone)]
pub(super) struct Trial {
    /// Whether headers can be held.
    pub(super) held: bool,
    programs: [Vec<Step>; 2],
    method: &'static str,
    path: &'static str,
    chunked: bool,
    body: Vec<String>,
}

const NAMES: [&str; 9] =
    ["x-a", "X-A", "x-b", "cookie", "accept", "content-type", "x-not-there", "set-cookie", "vary"];
const PROPERTIES: [&str; 14] = [
    "request\\0path",
    "request\\0url_path",
    "request\\0host",
    "request\\0method",
    "request\\0query",
    "request\\0protocol",
    "response\\0code",
    "response\\0flags",
    "response\\0code_details",
    "plugin_name",
    "no\\0such",
    "mine",
    "request\\0headers\\0x-a",
    "response\\0headers\\0x-a",
];
const PHASES: [&str; 6] =
    ["request_headers", "request_body", "response_headers", "response_body", "log", "done"];

impl Trial {
    pub(super) fn new(numbers: &mut Numbers) -> Self {
        let method = numbers.pick(&["GET", "POST", "POST", "PUT", "HEAD", "DELETE"]);
        let has_body = matches!(method, "POST" | "PUT");
        let parts = if has_body { numbers.below(4) } else { 0 };
        let held = numbers.one_in(2);
        Self {
            held,
            programs: programs(numbers, held),
            method,
            path: numbers.pick(&[
                "/echo",
                "/echo?q=1",
                "/chunked",
                "/no-content",
                "/case",
                "/direct",
                "/error",
                "/three-kilobytes",
            ]),
            chunked: numbers.one_in(2),
            body: (0..parts).map(|_| "abcdefghij".repeat(numbers.below(30)) + "k").collect(),
        }
    }

    /// The request, sent at once.
    pub(super) fn exchange(&self) -> Exchange {
        let Self { method, path, .. } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\nHost: example.com\nx-request-id: mine\nx-a: 1\nx-a: 2\ncookie: c=1\nx-first: \
             {}\nx-second: {}\n",
            header(&self.programs[0]),
            header(&self.programs[1])
        );
        let text: String = self.body.concat();
        let framed = if self.body.is_empty() {
            "\n".to_owned()
        } else if self.chunked {
            let chunks =
                self.body.iter().map(|part| format!("{:x}\n{part}\n", part.len())).collect::<String>();
            format!("transfer-encoding: chunked\n\n{chunks}0\n\n")
        } else {
            format!("content-length: {}\n\n{text}", text.len())
        };
        Exchange::default().send(&format!("{head}{framed}"))
    }

    /// The same with one thing less.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for which in 0..self.programs.len() {
            for step in 0..self.programs[which].len() {
                let mut trial = self.clone();
                trial.programs[which].remove(step);
                all.push(trial);
            }
        }
        for part in 0..self.body.len() {
            let mut trial = self.clone();
            trial.body.remove(part);
            all.push(trial);
        }
        all
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<_> = self.body.iter().map(String::len).collect();
        writeln!(
            f,
            "{} {}, body {lengths:?}, chunked: {}, held: {}",
            self.method, self.path, self.chunked, self.held
        )?;
        for (number, steps) in self.programs.iter().enumerate() {
            writeln!(f, "plugin {number}:\n{}", lines(steps).join("\n"))?;
        }
        Ok(())
    }
}

/// A program as lines.
fn lines(steps: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    for (section, line) in steps.iter().flatten() {
        lines.push(format!("{section}:"));
        lines.push(format!("  {line}"));
    }
    lines
}

fn header(steps: &[Step]) -> String {
    lines(steps).join("|")
}

/// Two programs. One of them may pause, or both may reply: a callout would race with another, or with a reply.
fn programs(numbers: &mut Numbers, held: bool) -> [Vec<Step>; 2] {
    let mut programs = [calls(numbers), calls(numbers)];
    match numbers.below(4) {
        0 => {
            // Who makes trailers takes the end away that the pause of a body waits for.
            let of_trailers = |line: &str| {
                [1, 3].iter().any(|map| {
                    line.contains(&format!("header_map_value {map} "))
                        || line.contains(&format!("header_map_size {map} "))
                })
            };
            // Envoy lets a body that was let go be written later (`after-the-end` in docs/differences.md).
            let writes_late = |section: &str, line: &str| {
                section.starts_with("response") && line.starts_with("set_buffer_bytes 0 ")
            };
            for program in &mut programs {
                program.retain(|step| {
                    !step.iter().any(|(section, line)| of_trailers(line) || writes_late(section, line))
                });
            }
            let pause = pause(numbers, held);
            programs[numbers.below(2)].push(pause);
        }
        1 => {
            for program in &mut programs {
                if numbers.one_in(2) {
                    program.push(reply(numbers));
                }
            }
        }
        _ => {}
    }
    programs
}

fn calls(numbers: &mut Numbers) -> Vec<Step> {
    (0..numbers.below(7))
        .map(|_| {
            let phase = PHASES[numbers.below(PHASES.len())];
            call(numbers, phase)
        })
        .collect()
}

fn call(numbers: &mut Numbers, phase: &'static str) -> Step {
    let side = if phase.starts_with("request") { 0 } else { 1 };
    // Mostly what is open in the phase, sometimes what is not.
    let map = if numbers.one_in(5) { numbers.below(9) } else { 2 * side };
    // Not 8: in Envoy that is whatever buffer was looked at last.
    let buffer = if numbers.one_in(8) { numbers.below(8) } else { side };
    let name = numbers.pick(&NAMES);
    let value = numbers.pick(&["", "1", "two words", "a,b", "\\xff"]);
    let (start, length) = (numbers.pick(&["0", "0", "3", "1000000"]), numbers.pick(&["0", "2", "1000000"]));
    // After its end Envoy looks through pointers of a stream that may be gone: programs only read then.
    let kind = if matches!(phase, "log" | "done") { 8 } else { numbers.below(13) };
    let line = match kind {
        0 => format!("get_header_map_value {map} '{name}' &bytes"),
        1 => format!("add_header_map_value {map} '{name}' '{value}'"),
        2 => format!("replace_header_map_value {map} '{name}' '{value}'"),
        3 => format!("remove_header_map_value {map} '{name}'"),
        4 => format!("get_header_map_size {map} &size_of").replace("&size_of", "&number"),
        5 => format!("get_buffer_bytes {buffer} {start} {length} &bytes"),
        6 => {
            return body_change(
                side,
                &format!("set_buffer_bytes {buffer} {start} {length} '{value}'"),
                phase,
            );
        }
        7 => format!("get_buffer_status {buffer} &number &number"),
        8 | 9 => {
            // The last ones are of the stream's headers.
            let end = if matches!(phase, "log" | "done") { PROPERTIES.len() - 2 } else { PROPERTIES.len() };
            format!("get_property '{}' &bytes", numbers.pick(&PROPERTIES[..end]))
        }
        10 => format!("set_property 'mine' '{value}'"),
        11 if phase == "request_headers" => {
            format!(
                "replace_header_map_value 0 ':path' '{}'",
                numbers.pick(&["/echo?new", "/chunked", "/direct", "/none"])
            )
        }
        11 if phase == "response_headers" => {
            format!("replace_header_map_value 2 ':status' '{}'", numbers.pick(&["201", "404", "500"]))
        }
        _ => {
            // And back: what follows may be what ends a pause.
            let context = numbers.pick(&["0", "1", "$id", "999999999"]);
            let back = (phase, "set_effective_context $id".to_owned());
            return vec![(phase, format!("set_effective_context {context}")), back];
        }
    };
    vec![(phase, line)]
}

/// A change of the body, and of the header that would announce another length.
fn body_change(side: usize, line: &str, phase: &'static str) -> Step {
    let headers = if side == 0 { "request_headers" } else { "response_headers" };
    vec![
        (headers, format!("remove_header_map_value {} 'content-length'", 2 * side)),
        (phase, line.to_owned()),
    ]
}

/// A pause that a callout ends.
fn pause(numbers: &mut Numbers, held: bool) -> Step {
    let waits = |section, side: u32| {
        vec![
            (section, format!("let side {side}")),
            (section, CALL.to_owned()),
            (section, "return 1".to_owned()),
        ]
    };
    // Where headers alone are held, the body must not set them free before the callout lands.
    let keeps = |section| if held { vec![(section, "return 1".to_owned())] } else { Vec::new() };
    match numbers.below(4) {
        0 => [waits("request_headers", 0), keeps("request_body")].concat(),
        1 => [waits("response_headers", 1), keeps("response_body")].concat(),
        2 => [vec![("request_body", "return 1".to_owned())], waits("request_body end", 0)].concat(),
        _ => [vec![("response_body", "return 1".to_owned())], waits("response_body end", 1)].concat(),
    }
}

fn reply(numbers: &mut Numbers) -> Step {
    let section = numbers.pick(&["request_headers", "request_body 1", "response_headers"]);
    let body = numbers.pick(&["", "no entry"]);
    let headers = numbers.pick(&["''", "{'x-a'='1', 'X-B'='2'}", "{'content-type'='text/html'}"]);
    let status = numbers.pick(&["200", "403", "503"]);
    vec![
        (section, format!("send_local_response {status} 'why not' '{body}' {headers} -1")),
        (section, "return 1".to_owned()),
    ]
}
