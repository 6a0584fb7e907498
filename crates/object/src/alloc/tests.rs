//! Tests of the parent module.

use std::{collections::HashSet, ptr::NonNull};

use super::*;

/// A reproducible sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

fn modes() -> [Mode; 4] {
    ["default", "debug", "malloc", "malloc_debug"].map(|name| Mode::from_name(name).unwrap())
}

#[test]
fn blocks_are_aligned_and_disjoint() {
    for mode in modes() {
        let heap = Heap::new(mode);
        let mut blocks = Vec::new();
        let rounds = if cfg!(miri) { 10 } else { 50 };
        for size in [0, 1, 15, 16, 17, 100, 511, 512, 513, 5000].repeat(rounds) {
            for block in [heap.alloc(size).unwrap(), heap.alloc_gc(size).unwrap()] {
                assert_eq!(block.as_ptr().addr() % GRANULE, 0);
                // SAFETY: the block has `size` bytes.
                unsafe { block.write_bytes(0xAB, size) };
                blocks.push((block.as_ptr().addr(), size, block));
            }
        }
        assert_eq!(heap.allocated_blocks(), 20 * rounds);
        blocks.sort_by_key(|&(start, _, _)| start);
        assert!(blocks.windows(2).all(|pair| pair[0].0 + pair[0].1.max(1) <= pair[1].0));
        for (_, _, block) in blocks {
            // SAFETY: each is freed once.
            unsafe { heap.free(block) };
        }
        assert_eq!(heap.allocated_blocks(), 0);
        assert_eq!(heap.large_blocks(), (0, 0));
    }
}

#[test]
fn freed_blocks_are_reused_first() {
    let heap = Heap::default();
    let first = heap.alloc(40).unwrap();
    // SAFETY: freed once.
    unsafe { heap.free(first) };
    assert_eq!(heap.alloc(48), Some(first));
}

#[test]
fn empty_arenas_go_back() {
    let heap = Heap::default();
    let count = if cfg!(miri) { 2_500 } else { 100_000 };
    let blocks: Vec<_> = (0..count).map(|_| heap.alloc(512).unwrap()).collect();
    let peak = heap.arena_statistics().committed;
    assert!(peak >= count * 512 / ARENA_SIZE);
    for block in blocks {
        // SAFETY: each is freed once.
        unsafe { heap.free(block) };
    }
    heap.trim();
    let statistics = heap.arena_statistics();
    assert!(statistics.committed <= 1, "{statistics:?}");
    assert_eq!(statistics.peak, peak);
    assert!(heap.class_statistics().is_empty());
    assert!(heap.report().contains("arenas allocated current"));
}

#[test]
fn random_use_keeps_contents() {
    for mode in modes() {
        let heap = Heap::new(mode);
        let mut numbers = Numbers(88172645463325252);
        let mut live: Vec<(NonNull<u8>, usize, u8)> = Vec::new();
        let check = |&(block, size, fill): &(NonNull<u8>, usize, u8)| {
            for at in [0, size / 2, size.saturating_sub(1)] {
                if at < size {
                    // SAFETY: inside a live block that was filled.
                    assert_eq!(unsafe { block.add(at).read() }, fill);
                }
            }
        };
        for step in 0..if cfg!(miri) { 500 } else { 100_000 } {
            let limit = if numbers.next(10) == 0 { 3000 } else { 600 };
            let size = numbers.next(limit);
            let fill = step as u8;
            match numbers.next(5) {
                0 | 1 => {
                    let gc = numbers.next(2) == 0;
                    let block = if gc { heap.alloc_gc(size) } else { heap.alloc(size) }.unwrap();
                    // SAFETY: the block has `size` bytes.
                    unsafe { block.write_bytes(fill, size) };
                    live.push((block, size, fill));
                }
                2 if !live.is_empty() => {
                    let index = numbers.next(live.len());
                    let (block, old, old_fill) = live[index];
                    check(&live[index]);
                    // SAFETY: the old block is not used again.
                    let block = unsafe { heap.realloc(block, size) }.unwrap();
                    check(&(block, old.min(size), old_fill));
                    // SAFETY: the block has `size` bytes.
                    unsafe { block.write_bytes(fill, size) };
                    live[index] = (block, size, fill);
                }
                _ if !live.is_empty() => {
                    let entry = live.swap_remove(numbers.next(live.len()));
                    check(&entry);
                    // SAFETY: freed once.
                    unsafe { heap.free(entry.0) };
                }
                _ => {}
            }
            if step % 1000 == 0 {
                heap.verify().unwrap();
            }
        }
        let addresses: HashSet<_> = live.iter().map(|(block, ..)| *block).collect();
        assert_eq!(addresses.len(), live.len());
        assert_eq!(heap.allocated_blocks(), live.len());
        for entry in live {
            check(&entry);
            // SAFETY: freed once.
            unsafe { heap.free(entry.0) };
        }
        heap.trim();
        assert_eq!(heap.allocated_blocks(), 0);
        assert!(heap.arena_statistics().committed <= 1);
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri ends when memory ends")]
fn absurd_sizes_fail() {
    for mode in modes() {
        let heap = Heap::new(mode);
        for size in [usize::MAX, usize::MAX - 15, isize::MAX as usize, 1 << 62] {
            assert_eq!(heap.alloc(size), None);
            assert_eq!(heap.alloc_gc(size), None);
            let block = heap.alloc(8).unwrap();
            // SAFETY: fails, so the block stays ours.
            assert_eq!(unsafe { heap.realloc(block, size) }, None);
            // SAFETY: freed once.
            unsafe { heap.free(block) };
        }
    }
}

#[test]
fn debug_mode_marks_new_and_freed_memory() {
    let heap = Heap::new(Mode { debug: true, ..Mode::default() });
    let block = heap.alloc(40).unwrap();
    // SAFETY: the block has 40 bytes, and 8 guard bytes before it.
    let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr().sub(8), 56) };
    assert_eq!(bytes[1..8], [0xFD; 7]);
    assert_eq!(bytes[8..48], [0xCD; 40]);
    assert_eq!(bytes[48..56], [0xFD; 8]);
}

#[test]
fn several_heaps_do_not_meet() {
    let heaps: Vec<_> = (0..4).map(|_| Heap::default()).collect();
    let blocks: Vec<_> = heaps.iter().map(|heap| heap.alloc(64).unwrap()).collect();
    for (heap, block) in heaps.iter().zip(&blocks) {
        assert!(heap.in_pools(block.as_ptr()));
        let owners = heaps.iter().filter(|heap| heap.in_pools(block.as_ptr()));
        assert_eq!(owners.count(), 1);
    }
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let heap = Heap::default();
    let rounds = 20_000_000;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        let block = std::hint::black_box(heap.alloc(32)).unwrap();
        // SAFETY: freed once.
        unsafe { heap.free(block) };
    }
    println!("alloc+free of one block: {:?}", start.elapsed() / rounds);
    let start = std::time::Instant::now();
    for _ in 0..100 {
        let blocks: Vec<_> = (0..100_000).map(|_| heap.alloc(48).unwrap()).collect();
        for block in blocks {
            // SAFETY: freed once.
            unsafe { heap.free(block) };
        }
    }
    println!("alloc+free of 100000 blocks: {:?} each", start.elapsed() / 10_000_000);
}
