//! Several futures of one exchange at once.

use super::*;

#[test]
fn joined_calls_are_under_way_at_once_and_answer_in_order() {
    filter!(Both, |request, next| {
        let ask = |path: &str| call::get(&bucket(), path).send();
        let sleep = async {
            task::sleep(millis(5)).await;
            "slept"
        };
        let (a, slept, b) = task::join((ask("/a"), sleep, ask("/b"))).await;
        log::info!("{} {slept} {}", a?.text()?, b?.text()?);
        next.run(request).await
    });
    let mut run = Run::new::<Both>();
    assert_eq!(run.request(&GET, true), Pause);
    let calls = ["call bucket GET /a bucket 5000", "call bucket GET /b bucket 5000", "tick 5"];
    assert_eq!(run.done(), calls);
    run.answer(8, "200", "second");
    run.answer(4, "200", "first");
    assert!(run.lines().is_empty());
    run.fake.now_ms.set(5);
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Info: first slept second"]);
}

#[test]
fn any_number_of_calls_can_be_joined_and_one_that_cannot_be_made_is_among_the_answers() {
    filter!(All, |request, next| {
        let asked = ["/1", "bad", "/2"].map(|path| call::get(&bucket(), path).send());
        let replies = task::join_all(asked).await;
        log::info!("{:?}", replies.iter().map(|reply| reply.as_ref().ok()?.text().ok()).collect::<Vec<_>>());
        assert!(task::join_all(Vec::<task::Sleep>::new()).await.is_empty());
        next.run(request).await
    });
    let mut run = Run::new::<All>();
    run.request(&GET, true);
    run.answer(8, "200", "two");
    run.answer(4, "200", "one");
    assert_eq!(run.lines(), [r#"Info: [Some("one"), None, Some("two")]"#]);
}

#[test]
fn the_loser_of_a_race_is_forgotten() {
    filter!(Hedge, |request, next| {
        let hedged = async {
            task::sleep(millis(50)).await;
            call::get(&bucket(), "/far").send().await
        };
        let reply = task::race(call::get(&bucket(), "/near").send(), hedged).await?;
        log::info!("{}", reply.text()?);
        next.run(request).await
    });
    let mut run = Run::new::<Hedge>();
    assert_eq!(run.request(&GET, true), Pause);
    assert_eq!(run.done(), ["call bucket GET /near bucket 5000", "tick 50"]);
    run.fake.now_ms.set(50);
    run.plugin.tick(1);
    assert_eq!(run.done(), ["effective 2", "call bucket GET /far bucket 5000", "tick 0"]);
    run.answer(8, "200", "from afar");
    assert_eq!(run.lines(), ["Info: from afar"]);
    assert_eq!(run.done(), ["effective 2", "continue Request"]);
    run.answer(4, "200", "late");
    assert_eq!(run.done(), [""; 0]);
}

#[test]
fn what_takes_longer_than_its_limit_is_dropped() {
    filter!(Limited, |request, next| {
        let asked = call::get(&bucket(), "/").send();
        match task::timeout(millis(20), asked).await {
            Ok(reply) => log::info!("{}", reply?.text()?),
            Err(elapsed) => log::info!("{elapsed}"),
        }
        next.run(request).await
    });
    let mut run = Run::new::<Limited>();
    run.request(&GET, true);
    run.fake.now_ms.set(20);
    run.plugin.tick(1);
    assert_eq!(run.lines(), ["Info: it did not end within 20ms"]);
    let mut run = Run::new::<Limited>();
    run.request(&GET, true);
    run.answer(4, "200", "in time");
    assert_eq!(run.lines(), ["Info: in time"]);
}
