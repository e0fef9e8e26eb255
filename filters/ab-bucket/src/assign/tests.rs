//! Published values of the clients, and what holds for all ids.

use super::*;

/// The places of `growthbook_v1` and `growthbook_v2` by the test cases that all clients of GrowthBook share (`hash`).
const PLACES: [(&str, &str, Algorithm, f64); 14] = [
    ("", "a", Algorithm::GrowthbookV1, 0.22),
    ("", "b", Algorithm::GrowthbookV1, 0.077),
    ("b", "a", Algorithm::GrowthbookV1, 0.946),
    ("ef", "d", Algorithm::GrowthbookV1, 0.652),
    ("asdf", "8952klfjas09ujk", Algorithm::GrowthbookV1, 0.549),
    ("", "123", Algorithm::GrowthbookV1, 0.011),
    ("", "___)((*\":&", Algorithm::GrowthbookV1, 0.563),
    ("seed", "a", Algorithm::GrowthbookV2, 0.0505),
    ("seed", "b", Algorithm::GrowthbookV2, 0.2696),
    ("foo", "ab", Algorithm::GrowthbookV2, 0.2575),
    ("foo", "def", Algorithm::GrowthbookV2, 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", Algorithm::GrowthbookV2, 0.124),
    ("90850943850283058242805", "123", Algorithm::GrowthbookV2, 0.7516),
    ("()**(%$##$%#$#", "___)((*\":&", Algorithm::GrowthbookV2, 0.0128),
];

const ALGORITHMS: [(Algorithm, [f64; 3]); 3] = [
    (Algorithm::GrowthbookV1, [0.5, 0.3, 0.2]),
    (Algorithm::GrowthbookV2, [0.5, 0.3, 0.2]),
    (Algorithm::Unleash, [500.0, 300.0, 200.0]),
];

fn ids(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("user-{number}"))
}

/// How far counts are from what is expected: Pearson's statistic.
fn deviation(counts: &[f64], expected: &[f64]) -> f64 {
    counts.iter().zip(expected).map(|(count, expected)| (count - expected).powi(2) / expected).sum()
}

#[test]
fn growthbooks_places_are_those_of_its_clients() {
    for (seed, id, algorithm, expected) in PLACES {
        assert_eq!(place(algorithm, seed, id), expected, "{seed} {id}");
    }
}

#[test]
fn growthbooks_ranges_are_those_of_its_clients() {
    // `getBucketRange` of the shared test cases, and `chooseVariation` by them.
    let weights = |weights: &[f64]| Assignment::weighted(Algorithm::GrowthbookV2, "s", weights).unwrap();
    let Parts::Shares(shares) = weights(&[0.2, 0.3, 0.5]).parts else { panic!("no shares") };
    let at =
        |coverage: f64| shares.iter().map(|(start, length)| (*start, start + coverage * length)).collect();
    let full: Vec<_> = at(1.0);
    assert_eq!(full, [(0.0, 0.2), (0.2, 0.5), (0.5, 1.0)]);
    let part: Vec<_> = at(0.2);
    assert_eq!(part, [(0.0, 0.04 + f64::EPSILON / 32.0), (0.2, 0.26), (0.5, 0.6)]);
    let Parts::Shares(equal) = Assignment::equal(Algorithm::GrowthbookV1, "s", 4).unwrap().parts else {
        panic!()
    };
    assert_eq!(equal, [(0.0, 0.25), (0.25, 0.25), (0.5, 0.25), (0.75, 0.25)]);
}

#[test]
fn growthbooks_namespaces_are_those_of_its_clients() {
    for (id, first, second) in
        [("1", false, false), ("2", false, false), ("3", false, true), ("4", false, true), ("5", true, true)]
    {
        for (name, expected) in [("namespace1", first), ("namespace2", second)] {
            assert_eq!(Namespace::new(name, [0.0, 0.4]).unwrap().contains(id), expected, "{name} {id}");
            assert_eq!(Namespace::new(name, [0.4, 1.0]).unwrap().contains(id), !expected, "{name} {id}");
        }
    }
}

#[test]
fn unleashs_places_are_those_of_its_clients() {
    assert_eq!(unleash("gr1", "123", 0, 100.0), 73.0);
    assert_eq!(unleash("groupX", "999", 0, 100.0), 25.0);
    assert_eq!(unleash("gr1", "123", UNLEASH_VARIANTS, 100.0), 96.0);
    assert_eq!(unleash("groupX", "999", UNLEASH_VARIANTS, 100.0), 60.0);
    // A rollout of 73 percent has the id, one of 72 does not.
    let all = Assignment::weighted(Algorithm::Unleash, "gr1", &[1000.0]).unwrap();
    assert_eq!((all.variation("123", 0.73), all.variation("123", 0.72)), (Some(0), None));
    assert_eq!(all.variation("123", 0.0), None);
}

#[test]
fn every_percentage_is_met_exactly() {
    let all = Assignment::weighted(Algorithm::Unleash, "g", &[1.0]).unwrap();
    for percent in 0..=100 {
        let at = |id: &String| unleash("g", id, 0, 100.0);
        for id in ids(300) {
            let inside = all.variation(&id, f64::from(percent) / 100.0).is_some();
            assert_eq!(inside, at(&id) <= f64::from(percent), "{percent} {id}");
        }
    }
}

#[test]
fn a_coverage_that_changes_moves_nobody_between_variations() {
    for (algorithm, weights) in ALGORITHMS {
        let assignment = Assignment::weighted(algorithm, "ramp", &weights).unwrap();
        for id in ids(5_000) {
            let mut before = None;
            for step in 0..=20 {
                let now = assignment.variation(&id, f64::from(step) / 20.0);
                assert!(before.is_none() || before == now, "{algorithm:?} {id} at {step}");
                before = now;
            }
            assert!(before.is_some(), "{algorithm:?} {id} is in at full coverage");
        }
    }
}

#[test]
fn shares_are_as_the_weights_say() {
    const IDS: u32 = 200_000;
    for (algorithm, weights) in ALGORITHMS {
        let assignment = Assignment::weighted(algorithm, "shares", &weights).unwrap();
        let mut counts = [0.0; 3];
        for id in ids(IDS) {
            counts[assignment.variation(&id, 1.0).unwrap()] += 1.0;
        }
        let expected = [0.5, 0.3, 0.2].map(|share| share * f64::from(IDS));
        // Two degrees of freedom: chance alone is further away once in a thousand times.
        assert!(deviation(&counts, &expected) < 13.816, "{algorithm:?} {counts:?}");
    }
}

#[test]
fn experiments_do_not_know_of_each_other() {
    const IDS: u32 = 200_000;
    for algorithm in [Algorithm::GrowthbookV2, Algorithm::Unleash] {
        let one = Assignment::weighted(algorithm, "checkout", &[500.0, 500.0]).unwrap();
        let other = Assignment::weighted(algorithm, "search", &[500.0, 500.0]).unwrap();
        let mut counts = [0.0; 4];
        for id in ids(IDS) {
            counts[one.variation(&id, 1.0).unwrap() * 2 + other.variation(&id, 1.0).unwrap()] += 1.0;
        }
        // Three degrees of freedom, once in a thousand times.
        assert!(deviation(&counts, &[f64::from(IDS) / 4.0; 4]) < 16.266, "{algorithm:?} {counts:?}");
    }
}

#[test]
fn parts_of_a_namespace_have_nobody_in_common_and_everybody_together() {
    let [first, second] = [[0.0, 0.3], [0.3, 1.0]].map(|range| Namespace::new("checkout", range).unwrap());
    for id in ids(20_000) {
        assert!(first.contains(&id) != second.contains(&id), "{id}");
    }
}

#[test]
fn what_is_missing_to_one_is_in_no_variation() {
    let assignment = Assignment::weighted(Algorithm::GrowthbookV2, "s", &[0.1, 0.1]).unwrap();
    let inside = ids(10_000).filter(|id| assignment.variation(id, 1.0).is_some()).count();
    assert!((1_850..2_150).contains(&inside), "{inside}");
    let ranged = Assignment::ranged(Algorithm::GrowthbookV2, "s", &[[0.0, 0.1], [0.1, 0.2]]).unwrap();
    assert!(ids(10_000).all(|id| ranged.variation(&id, 0.0) == assignment.variation(&id, 1.0)));
}

#[test]
fn whole_numbers_are_in_relation_to_each_other() {
    let percent = Assignment::weighted(Algorithm::GrowthbookV2, "s", &[90.0, 10.0]).unwrap();
    let parts = Assignment::weighted(Algorithm::GrowthbookV2, "s", &[0.9, 0.1]).unwrap();
    assert!(ids(10_000).all(|id| percent.variation(&id, 1.0) == parts.variation(&id, 1.0)));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (algorithm, weights) in [
        (Algorithm::GrowthbookV2, &[][..]),
        (Algorithm::GrowthbookV2, &[0.0, 0.0]),
        (Algorithm::GrowthbookV2, &[1.2, -0.2]),
        (Algorithm::GrowthbookV2, &[0.9, 0.2]),
        (Algorithm::GrowthbookV2, &[f64::NAN]),
        (Algorithm::Unleash, &[0.5, 0.5]),
        (Algorithm::Unleash, &[2_000_000.0]),
    ] {
        assert!(Assignment::weighted(algorithm, "s", weights).is_err(), "{algorithm:?} {weights:?}");
    }
    for ranges in [&[[0.5, 0.5]][..], &[[0.5, 1.5]], &[[-0.1, 0.5]], &[[0.0, 0.5], [0.4, 0.6]]] {
        assert!(Assignment::ranged(Algorithm::GrowthbookV2, "s", ranges).is_err(), "{ranges:?}");
    }
    assert!(Assignment::equal(Algorithm::Unleash, "s", 2).is_err());
    assert!(Namespace::new("n", [0.5, 0.4]).is_err());
}
