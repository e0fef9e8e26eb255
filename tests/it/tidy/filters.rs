//! Rules about the filters for production: each has the same files, and stands in the table of all.

use super::{Tree, assert_caught, assert_kept};

/// What each folder in `filters/` has.
const FILES: [&str; 9] = [
    "Cargo.toml",
    "README.md",
    "config.schema.json",
    "examples/envoy-gateway.yaml",
    "examples/envoy.yaml",
    "examples/istio.yaml",
    "src/lib.rs",
    "tests/budget.test.yaml",
    "tests/scenarios.rs",
];

/// What each README tells about, beside what is the filter's own.
const CHAPTERS: [&str; 4] = ["## Configuration", "## Log", "## Metrics", "## Security"];

fn folders(tree: &Tree) -> Vec<&str> {
    let inside = tree.0.iter().filter_map(|file| file.path.strip_prefix("filters/"));
    let mut folders: Vec<_> = inside.filter_map(|rest| Some(rest.split_once('/')?.0)).collect();
    folders.dedup();
    folders
}

fn files(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders(tree) {
        let path = |file: &str| format!("filters/{folder}/{file}");
        let missing = FILES.iter().map(|file| path(file)).filter(|path| tree.get(path).is_empty());
        found.extend(missing.map(|path| format!("{path}: every filter has this file")));
    }
    found
}

fn documents(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let list = tree.get("filters/README.md");
    for folder in folders(tree) {
        if !list.contains(&format!("| [{folder}]({folder}) |")) {
            found.push(format!("filters/README.md: the table has no row for `{folder}`"));
        }
        let readme = format!("filters/{folder}/README.md");
        let text = tree.get(&readme);
        let missing = CHAPTERS.iter().filter(|chapter| !text.lines().any(|line| line == **chapter));
        found.extend(missing.map(|chapter| format!("{readme}: there is no chapter `{chapter}`")));
        let examples = FILES.iter().filter(|file| file.starts_with("examples/") || file.ends_with(".json"));
        let unnamed = examples.filter(|file| !text.contains(&format!("]({file})")));
        found.extend(unnamed.map(|file| format!("{readme}: there is no link to `{file}`")));
    }
    found
}

#[test]
fn every_filter_has_the_same_files() {
    let tree = Tree::of_repository();
    assert!(!folders(&tree).is_empty());
    assert_kept(&files(&tree));
    let whole = FILES.map(|file| (format!("filters/whole/{file}"), "x"));
    let mut broken: Vec<_> = whole.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let most = FILES.map(|file| format!("filters/most/{file}"));
    broken.extend(most.iter().filter(|path| !path.ends_with("istio.yaml")).map(|path| (path.as_str(), "x")));
    broken.push(("filters/README.md", "x"));
    assert_caught(&files(&Tree::of(&broken)), &["filters/most/examples/istio.yaml"]);
}

#[test]
fn every_filter_is_documented_as_the_others_are() {
    assert_kept(&documents(&Tree::of_repository()));
    let links = "[a](config.schema.json) [b](examples/envoy.yaml) [c](examples/istio.yaml)";
    let whole = format!("{links} [d](examples/envoy-gateway.yaml)\n{}", CHAPTERS.join("\n"));
    let part = format!("{links}\n## Configuration\n## Metrics and more\n## Log\n## Security\n");
    let broken = Tree::of(&[
        ("filters/README.md", "| filter |\n| [good](good) | does |\n| [part](part) | does |\n"),
        ("filters/good/README.md", &whole),
        ("filters/part/README.md", &part),
        ("filters/unlisted/README.md", &whole),
    ]);
    let caught = ["`## Metrics`", "`examples/envoy-gateway.yaml`", "no row for `unlisted`"];
    assert_caught(&documents(&broken), &caught);
}
