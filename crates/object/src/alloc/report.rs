//! The report of `sys._debugmallocstats()`, in CPython's words.

use std::fmt::Write as _;

use super::{
    ARENA_SIZE, CLASSES, ClassStatistics, Domain, GRANULE, Heap, POOL_SIZE, Pool, SMALL_MAX,
};

const HEAD: &str = "\
class   size   num pools   blocks in use  avail blocks
-----   ----   ---------   -------------  ------------
";

impl Heap {
    /// The report of `sys._debugmallocstats()`: blocks by size class, then where
    /// the bytes of the arenas are. Objects that the collector may track have
    /// pools of their own; a row counts both kinds.
    pub fn report(&self) -> String {
        let classes = self.class_statistics();
        let mut text = format!(
            "Small block threshold = {SMALL_MAX}, in {} size classes.\n\n{HEAD}",
            CLASSES - 1
        );
        for class in 1..CLASSES {
            let of_class = |row: &&ClassStatistics| row.block_size == class * GRANULE;
            let sum = |what: fn(&ClassStatistics) -> usize| {
                classes.iter().filter(of_class).map(what).sum::<usize>()
            };
            let pools = sum(|row| row.pools);
            if pools != 0 {
                let _ = writeln!(
                    text,
                    "{class:5} {:6} {pools:11} {:15} {:13}",
                    class * GRANULE,
                    sum(|row| row.used),
                    sum(|row| row.free)
                );
            }
        }
        self.report_arenas(&classes, &mut text);
        report_free_lists(&mut text);
        text
    }

    fn report_arenas(&self, classes: &[ClassStatistics], text: &mut String) {
        let arenas = self.arena_statistics();
        let total = arenas.committed * ARENA_SIZE;
        let used: usize = classes.iter().map(|row| row.used * row.block_size).sum();
        let free: usize = classes.iter().map(|row| row.free * row.block_size).sum();
        let headers: usize = classes.iter().map(|row| row.pools * head_size(row)).sum();
        let unused = arenas.free_pools * POOL_SIZE;
        let lost = total.saturating_sub(used + free + headers + unused);
        let (blocks, bytes) = self.large_blocks();
        let groups: [&[(String, usize)]; 3] = [
            &[
                ("# arenas allocated total".to_owned(), arenas.commits),
                ("# arenas reclaimed".to_owned(), arenas.commits - arenas.committed),
                ("# arenas highwater mark".to_owned(), arenas.peak),
                ("# arenas allocated current".to_owned(), arenas.committed),
                (format!("{} arenas * {ARENA_SIZE} bytes/arena", arenas.committed), total),
            ],
            &[
                ("# bytes in allocated blocks".to_owned(), used),
                ("# bytes in available blocks".to_owned(), free),
                (format!("{} unused pools * {POOL_SIZE} bytes", arenas.free_pools), unused),
                ("# bytes lost to pool headers".to_owned(), headers),
                ("# bytes lost to quantization".to_owned(), lost),
                ("Total".to_owned(), total),
            ],
            &[
                ("# blocks outside of arenas".to_owned(), blocks),
                ("# bytes in blocks outside of arenas".to_owned(), bytes),
            ],
        ];
        for group in groups {
            text.push('\n');
            for (name, value) in group {
                let _ = writeln!(text, "{name:<35}={:>21}", grouped(*value));
            }
        }
    }
}

/// The lists of free objects, one for each type that has one in CPython. Here a
/// free object is a free block of its pool, so they are empty.
fn report_free_lists(text: &mut String) {
    text.push('\n');
    let types = [
        ("PyDictObjects", size_of::<abi::PyDictObject>()),
        ("PyFloatObjects", size_of::<abi::PyFloatObject>()),
        ("PyListObjects", size_of::<abi::PyListObject>()),
    ];
    for (name, size) in types {
        let what = format!("0 free {name} * {size} bytes each");
        let _ = writeln!(text, "{what:>48} = {:>20}", 0);
    }
}

fn head_size(row: &ClassStatistics) -> usize {
    Pool::start(if row.gc { Domain::Gc } else { Domain::Raw })
}

/// A number with a comma between groups of three digits.
fn grouped(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::Mode;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (value, text) in cases {
            assert_eq!(grouped(value), text);
        }
    }

    #[test]
    fn the_bytes_of_the_arenas_add_up() {
        let heap = Heap::new(Mode::default());
        let block = heap.alloc(40);
        let report = heap.report();
        assert!(report.contains("    3     48           1               1"), "{report}");
        assert!(report.contains("1 arenas * 1048576 bytes/arena"), "{report}");
        if let Some(block) = block {
            // SAFETY: allocated above.
            unsafe { heap.free(block) };
        }
    }
}
