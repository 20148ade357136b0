//! libFuzzer around the functions of `bascule::fuzzing`: one binary for all of them, as linking
//! one for each would take longer than most of them need to find something.
//!
//! `BASCULE_TARGET` names the function; without it, the list is printed. Beside what libFuzzer
//! does, the memory that an input takes is bounded, and the slowest and the greediest are told.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use bascule::fuzzing::{TARGETS, Target};

/// An input that takes more memory than this is a finding.
const MOST: usize = 256 << 20;

static TARGET: OnceLock<Target> = OnceLock::new();
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static SLOWEST: AtomicUsize = AtomicUsize::new(0);
static GREEDIEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static HEAP: Counting = Counting;

struct Counting;

impl Counting {
    fn grow(by: usize) {
        let live = LIVE.fetch_add(by, Relaxed).wrapping_add(by);
        PEAK.fetch_max(live, Relaxed);
        if by > MOST {
            // Ends in libFuzzer's own handler, which keeps the input.
            std::process::abort();
        }
    }
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::grow(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

unsafe extern "C" {
    fn atexit(tell: extern "C" fn()) -> i32;
}

extern "C" fn tell() {
    eprintln!("stat::slowest_microseconds: {}", SLOWEST.load(Relaxed));
    eprintln!("stat::most_heap_bytes: {}", GREEDIEST.load(Relaxed));
}

fn begin() {
    let name = std::env::var("BASCULE_TARGET").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        for target in TARGETS {
            println!("{} {}", target.name, target.longest);
        }
        std::process::exit(0);
    };
    TARGET.get_or_init(|| *target);
    // SAFETY: `tell` only reads numbers and prints them.
    unsafe { atexit(tell) };
}

libfuzzer_sys::fuzz_target!(init: begin(), |bytes: &[u8]| {
    let Some(target) = TARGET.get() else { return };
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let start = Instant::now();
    (target.read)(bytes);
    let took = usize::try_from(start.elapsed().as_micros()).unwrap_or(usize::MAX);
    let heap = PEAK.load(Relaxed).saturating_sub(before);
    assert!(heap <= MOST, "{heap} bytes of memory for {} bytes", bytes.len());
    GREEDIEST.fetch_max(heap, Relaxed);
    if took > SLOWEST.fetch_max(took, Relaxed) && took > 20_000 {
        // The one to look at when something takes long.
        let _ = std::fs::write(format!("found/{}.slowest", target.name), bytes);
    }
});
