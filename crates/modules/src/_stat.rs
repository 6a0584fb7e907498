//! `_stat`: file types and permissions.

use macros::pymodule;
use object::{AsObject, Int, Module, Obj, Result, Thread, raise};

const S_IFMT: u32 = 0o170_000;

/// A mode argument.
fn mode_of(th: Thread<'_>, mode: Obj<'_>) -> Result<u32> {
    let value = Int::index_to_u64(th, mode)?;
    match u32::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => raise!(th, OverflowError, "mode out of range"),
    }
}

fn is_type(th: Thread<'_>, mode: Obj<'_>, kind: u32) -> Result<bool> {
    Ok(mode_of(th, mode)? & S_IFMT == kind)
}

/// The ten letters of `ls -l`.
fn letters(mode: u32) -> String {
    let kind = match mode & S_IFMT {
        0o100_000 => '-',
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o060_000 => 'b',
        0o020_000 => 'c',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '?',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

const CONSTANTS: &[(&str, i64)] = &[
    ("S_IFDIR", 16384),
    ("S_IFCHR", 8192),
    ("S_IFBLK", 24576),
    ("S_IFREG", 32768),
    ("S_IFIFO", 4096),
    ("S_IFLNK", 40960),
    ("S_IFSOCK", 49152),
    ("S_IFDOOR", 0),
    ("S_IFPORT", 0),
    ("S_IFWHT", 0),
    ("S_ISUID", 2048),
    ("S_ISGID", 1024),
    ("S_ISVTX", 512),
    ("S_ENFMT", 1024),
    ("S_IREAD", 256),
    ("S_IWRITE", 128),
    ("S_IEXEC", 64),
    ("S_IRWXU", 448),
    ("S_IRUSR", 256),
    ("S_IWUSR", 128),
    ("S_IXUSR", 64),
    ("S_IRWXG", 56),
    ("S_IRGRP", 32),
    ("S_IWGRP", 16),
    ("S_IXGRP", 8),
    ("S_IRWXO", 7),
    ("S_IROTH", 4),
    ("S_IWOTH", 2),
    ("S_IXOTH", 1),
    ("UF_SETTABLE", 65535),
    ("UF_NODUMP", 1),
    ("UF_IMMUTABLE", 2),
    ("UF_APPEND", 4),
    ("UF_OPAQUE", 8),
    ("UF_NOUNLINK", 16),
    ("UF_COMPRESSED", 32),
    ("UF_TRACKED", 64),
    ("UF_DATAVAULT", 128),
    ("UF_HIDDEN", 32768),
    ("SF_SETTABLE", 4294901760),
    ("SF_ARCHIVED", 65536),
    ("SF_IMMUTABLE", 131072),
    ("SF_APPEND", 262144),
    ("SF_NOUNLINK", 1048576),
    ("SF_SNAPSHOT", 2097152),
    ("SF_FIRMLINK", 8388608),
    ("SF_DATALESS", 1073741824),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
];

/// S_IFMT_: file type bits
/// S_IFDIR: directory
/// S_IFREG: regular file
/// S_IFLNK: symbolic link
#[pymodule(name = "_stat")]
pub mod module {
    use super::*;

    /// S_ISDIR(mode) -> bool
    ///
    /// Return True if mode is from a directory.
    #[name = "S_ISDIR"]
    #[sig = "(object, /)"]
    fn s_isdir(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o040_000)
    }

    /// S_ISCHR(mode) -> bool
    ///
    /// Return True if mode is from a character special device file.
    #[name = "S_ISCHR"]
    #[sig = "(object, /)"]
    fn s_ischr(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o020_000)
    }

    /// S_ISBLK(mode) -> bool
    ///
    /// Return True if mode is from a block special device file.
    #[name = "S_ISBLK"]
    #[sig = "(object, /)"]
    fn s_isblk(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o060_000)
    }

    /// S_ISREG(mode) -> bool
    ///
    /// Return True if mode is from a regular file.
    #[name = "S_ISREG"]
    #[sig = "(object, /)"]
    fn s_isreg(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o100_000)
    }

    /// S_ISFIFO(mode) -> bool
    ///
    /// Return True if mode is from a FIFO (named pipe).
    #[name = "S_ISFIFO"]
    #[sig = "(object, /)"]
    fn s_isfifo(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o010_000)
    }

    /// S_ISLNK(mode) -> bool
    ///
    /// Return True if mode is from a symbolic link.
    #[name = "S_ISLNK"]
    #[sig = "(object, /)"]
    fn s_islnk(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o120_000)
    }

    /// S_ISSOCK(mode) -> bool
    ///
    /// Return True if mode is from a socket.
    #[name = "S_ISSOCK"]
    #[sig = "(object, /)"]
    fn s_issock(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        is_type(th, mode, 0o140_000)
    }

    /// S_ISDOOR(mode) -> bool
    ///
    /// Return True if mode is from a door.
    #[name = "S_ISDOOR"]
    #[sig = "(object, /)"]
    fn s_isdoor(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        mode_of(th, mode).map(|_| false)
    }

    /// S_ISPORT(mode) -> bool
    ///
    /// Return True if mode is from an event port.
    #[name = "S_ISPORT"]
    #[sig = "(object, /)"]
    fn s_isport(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        mode_of(th, mode).map(|_| false)
    }

    /// S_ISWHT(mode) -> bool
    ///
    /// Return True if mode is from a whiteout.
    #[name = "S_ISWHT"]
    #[sig = "(object, /)"]
    fn s_iswht(th: Thread<'_>, mode: Obj<'_>) -> Result<bool> {
        mode_of(th, mode).map(|_| false)
    }

    /// Return the portion of the file's mode that can be set by os.chmod().
    #[name = "S_IMODE"]
    #[sig = "(object, /)"]
    fn s_imode(th: Thread<'_>, mode: Obj<'_>) -> Result<u32> {
        Ok(mode_of(th, mode)? & 0o7777)
    }

    /// Return the portion of the file's mode that describes the file type.
    #[name = "S_IFMT"]
    #[sig = "(object, /)"]
    fn s_ifmt(th: Thread<'_>, mode: Obj<'_>) -> Result<u32> {
        Ok(mode_of(th, mode)? & S_IFMT)
    }

    /// Convert a file's mode to a string of the form '-rwxrwxrwx'
    #[sig = "(object, /)"]
    fn filemode(th: Thread<'_>, mode: Obj<'_>) -> Result<String> {
        mode_of(th, mode).map(letters)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        for (name, value) in CONSTANTS {
            module.set(th, name, Int::from_i64(th, *value)?.obj())?;
        }
        Ok(())
    }
}
