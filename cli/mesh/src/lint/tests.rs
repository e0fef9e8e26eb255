//! Each rule with an example that it finds something in, and one that it does not.

mod cases;
mod docs;
mod facts;
mod fixes;

use super::*;
use facts::{good_module, image};

/// An example of a rule: what is given, and how many findings of the rule there are.
struct Case {
    rule: &'static str,
    text: String,
    /// Changes what is known beside the text.
    with: fn(&mut Facts),
    found: bool,
}

/// Facts of a text: its resources, and one image, `example.com/f:1`, with a module that nothing is wrong with.
fn facts_of(text: &str) -> Facts {
    let (resources, _) = Resource::parse_all("file.yaml", text).unwrap();
    let mut facts = Facts { targets: Facts::newest(), resources, ..Facts::default() };
    facts.others = Other::parse_all("file.yaml", text).unwrap();
    for reference in ["example.com/f:1", "example.com/f"] {
        facts.images.insert(reference.to_owned(), image());
    }
    facts
}

fn findings(case: &Case) -> Vec<Finding> {
    let mut facts = facts_of(&case.text);
    (case.with)(&mut facts);
    check(&facts)
}

#[test]
fn rules_find_what_is_wrong_and_leave_alone_what_is_right() {
    for case in cases::all() {
        let all = findings(&case);
        let of_rule: Vec<_> = all.iter().filter(|finding| finding.rule == case.rule).collect();
        assert_eq!(!of_rule.is_empty(), case.found, "{}:\n{}\n{all:#?}", case.rule, case.text);
    }
}

#[test]
fn each_rule_has_an_example_of_both() {
    let cases = cases::all();
    for rule in RULES {
        for found in [true, false] {
            let there = cases.iter().any(|case| case.rule == rule.id && case.found == found);
            assert!(
                there,
                "{} has no example where it finds {}",
                rule.id,
                if found { "something" } else { "nothing" }
            );
        }
    }
}

#[test]
fn each_explanation_names_who_does_what_and_what_to_do() {
    for rule in RULES {
        let who = ["Istio", "istiod", "Envoy", "agent"];
        assert!(who.iter().any(|who| rule.explanation.contains(who)), "{} names no proxy", rule.id);
        assert!(rule.explanation.len() > 200 && rule.explanation.trim().ends_with('.'), "{}", rule.id);
        assert!(!rule.evidence.is_empty() && !rule.title.is_empty(), "{}", rule.id);
        assert!(!rule.title.ends_with('.'), "{}", rule.id);
    }
    let ids: Vec<_> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    let expected: Vec<_> = (1..=24).map(|number| format!("L{number:02}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn each_finding_says_where_and_what_to_do() {
    for case in cases::all() {
        for finding in findings(&case) {
            assert!(finding.help.is_some() || finding.rule == CRD, "{finding:?}");
            assert!(finding.place.resource.is_none() || finding.place.line.is_some(), "{finding:?}");
            assert!(!finding.message.ends_with('.'), "{finding:?}");
        }
    }
}

#[test]
fn what_the_api_server_refuses_is_told_once() {
    let text = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: one}\n";
    let all = check(&facts_of(&format!("{text}spec: {{url: 'localhost:5000/f:1', phse: AUTHN}}\n")));
    let ids: Vec<_> = all.iter().map(|one| (one.rule, one.place.path.as_str())).collect();
    assert!(ids.contains(&("L05", "spec.url")) && ids.contains(&("crd", "spec.phse")), "{ids:?}");
    assert!(!ids.contains(&("crd", "spec.url")), "{ids:?}");
}

#[test]
fn an_image_that_cannot_be_fetched_is_an_error() {
    let mut facts = facts_of("");
    facts.images.clear();
    let refused = Some(Refusal::Fetch("not there".to_owned()));
    facts.images.insert("example.com/x".to_owned(), Image { refused, ..Image::default() });
    let all = check(&facts);
    assert!(matches!(&all[..], [one] if one.rule == FETCH && one.level == Level::Error), "{all:?}");
}

#[test]
fn a_good_module_has_no_findings() {
    let facts = Facts { targets: Facts::newest(), modules: vec![good_module()], ..Facts::default() };
    assert_eq!(check(&facts), []);
}
