//! Values that are loaded again and again.

use super::*;
use crate::cache::{Refresh, Refreshed};

/// Flags that are good for ten minutes, loaded every minute.
struct Flags {
    flags: Refreshed<String>,
}

impl Filter for Flags {
    type Config = ();

    fn new((): (), setup: &mut Setup) -> Result<Self> {
        let refresh = Refresh::every(secs(60)).min_interval(secs(5)).max_age(secs(600));
        let flags = Refreshed::new(setup, refresh, async || {
            Ok(call::get(&bucket(), "/flags").timeout(secs(1)).send().await?.text()?.to_owned())
        });
        Ok(Self { flags })
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        let newer = request.headers().contains("x-newer");
        let flags = if newer { self.flags.refetch().await } else { self.flags.get().await };
        log::info!("flags {}", flags.map_or_else(|error| error.to_string(), |flags| flags.to_string()));
        next.run(request).await
    }
}

/// A proxy whose time passes, and whose loads are answered by the test.
struct World {
    run: Run,
    token: u32,
    stream: u32,
}

impl World {
    fn new() -> Self {
        Self { run: Run::new::<Flags>(), token: 0, stream: 2 }
    }

    /// Lets time pass, with a tick each half second; answers how many loads began.
    fn pass(&mut self, seconds: u64) -> usize {
        for _ in 0..seconds * 2 {
            self.run.fake.now_ms.set(self.run.fake.now_ms.get() + 500);
            self.run.plugin.tick(1);
        }
        self.loads()
    }

    fn loads(&self) -> usize {
        self.run.done().iter().filter(|done| done.starts_with("call ")).count()
    }

    fn answer(&mut self, status: &str, body: &str) {
        self.token += 4;
        self.run.answer(self.token, status, body);
    }

    /// Sends a request; answers whether it went on at once.
    fn ask(&mut self, newer: bool) -> bool {
        if self.stream > 2 {
            self.run.plugin.context_create(self.stream, 1);
        }
        let headers = if newer { vec![("x-newer", "1")] } else { vec![] };
        self.run.arrive(MapKind::RequestHeaders, &headers);
        let action = self.run.plugin.request_headers(self.stream, 1, true);
        self.stream += 1;
        action == Continue
    }

    fn lines(&self) -> String {
        self.run.lines().join("\n")
    }
}

const DOWN: (&str, &str) = ("503", "no healthy upstream");

#[test]
fn the_first_value_is_waited_for_and_later_ones_are_loaded_in_the_background() {
    let mut world = World::new();
    assert!(!world.ask(false) && !world.ask(false));
    assert_eq!(world.loads(), 1);
    assert_eq!(world.pass(1), 0, "the background joins the load that an exchange began");
    world.answer("200", "one");
    assert_eq!(world.lines(), "Info: flags one\nInfo: flags one");
    world.run.done();
    assert_eq!(world.pass(52), 0);
    assert_eq!(world.pass(15), 1, "the next one, up to a tenth earlier or later");
    assert!(world.ask(false), "nobody waits while it is loaded");
    world.answer("200", "two");
    assert!(world.ask(false));
    assert_eq!(world.lines(), "Info: flags one\nInfo: flags two");
}

#[test]
fn a_value_is_used_when_it_cannot_be_loaded_again_until_it_is_too_old() {
    let mut world = World::new();
    world.pass(1);
    world.answer("200", "old");
    let mut failed = 0;
    for _ in 0..590 {
        for _ in 0..world.pass(1) {
            world.answer(DOWN.0, DOWN.1);
            failed += 1;
        }
    }
    // After 60 s, then 5, 10, 20 and 40 s later, then each minute.
    assert!((11..=14).contains(&failed), "{failed}");
    let warning =
        "Warn: a value could not be refreshed: cluster `bucket` cannot be reached: no healthy upstream";
    assert!(world.lines().lines().all(|line| line == warning));
    assert!(world.ask(false));
    assert_eq!(world.lines(), "Info: flags old");
    let mut waited = 0;
    for _ in 0..20 {
        waited += usize::from(!world.ask(false));
        for _ in 0..world.pass(1) {
            world.answer(DOWN.0, DOWN.1);
        }
    }
    assert!(world.lines().contains("Info: flags cluster `bucket` cannot be reached"), "it is too old");
    assert!(waited <= 5, "between two tries nobody waits, and no try is made: {waited}");
}

#[test]
fn a_newer_value_is_loaded_when_it_is_asked_for_but_not_too_often() {
    let mut world = World::new();
    world.pass(1);
    world.answer("200", "one");
    world.run.done();
    assert!(world.ask(true), "the last load is too young");
    world.pass(5);
    assert!(!world.ask(true) && !world.ask(true));
    assert!(world.ask(false), "who does not need it does not wait for it");
    assert_eq!(world.loads(), 1);
    world.answer("200", "two");
    assert!(world.ask(true));
    assert_eq!(world.loads(), 0);
    assert_eq!(
        world.lines(),
        "Info: flags one\nInfo: flags one\nInfo: flags two\nInfo: flags two\nInfo: flags two"
    );
    assert_eq!(world.pass(53), 0, "the period counts from the last load");
    assert_eq!(world.pass(15), 1);
}
