//! The clients of GrowthBook and Unleash, as their registries have them, decide as this filter does: id by id.
//!
//! `cargo xtask test` brings them and says where they are (`$PYTHON_CLIENTS`, `$NODE_CLIENTS`).

use ab_bucket::assign::{Algorithm, Assignment, Namespace};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many ids are compared in each experiment.
const IDS: usize = 100_000;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder for what is asked and answered.
fn folder() -> PathBuf {
    let folder = repository().join("target/ab-bucket-clients");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The packages that the variable names; a test without them is skipped, and says so.
fn packages(variable: &str) -> Option<OsString> {
    let packages = std::env::var_os(variable);
    if packages.is_none() {
        eprintln!("SKIPPED: no clients: set `${variable}` or run `cargo xtask test`");
    }
    packages
}

/// Ids of several kinds, the same in each run: numbers, UUIDs, addresses of mail, and whatever people are called.
fn ids() -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        // Xorshift, by Marsaglia.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let letters: Vec<char> = ('!'..='~').chain("äéñøßЖшקعह日本語한😀🚀".chars()).collect();
    let id = |number: usize| match number % 5 {
        0 => random().to_string(),
        1 => format!("{:016x}-{:016x}", random(), random()),
        2 => format!("user{}@mail{}.example", random() % 1_000_000, random() % 100),
        3 => number.to_string(),
        _ => {
            let length = 1 + random() % 40;
            (0..length).map(|_| letters[usize::try_from(random()).unwrap() % letters.len()]).collect()
        }
    };
    (0..IDS).map(id).collect()
}

/// What a client decides: for each experiment the variations of all ids.
fn ask(mut client: Command, name: &str, question: &Value) -> Vec<Vec<Option<usize>>> {
    let (asked, answered) =
        (folder().join(format!("{name}.question.json")), folder().join(format!("{name}.answer.json")));
    std::fs::write(&asked, question.to_string()).unwrap();
    client.stdin(File::open(&asked).unwrap()).stdout(File::create(&answered).unwrap()).stderr(Stdio::piped());
    let output = client.output().expect("the client starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&std::fs::read_to_string(&answered).unwrap()).unwrap()
}

/// Compares the decisions of a client with those of this filter.
fn compare(
    experiments: &[Value],
    ids: &[String],
    theirs: &[Vec<Option<usize>>],
    algorithm: impl Fn(&Value) -> Algorithm,
) {
    assert_eq!(theirs.len(), experiments.len());
    for (experiment, theirs) in experiments.iter().zip(theirs) {
        let weights: Vec<f64> = serde_json::from_value(experiment["weights"].clone()).unwrap();
        let seed = experiment["seed"].as_str().unwrap();
        let assignment = Assignment::weighted(algorithm(experiment), seed, &weights).unwrap();
        let coverage = experiment["coverage"].as_f64().unwrap();
        let namespace = experiment["namespace"].as_array().map(|part| {
            let [from, to] = [&part[1], &part[2]].map(|number| number.as_f64().unwrap());
            Namespace::new(part[0].as_str().unwrap(), [from, to]).unwrap()
        });
        assert_eq!(theirs.len(), ids.len());
        let mut inside = 0;
        for (id, theirs) in ids.iter().zip(theirs) {
            let may = namespace.as_ref().is_none_or(|namespace| namespace.contains(id));
            let ours = if may { assignment.variation(id, coverage) } else { None };
            assert_eq!(ours, *theirs, "{id} in {experiment}");
            inside += usize::from(ours.is_some());
        }
        assert!(inside > IDS / 100, "nobody is in {experiment}");
    }
}

#[test]
fn growthbook_decides_the_same() {
    let Some(packages) = packages("PYTHON_CLIENTS") else { return };
    let experiment = |version: u8, seed: &str, weights: &[f64], coverage: f64| json!({"key": "checkout", "hash_version": version, "seed": seed, "weights": weights, "coverage": coverage});
    let mut experiments = vec![
        experiment(1, "checkout", &[0.5, 0.5], 1.0),
        experiment(1, "été", &[0.1, 0.2, 0.7], 0.3),
        experiment(2, "checkout", &[0.5, 0.5], 1.0),
        experiment(2, "seed", &[0.1, 0.2, 0.7], 0.29),
        experiment(2, "thirds", &[0.33, 0.33, 0.33], 0.9),
        experiment(2, "part", &[0.4, 0.6], 1.0),
    ];
    experiments[5]["namespace"] = json!(["shop", 0.2, 0.7]);
    let ids = ids();
    let mut client = Command::new("python3");
    client.arg("-B").arg(repository().join("tests/fixtures/clients/growthbook_assign.py"));
    client.env("PYTHONPATH", packages);
    let theirs = ask(client, "growthbook", &json!({"ids": ids, "experiments": experiments}));
    compare(&experiments, &ids, &theirs, |experiment| match experiment["hash_version"].as_u64() {
        Some(1) => Algorithm::GrowthbookV1,
        _ => Algorithm::GrowthbookV2,
    });
}

#[test]
fn unleash_decides_the_same() {
    let Some(packages) = packages("NODE_CLIENTS") else { return };
    let experiment = |key: &str, weights: &[u32], coverage: f64| json!({"key": key, "seed": key, "weights": weights, "coverage": coverage});
    let experiments = vec![
        experiment("checkout", &[500, 500], 1.0),
        experiment("search", &[1, 99, 900], 0.29),
        experiment("été", &[333, 333, 334], 0.57),
        experiment("three", &[0, 1, 2], 0.5),
    ];
    // Packages are looked for beside the script.
    let script = folder().join("unleash_assign.mjs");
    std::fs::copy(repository().join("tests/fixtures/clients/unleash_assign.mjs"), &script).unwrap();
    let modules = folder().join("node_modules");
    // What an earlier run has left; there may be nothing.
    let _ = std::fs::remove_file(&modules);
    std::os::unix::fs::symlink(Path::new(&packages).join("node_modules"), &modules).unwrap();
    let ids = ids();
    let mut client = Command::new("node");
    client.arg(&script);
    let theirs = ask(client, "unleash", &json!({"ids": ids, "experiments": experiments}));
    compare(&experiments, &ids, &theirs, |_| Algorithm::Unleash);
}
