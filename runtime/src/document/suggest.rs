//! Finds the known name that somebody probably meant.

/// The help for an unknown `name`: the nearest of `known`, if one is near, and all of them.
#[must_use]
pub fn suggest(name: &str, known: &[&str]) -> String {
    let listed = known.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? known here: {listed}"),
        None if known.is_empty() => "no field is known here".to_owned(),
        None => format!("known here: {listed}"),
    }
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = 1 + name.chars().count().min(30) / 4;
    let ranked = known.iter().map(|field| (distance(name, field), *field));
    ranked
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, field)| field)
}

/// Insertions, deletions and replacements that turn `a` into `b`, letter case aside.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 100;
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.to_lowercase().chars().take(LONGEST).enumerate() {
        let mut next = vec![index + 1];
        let mut last = index + 1;
        for (right, above) in b.iter().zip(row.windows(2)) {
            let [diagonal, up] = above else { continue };
            last = (last + 1).min(up + 1).min(diagonal + usize::from(left != *right));
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
