//! Keeps memory small: few heaps, and what only the start or a burst of work needed is given back;
//! while there is much to read also what of the program was needed for a moment.
//!
//! To read the configuration and the rules touches a third of the program once. The system maps
//! sixteen pages for each that is touched, so that most of the program counts as ours from then
//! on: 13 of 28 MiB. What is given back is the file's own, and is mapped again where it is used.

use std::time::{Duration, Instant};

/// How long nothing must have been read until we take it that nothing will be for a while.
const REST: Duration = Duration::from_secs(10);

/// How long there must have been more to read, without a pause, until pages of the program are
/// given back. To map those in use again takes less than a millisecond, which a line that comes
/// alone does not have.
const STINT: Duration = Duration::from_millis(500);

/// Whether there is something to give back.
#[derive(Debug)]
pub(super) struct Footprint {
    /// When something was read last, until what that needed is given back.
    worked: Option<Instant>,
    /// When pages of the program were given back last, or nothing was to be read.
    mapped: Instant,
}

impl Footprint {
    /// That of a start.
    pub(super) fn new() -> Self {
        Self { worked: Some(Instant::now()), mapped: Instant::now() }
    }

    /// Whether nothing was read for a while.
    pub(super) fn is_at_rest(&self) -> bool {
        self.worked.is_none()
    }

    /// Gives back what a burst of work needed, once, when it is over for a while, and while it
    /// lasts from time to time what of the program it no longer needs.
    pub(super) fn shrink(&mut self, busy: bool) {
        let now = Instant::now();
        if !busy {
            self.mapped = now;
            if self.worked.is_some_and(|it| now - it >= REST) {
                self.worked = None;
                give_back();
            }
            return;
        }
        self.worked = Some(now);
        if now - self.mapped >= STINT {
            self.mapped = now;
            give_back_program();
        }
    }
}

/// How many heaps the threads share; to be said before they are started. glibc gives each its
/// own by default, so that what the catalogue took while it was read is not there for the
/// engine: 4 of 40 MiB. Threads that allocate at the same time wait for each other on one heap.
pub(crate) fn heaps(count: u8) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "sets a number of the allocator")]
    // SAFETY: `mallopt` takes any number, and locks what it changes.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, count.into());
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = count;
}

/// Gives back pages of the program, and of the heap what is free of it.
pub(super) fn give_back() {
    give_back_program();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "asks something of the allocator")]
    // SAFETY: `malloc_trim` may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Gives back pages of the program; those in use are mapped again.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[expect(unsafe_code, reason = "only the system knows which pages are mapped")]
fn give_back_program() {
    // SAFETY: `give_back_segments` keeps to what it is given, and is called before this returns.
    unsafe {
        libc::dl_iterate_phdr(Some(give_back_segments), std::ptr::null_mut());
    }
}

/// Nothing of the kind is known of other systems.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")))]
fn give_back_program() {}

/// Called for the program first; the libraries behind it are left as they are.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[expect(unsafe_code, reason = "the headers are read where the loader put them")]
unsafe extern "C" fn give_back_segments(
    it: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: the loader gives a header that is whole, with as many segments as it says.
    let (base, segments) = unsafe {
        let it = &*it;
        (it.dlpi_addr, std::slice::from_raw_parts(it.dlpi_phdr, usize::from(it.dlpi_phnum)))
    };
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Some(page) = u64::try_from(page).ok().filter(|it| it.is_power_of_two()) else { return 1 };
    // What can be written holds what the loader has put there, and is not in the file.
    let plain = |it: &&libc::Elf64_Phdr| it.p_type == libc::PT_LOAD && it.p_flags & libc::PF_W == 0;
    for it in segments.iter().filter(plain) {
        let (begin, end) = (base + it.p_vaddr, base + it.p_vaddr + it.p_memsz);
        let (begin, end) = (begin.next_multiple_of(page), end - end % page);
        if let (Ok(begin), Ok(len)) = (usize::try_from(begin), end.saturating_sub(begin).try_into())
        {
            // SAFETY: these pages are mapped from the program's file and cannot be written, so
            // they are read from it again with what they hold now.
            unsafe {
                libc::madvise(std::ptr::without_provenance_mut(begin), len, libc::MADV_DONTNEED)
            };
        }
    }
    1
}
