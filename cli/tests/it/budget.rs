//! Budgets: what modules may cost, and which of them cost more.

use crate::folder::Folder;
use crate::module;

/// The text of the run, for the only case with this step.
fn play(folder: &Folder, step: &str) -> String {
    let file = format!("version: 1\nfilter: a.wasm\nscenarios:\n  - name: a\n    steps:\n      - {step}\n");
    folder.write("a.wasm", module::counting(10)).write("a.test.yaml", file);
    let output = folder.command("").args(["test", "a.test.yaml"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_budget_that_is_kept_passes() {
    let folder = Folder::new("budget-kept");
    for step in [
        "{soak: 14, request: {}, expect: {budget: {fuel: {max: 200}, hostcalls: 2, memory: {max: 192KiB}, heap_growth: 0}}}",
        "{soak: {exchanges: 4, warm_up: 0}, request: {}, expect: {budget: {heap_growth: 0, memory: 64KiB}}}",
        "{soak: 15, request: {}, expect: {budget: {heap_growth: 64KiB, memory: 256KiB}}}",
        "{request: {}, expect: {budget: {hostcalls: 2, module_size: {max: 1KiB}}}}",
        "{advance: 1s, expect: {budget: {fuel: 0, hostcalls: 0, memory: {max: 64KiB}}}}",
    ] {
        let text = play(&folder, step);
        assert!(text.contains("1 passed, 0 failed"), "{step}\n{text}");
    }
}

#[test]
fn a_budget_that_is_overrun_fails_with_the_exchange_that_costs_most() {
    let folder = Folder::new("budget-overrun");
    for (step, expected) in [
        (
            "{request: {}, expect: {budget: {hostcalls: {max: 1}}}}",
            "a.test.yaml:6:52: hostcalls of an exchange: expected at most 1, got 2\n",
        ),
        (
            "{soak: 20, request: {}, expect: {budget: {hostcalls: 3}}}",
            "hostcalls of an exchange: expected 3, got 2 where `i` is 10; so in 10 of 10 exchanges\n",
        ),
        (
            "{soak: 10000, request: {}, expect: {budget: {heap_growth: 0}}}",
            ":6:67: heap growth: expected 0, got 127872KiB: from 192KiB to 128064KiB\n",
        ),
        (
            "{repeat: 10, request: {}, expect: {budget: {memory: {max: 100000}}}}",
            "memory: expected at most 100000, got 192KiB\n",
        ),
        (
            "{request: {}, expect: {budget: {module_size: {max: 100}}}}",
            "module size: expected at most 100, got ",
        ),
        (
            "{soak: 20, request: {}, expect: {budget: {fuel: {max: 100}}}}",
            "fuel of an exchange: expected at most 100, got ",
        ),
    ] {
        let text = play(&folder, step);
        assert!(text.contains(expected) && text.contains("0 passed, 1 failed"), "{step}\n{text}");
    }
    // The requests that let memory grow cost a few instructions more.
    let text = play(&folder, "{soak: 20, request: {}, expect: {budget: {fuel: {max: 100}}}}");
    assert!(text.contains(" where `i` is 14; so in 2 of 10 exchanges"), "{text}");
}

#[test]
fn reports_with_costs_are_the_same_bytes() {
    let folder = Folder::new("budget-same");
    let step = "{soak: 50, request: {}, expect: {budget: {fuel: 1, memory: 1}}}";
    assert_eq!(play(&folder, step), play(&folder, step));
}
