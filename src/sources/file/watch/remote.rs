//! Folders of which this system sees only its own changes.
//!
//! A share is written by other machines, and nobody here is told. Linux names the kind of each
//! mounted file system in `/proc/self/mountinfo` (proc(5)); on Windows a share begins with two
//! backslashes, or is a letter that stands for one, which cannot be told by its name.

use std::path::Path;

/// File systems that others write, too.
const SHARED: [&str; 16] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "drvfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
    "vboxsf",
];

/// True when other machines may write in this folder.
pub(super) fn is_remote(folder: &Path) -> bool {
    if cfg!(windows) {
        let folder = folder.to_string_lossy();
        return folder.starts_with(r"\\") && !folder.starts_with(r"\\?\") || folder.contains("UNC");
    }
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return false };
    folder.canonicalize().is_ok_and(|it| kind(&mounts, &it).is_some_and(is_shared))
}

fn is_shared(kind: &str) -> bool {
    // Whatever comes by way of FUSE may be a share: blobfuse, sshfs, the folders of a virtual machine.
    SHARED.contains(&kind) || kind.starts_with("fuse") || kind == "virtiofs"
}

/// The kind of the file system that holds `path`: that of the longest mount point above it, the
/// last of several.
///
/// ```text
/// 36 35 98:0 /root /mnt/my\040logs rw,noatime shared:1 - nfs4 server:/export rw
/// ```
fn kind<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mounted = mounts.lines().filter_map(|line| {
        let point = line.split(' ').nth(4)?.replace(r"\040", " ");
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        path.starts_with(&point).then_some((point.len(), kind))
    });
    mounted.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = r"22 1 8:1 / / rw - ext4 /dev/sda1 rw
36 22 0:44 / /mnt/my\040logs rw shared:1 - nfs4 server:/export rw
37 22 0:45 / /mnt/blobs rw shared:2 master:3 - fuse.blobfuse2 blobfuse2 rw
38 22 0:46 / /mnt/blobs/local rw - tmpfs tmpfs rw
39 22 0:47 / /mnt/over rw - ext4 /dev/sdb1 rw
40 39 0:48 / /mnt/over rw - cifs //server/share rw
";

    #[test]
    #[rustfmt::skip]
    fn a_share_is_told_by_the_mount_that_holds_it() {
        check("/var/log",            "ext4",           false);
        check("/mnt/my logs/a",      "nfs4",           true);
        check("/mnt/my",             "ext4",           false);
        check("/mnt/blobs/x",        "fuse.blobfuse2", true);
        check("/mnt/blobs/local/x",  "tmpfs",          false);
        check("/mnt/over/x",         "cifs",           true);
    }

    #[track_caller]
    fn check(path: &str, expected: &str, shared: bool) {
        let kind = kind(MOUNTS, Path::new(path)).unwrap();
        assert_eq!((kind, is_shared(kind)), (expected, shared));
    }
}
