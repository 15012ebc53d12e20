//! The bytes of one entry: mapped, or in memory where that is better.

use std::fs::File;
use std::io::Read as _;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;

/// Smaller entries are read: a map costs a system call, a page table entry and a page fault, and wastes half a page.
const MAP_FROM: u64 = 64 << 10;
/// Maps of this process at most. Linux allows 65 530 by default, and the allocator and thread stacks need some; what is
/// beyond is read into memory.
const MAPS: usize = 32_768;

static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// Bytes that do not change.
#[derive(Debug)]
pub(super) enum Bytes {
    Mapped(Map),
    Memory(Vec<u8>),
}

/// A map that is counted while it lives.
#[derive(Debug)]
pub(super) struct Map(Mmap);

impl Bytes {
    /// The content of `file`, which is `length` bytes long. None if it cannot be had.
    pub(super) fn of(file: &File, length: u64) -> Option<Bytes> {
        match Map::of(file, length) {
            Some(map) => Some(Bytes::Mapped(map)),
            None => read(file, length).map(Bytes::Memory),
        }
    }

    /// Whether they are pages of a file, which all processes share, and not this process's own memory.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self, Bytes::Mapped(_))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => &map.0,
            Bytes::Memory(bytes) => bytes,
        }
    }
}

impl Map {
    /// None if it had better be read.
    fn of(file: &File, length: u64) -> Option<Map> {
        if length < MAP_FROM || cfg!(not(target_pointer_width = "64")) {
            return None;
        }
        if MAPPED.fetch_add(1, Ordering::Relaxed) >= MAPS {
            MAPPED.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        #[expect(unsafe_code, reason = "a map of a file is shared by all processes, a copy is not")]
        // SAFETY: the bytes must not change while they are borrowed. Entries of the cache are written under another name,
        // renamed into place and unlinked, never written to or truncated once they have their name, by any version of this
        // program; an unlinked file lives on while it is mapped. Somebody else who truncates a file of the cache by hand
        // kills the process by a signal, as with every program that maps files; the values are verified before use.
        let map = unsafe { Mmap::map(file) };
        match map {
            Ok(map) => Some(Map(map)),
            Err(error) => {
                MAPPED.fetch_sub(1, Ordering::Relaxed);
                tracing::debug!(%error, "a cached entry cannot be mapped and is read instead");
                None
            }
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        MAPPED.fetch_sub(1, Ordering::Relaxed);
    }
}

fn read(file: &File, length: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).ok()?).ok()?;
    file.take(length).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == length).then_some(bytes)
}
