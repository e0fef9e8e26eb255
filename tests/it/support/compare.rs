//! Texts that a person compares: what is masked in them, and which lines differ.

/// Replaces dates, ids and durations, and nothing else.
pub(crate) fn mask(seen: &str) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some(("date", value)) if value.ends_with(" GMT") => "date: DATE".to_owned(),
        Some(("x-request-id", value)) if is_uuid(value) => "x-request-id: ID".to_owned(),
        Some(("x-envoy-upstream-service-time", value)) if value.parse::<u32>().is_ok() => {
            "x-envoy-upstream-service-time: DURATION".to_owned()
        }
        _ => line.to_owned(),
    };
    seen.lines().map(line).map(mask_quoted).collect::<Vec<_>>().join("\n")
}

/// The same in a list of pairs that a guest has logged.
fn mask_quoted(line: String) -> String {
    let names = [("'x-envoy-upstream-service-time'='", "DURATION"), ("'date'='", "DATE")];
    names.iter().fold(line, |line, (name, masked)| match line.split_once(name) {
        Some((before, after)) => {
            let rest = after.find('\'').map_or("", |end| &after[end..]);
            format!("{before}{name}{masked}{rest}")
        }
        None => line,
    })
}

fn is_uuid(value: &str) -> bool {
    let lengths: Vec<_> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && value.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

/// How many equal lines are shown before a difference.
const CONTEXT: usize = 3;

/// The lines that differ, marked by who showed them, with a few of those before them.
pub(crate) fn differing_lines(names: [&str; 2], one: &str, other: &str) -> String {
    let (one, other): (Vec<_>, Vec<_>) = (one.lines().collect(), other.lines().collect());
    // The length of the longest common subsequence of what follows each pair of places.
    let mut common = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            common[i][j] = if one[i] == other[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut told, mut equal, mut i, mut j) = (Vec::new(), Vec::new(), 0, 0);
    let mut tell = |name: &str, line: &str, equal: &mut Vec<&str>| {
        let short = |line: &str| line.chars().take(300).collect::<String>();
        let before = equal.drain(..).rev().take(CONTEXT).collect::<Vec<_>>();
        told.extend(before.iter().rev().map(|line| format!("        {}", short(line))));
        told.push(format!("  {name:<5} {}", short(line)));
    };
    while i < one.len() || j < other.len() {
        if i < one.len() && j < other.len() && one[i] == other[j] {
            equal.push(one[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == other.len() || i < one.len() && common[i + 1][j] >= common[i][j + 1] {
            tell(names[0], one[i], &mut equal);
            i += 1;
        } else {
            tell(names[1], other[j], &mut equal);
            j += 1;
        }
    }
    told.join("\n")
}

#[test]
fn only_dates_ids_and_durations_are_masked() {
    let seen = "date: Mon, 23 Nov 2026 02:17:55 GMT\nx-request-id: 2dc82d86-fcea-453b-bc8e-8b5b7d6f2a94\nx-request-id: mine\nx-date: 1";
    assert_eq!(mask(seen), "date: DATE\nx-request-id: ID\nx-request-id: mine\nx-date: 1");
}
