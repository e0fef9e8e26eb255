//! Numbers of bytes, such as `100` or `16KiB`.

use mesh_filter_runtime::document::{Node, Result};

/// The units by their powers of two, the smallest first.
const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

/// Reads a number, of bytes where it has a unit.
pub(crate) fn size(node: &Node) -> Result<u64> {
    let parsed = node.scalar().and_then(|(text, _)| {
        let unit = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
        let (digits, shift) = unit.unwrap_or((text, 0));
        let number: u64 = digits.trim_end().parse().ok()?;
        number.checked_mul(1 << shift)
    });
    parsed.ok_or_else(|| node.expected("a number such as `100` or `16KiB`"))
}

/// A number of bytes in its largest unit that has no fraction.
pub(crate) fn shown(bytes: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, shift)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

#[cfg(test)]
mod tests {
    use super::{shown, size};
    use mesh_filter_runtime::document::Document;

    #[test]
    fn numbers_have_units_or_not() {
        let read = |text: &str| size(Document::parse("x", text).unwrap().root());
        for (text, bytes) in [("0", 0), ("100", 100), ("16KiB", 16384), ("2 MiB", 2 << 20), ("4GiB", 4 << 30)]
        {
            assert_eq!(read(text).unwrap(), bytes, "{text}");
        }
        for text in ["-1", "1.5MiB", "KiB", "1kb", "99999999999GiB", "many"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_their_largest_whole_unit() {
        let cases = [(0, "0"), (100, "100"), (1024, "1KiB"), (1 << 20, "1MiB"), ((1 << 20) + 1, "1048577")];
        for (bytes, text) in cases {
            assert_eq!(shown(bytes), text);
        }
    }
}
