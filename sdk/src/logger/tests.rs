//! What filters log arrives as one bounded line, on the levels that the proxy wants.

use super::*;
use crate::clock::secs;
use crate::fake::Fake;
use crate::host::{Installed, Status};
use crate::log_every;
use std::rc::Rc;

fn fake(level: u32) -> (Rc<Fake>, Installed) {
    install();
    let fake = Rc::new(Fake::default());
    fake.level.set(level);
    let installed = crate::host::install(fake.clone());
    refresh();
    (fake, installed)
}

#[test]
fn a_line_stays_one_line_whatever_is_in_it() {
    let (fake, _installed) = fake(0);
    log::info!("path {}", "/a\r\nwasm log: forged\u{1b}[2J\u{85}\tend");
    assert_eq!(fake.lines.take(), ["Info: path /a\\r\\nwasm log: forged\\u{1b}[2J\\u{85}\tend"]);
}

#[test]
fn a_line_is_cut_between_characters_and_says_how_much_is_missing() {
    let (fake, _installed) = fake(0);
    log::info!("{}", "ä".repeat(5000));
    let line = fake.lines.take().remove(0);
    assert_eq!(line.len(), "Info: ".len() + 8192 + "… (1808 bytes more)".len());
    assert!(line.ends_with("ä… (1808 bytes more)"));
    log::info!("x{}", "ä".repeat(4096));
    assert!(fake.lines.take()[0].ends_with("ä… (2 bytes more)"));
}

#[cfg(feature = "kv")]
#[test]
fn key_values_follow_the_text() {
    let (fake, _installed) = fake(0);
    log::warn!(user = "a\"b\nc", attempt = 3, reason = "no route", empty = ""; "refused");
    assert_eq!(fake.lines.take(), [r#"Warn: refused user="a\"b\nc" attempt=3 reason="no route" empty="""#]);
}

#[test]
fn what_the_proxy_does_not_want_is_not_formatted_and_its_level_is_asked_for_rarely() {
    let (fake, _installed) = fake(3);
    log::info!("{}", unreachable("formatted"));
    log::warn!("seen");
    assert!(!log::log_enabled!(log::Level::Info) && log::log_enabled!(log::Level::Error));
    assert_eq!((fake.lines.take(), fake.level_reads.get()), (vec!["Warn: seen".to_owned()], 1));
    fake.level.set(2);
    for _ in 0..REFRESH {
        log::info!("seen at last");
    }
    assert_eq!(fake.level_reads.get(), 2);
    assert!((1..=5).contains(&fake.lines.take().len()));
    fake.level.set(6);
    refresh();
    log::error!("{}", unreachable("formatted"));
    assert!(fake.lines.take().is_empty());
}

/// Fails when it is printed.
fn unreachable(what: &str) -> impl std::fmt::Display {
    struct Never(String);
    impl std::fmt::Display for Never {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("{}", self.0)
        }
    }
    Never(what.to_owned())
}

#[test]
fn a_proxy_that_does_not_tell_its_level_gets_everything() {
    install();
    let _refusing = crate::host::install(Rc::new(crate::host::Refusing(Status(200))));
    refresh();
    assert!(log::log_enabled!(log::Level::Trace));
}

#[test]
fn a_limited_statement_writes_once_in_its_period_and_counts() {
    let (fake, _installed) = fake(0);
    let say = |number: u32| log_every!(secs(10), Warn, "trouble {number}");
    for number in 0..3 {
        say(number);
    }
    fake.now_ms.set(9_999);
    say(3);
    log_every!(secs(10), Info, "another place");
    fake.now_ms.set(10_000);
    say(4);
    fake.now_ms.set(20_000);
    say(5);
    assert_eq!(
        fake.lines.take(),
        [
            "Warn: trouble 0",
            "Info: another place",
            "Warn: trouble 4 (and 3 times more since the last line)",
            "Warn: trouble 5"
        ]
    );
}

#[test]
fn plugins_on_one_thread_do_not_share_their_limits_and_levels() {
    let say = || log_every!(secs(10), Info, "hello");
    let (one, first) = fake(0);
    say();
    let (two, second) = fake(4);
    say();
    drop(second);
    say();
    drop(first);
    assert_eq!((one.lines.take().len(), two.lines.take().len()), (1, 0));
}

#[cfg(feature = "tracing")]
#[test]
fn tracing_events_are_lines_with_their_spans_in_front() {
    let (fake, _installed) = fake(1);
    let outer = tracing::info_span!("request", user = "anna b", id = tracing::field::Empty);
    outer.record("id", 7);
    let inner = outer.in_scope(|| tracing::info_span!("call"));
    drop(outer);
    inner.in_scope(|| tracing::warn!(status = 503, cause = ?Some(1), "no\nreply"));
    tracing::trace!("{}", unreachable("formatted"));
    drop(inner);
    tracing::info!(done = true);
    assert_eq!(
        fake.lines.take(),
        [r#"Warn: request{user="anna b" id=7}:call: no\nreply status=503 cause=Some(1)"#, "Info: done=true"]
    );
}
