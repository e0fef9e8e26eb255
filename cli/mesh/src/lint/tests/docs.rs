//! `docs/lints.md` is the table of rules.

use std::fmt::Write;

use super::super::RULES;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lints.md");

const HEAD: &str = "\
# The rules of `check`

`cargo mesh-filter check` finds what proxies, their agents and control planes would refuse, ignore or do differently than
meant: in modules, in images, and in resources of Istio and Envoy Gateway. The command's help tells how; this page is what
`--explain ID` shows. Ids do not change. A level is that of most findings: some are less.

Two ids stand for no rule: `crd` is what the API server refuses, by the definition of a resource's kind (structure, unknown
fields, rules in CEL), and `fetch` is an image that cannot be fetched.

What is said of proxies was read in their sources; nothing here was run against a live control plane.

| id | level | what it finds |
|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for rule in RULES {
        writeln!(
            page,
            "| [{0}](#{1}) | {2} | {3} |",
            rule.id,
            rule.id.to_lowercase(),
            rule.level,
            rule.title
        )
        .unwrap();
    }
    for rule in RULES {
        write!(
            page,
            "\n## {}\n\n{}.\n\n{}\n\nSee {}.\n",
            rule.id,
            capital(rule.title),
            rule.explanation,
            rule.evidence.join(", ")
        )
        .unwrap();
    }
    page
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + letters.as_str())
}

#[test]
fn the_page_of_rules_is_the_table_of_rules() {
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(FILE, page()).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == page(),
        "docs/lints.md differs from the rules: SNAPSHOTS=overwrite cargo test -p mesh-filter-mesh"
    );
}
