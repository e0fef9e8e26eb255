//! Which lines of two texts differ.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// So many lines after the first difference are compared one by one.
const MAX_LINES: usize = 2_000;

/// A line of one text or of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Both have it.
    Both(&'a str),
    /// The first has it.
    One(&'a str),
    /// The second has it.
    Other(&'a str),
}

/// The lines of both texts from the beginning to the last one that is compared.
pub(crate) fn compare<'a>(one: &[&'a str], other: &[&'a str]) -> Vec<Line<'a>> {
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let mut lines: Vec<Line<'a>> = one.iter().take(start).map(|line| Line::Both(line)).collect();
    let rest =
        |text: &[&'a str]| -> Vec<&'a str> { text.iter().skip(start).take(MAX_LINES).copied().collect() };
    let (one, other) = (rest(one), rest(other));
    let part = |text: &[&'a str], at: usize, count: usize| -> Vec<&'a str> {
        text.iter().skip(at).take(count).copied().collect()
    };
    for op in capture_diff_slices(Algorithm::Myers, &one, &other) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                lines.extend(part(&one, old_index, len).into_iter().map(Line::Both));
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                lines.extend(part(&one, old_index, old_len).into_iter().map(Line::One));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                lines.extend(part(&other, new_index, new_len).into_iter().map(Line::Other));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                lines.extend(part(&one, old_index, old_len).into_iter().map(Line::One));
                lines.extend(part(&other, new_index, new_len).into_iter().map(Line::Other));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Line, compare};

    #[test]
    fn lines_in_the_middle_that_both_have_are_found() {
        let lines = compare(&["a", "b", "c", "d"], &["a", "x", "c", "y", "d"]);
        let expected = [
            Line::Both("a"),
            Line::One("b"),
            Line::Other("x"),
            Line::Both("c"),
            Line::Other("y"),
            Line::Both("d"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn long_texts_are_compared_in_part() {
        let (one, other) = (vec!["a"; 5_000], vec!["b"; 5_000]);
        assert_eq!(compare(&one, &other).len(), 4_000);
    }
}
