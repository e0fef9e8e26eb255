//! The end of a timeline, as failures show it.

/// Most lines that are shown.
const MAX_LINES: usize = 120;

/// The last lines under a heading; nothing where nothing happened.
pub(crate) fn timeline(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let mut out = vec!["timeline:".to_owned()];
    let earlier = lines.len().saturating_sub(MAX_LINES);
    if earlier > 0 {
        out.push(format!("  ... {earlier} earlier events"));
    }
    out.extend(lines.into_iter().skip(earlier).map(|line| format!("  {line}")));
    out
}
