//! What the standard library does not tell of an open file on Windows.

use std::fs::File;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Storage::FileSystem::FILE_STANDARD_INFO;
use windows_sys::Win32::Storage::FileSystem::FileStandardInfo;
use windows_sys::Win32::Storage::FileSystem::GetFileInformationByHandleEx;

/// Whether a file was deleted and keeps its name until its last handle is closed. Nobody can
/// open it by that name, or make another, as long as we hold it.
pub(in crate::sources::file) fn blocks_its_name(file: &File) -> bool {
    let mut told = FILE_STANDARD_INFO::default();
    let size = size_of::<FILE_STANDARD_INFO>() as u32;
    #[expect(unsafe_code, reason = "calls Windows: the handle is open, and `told` is of that size")]
    let done = unsafe {
        GetFileInformationByHandleEx(
            file.as_raw_handle(),
            FileStandardInfo,
            (&raw mut told).cast(),
            size,
        )
    };
    done != 0 && told.DeletePending
}
