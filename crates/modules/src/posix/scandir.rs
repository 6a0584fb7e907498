//! `scandir` and `DirEntry`.

use std::{cell::RefCell, ffi::CString};

use host::fs::Directory;
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, Link, Module, Obj, Ref, Result, Str, Thread, Type, alloc_object, args::Maybe,
    declare::TypeBuilder, exceptions, types::none,
};

use crate::support::{FsPath, call_named};

use super::{paths::name_like, stat::stat_result};

/// An entry of a directory.
#[pytype(name = "posix.DirEntry", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(super) struct DirEntry {
    head: Head,
    name: Link,
    path: Link,
    /// The path for the system, relative to `dir_fd`.
    #[traverse(skip)]
    target: CString,
    dir_fd: i32,
    inode: u64,
    kind: u8,
    stat: Link,
    lstat: Link,
}

impl DirEntry {
    fn query(&self, th: Thread<'_>, flags: i32) -> std::io::Result<host::fs::Stat> {
        th.allow_threads(|| host::fs::stat(self.dir_fd, &self.target, flags))
    }

    fn fetch(&self, th: Thread<'_>, follow: bool) -> Result<Ref> {
        let path = self.path.get();
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        let stat = call_named(th, path.as_ref().map(|path| path.obj()), || {
            host::fs::stat(self.dir_fd, &self.target, flags)
        })?;
        stat_result(th, &stat)
    }

    fn is_link(&self, th: Thread<'_>) -> Result<bool> {
        match self.kind {
            libc::DT_UNKNOWN => self.test_mode(th, false, libc::S_IFLNK),
            kind => Ok(kind == libc::DT_LNK),
        }
    }

    /// Whether the entry is of `kind`; a missing file is of none.
    fn test_mode(&self, th: Thread<'_>, follow: bool, kind: u32) -> Result<bool> {
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        match self.query(th, flags) {
            Ok(stat) => Ok(stat.st_mode & libc::S_IFMT == kind),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => {
                let path = self.path.get();
                Err(exceptions::io_error(th, &error, path.as_ref().map(|path| path.obj())))
            }
        }
    }

    fn test(&self, th: Thread<'_>, follow: bool, kind: u32, entry_kind: u8) -> Result<bool> {
        let is_link = self.kind == libc::DT_LNK;
        if self.kind == libc::DT_UNKNOWN || is_link && follow {
            return self.test_mode(th, follow, kind);
        }
        Ok(self.kind == entry_kind)
    }
}

#[pymethods]
impl DirEntry {
    /// Return True if the entry is a symbolic link; cached per entry.
    #[sig = "($self, /)"]
    fn is_symlink(&self, th: Thread<'_>) -> Result<bool> {
        self.is_link(th)
    }

    /// Return True if the entry is a junction; cached per entry.
    #[sig = "($self, /)"]
    fn is_junction(&self, _: Thread<'_>) -> bool {
        false
    }

    /// Return True if the entry is a directory; cached per entry.
    #[sig = "($self, /, *, follow_symlinks=True)"]
    fn is_dir(&self, th: Thread<'_>, follow_symlinks: bool) -> Result<bool> {
        self.test(th, follow_symlinks, libc::S_IFDIR, libc::DT_DIR)
    }

    /// Return True if the entry is a file; cached per entry.
    #[sig = "($self, /, *, follow_symlinks=True)"]
    fn is_file(&self, th: Thread<'_>, follow_symlinks: bool) -> Result<bool> {
        self.test(th, follow_symlinks, libc::S_IFREG, libc::DT_REG)
    }

    /// Return stat_result object for the entry; cached per entry.
    #[sig = "($self, /, *, follow_symlinks=True)"]
    fn stat(&self, th: Thread<'_>, follow_symlinks: bool) -> Result<Ref> {
        let cache = if follow_symlinks && self.is_link(th)? { &self.stat } else { &self.lstat };
        if let Some(stat) = cache.get() {
            return Ok(stat);
        }
        let stat = self.fetch(th, follow_symlinks)?;
        cache.set(Some(stat.clone()));
        Ok(stat)
    }

    /// Return inode of the entry; cached per entry.
    #[sig = "($self, /)"]
    fn inode(&self, _: Thread<'_>) -> u64 {
        self.inode
    }

    /// Returns the path for the entry.
    #[sig = "($self, /)"]
    fn __fspath__(&self, _: Thread<'_>) -> Ref {
        self.path.get().unwrap_or_else(|| none().own())
    }

    /// See PEP 585
    #[sig = "($type, item, /)"]
    #[classmethod]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, item: Obj<'_>) -> Result<Ref> {
        object::types::generic_alias::new(th, cls.obj(), item)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        use object::Protocol;
        let name = self.name.get().unwrap_or_else(|| none().own()).repr(th)?;
        Str::from_fmt(th, format_args!("<DirEntry {name}>"))
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        let doc = Some(c"the entry's base filename, relative to scandir() \"path\" argument");
        let (kind, read) = (abi::Py_T_OBJECT_EX, abi::Py_READONLY);
        builder.member(c"name", kind, offset_of!(DirEntry, name), read, doc);
        let doc = Some(
            c"the entry's full path name; equivalent to os.path.join(scandir_path, entry.name)",
        );
        builder.member(c"path", kind, offset_of!(DirEntry, path), read, doc);
    }
}

/// Iterator of `scandir`.
#[pytype(name = "posix.ScandirIterator", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(super) struct ScandirIterator {
    head: Head,
    #[traverse(skip)]
    directory: RefCell<Option<Directory>>,
    /// As given; null for the working directory or a descriptor.
    #[traverse(skip)]
    prefix: Vec<u8>,
    is_bytes: bool,
    /// The descriptor that was given, else `AT_FDCWD`.
    dir_fd: i32,
    path: Link,
}

impl ScandirIterator {
    fn close_now(&self) {
        drop(self.directory.take());
    }
}

#[pymethods]
impl ScandirIterator {
    fn __iter__(_: Thread<'_>, it: Obj<'_>) -> Ref {
        it.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref<DirEntry>>> {
        let mut directory = self.directory.borrow_mut();
        let Some(open) = directory.as_mut() else { return Ok(None) };
        // With the GIL: another thread may ask for the next entry meanwhile, and one
        // call of the system reads many.
        let entry = match open.read() {
            Ok(Some(entry)) => entry,
            Ok(None) => {
                *directory = None;
                return Ok(None);
            }
            Err(error) => {
                *directory = None;
                drop(directory);
                let path = self.path.get();
                return Err(exceptions::io_error(th, &error, path.as_ref().map(|path| path.obj())));
            }
        };
        drop(directory);
        let mut path = self.prefix.clone();
        path.extend_from_slice(entry.name.as_bytes());
        let name = name_like(th, self.is_bytes, entry.name.as_bytes())?;
        let full = name_like(th, self.is_bytes, &path)?;
        let target = if self.dir_fd == host::fs::AT_FDCWD {
            CString::new(path).unwrap_or_default()
        } else {
            entry.name
        };
        let entry = DirEntry {
            head: Head::new(),
            name: Link::new(name),
            path: Link::new(full),
            target,
            dir_fd: self.dir_fd,
            inode: entry.inode,
            kind: entry.kind,
            stat: Link::null(),
            lstat: Link::null(),
        };
        alloc_object::new(th, entry).map(Some)
    }

    #[sig = "($self, /)"]
    fn close(&self, _: Thread<'_>) {
        self.close_now();
    }

    #[sig = "($self, /)"]
    fn __enter__(_: Thread<'_>, it: Obj<'_>) -> Ref {
        it.own()
    }

    #[sig = "($self, /, *args)"]
    fn __exit__(&self, _: Thread<'_>, _: object::Args<'_>) {
        self.close_now();
    }

    fn __del__(th: Thread<'_>, it: Obj<'_>) -> Result<()> {
        use object::Protocol;
        let Some(this) = it.downcast::<ScandirIterator>() else { return Ok(()) };
        if this.directory.borrow().is_none() {
            return Ok(());
        }
        let text = it.repr(th).map(|repr| format!("unclosed scandir iterator {repr}"));
        let category = exceptions::types::ResourceWarning();
        if text.and_then(|text| crate::support::warn_about(th, category, &text, it)).is_err() {
            let context = "Exception ignored while finalizing scandir iterator";
            (th.hooks().unraisable)(th, Some(context), Some(it));
        }
        this.close_now();
        Ok(())
    }
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Return an iterator of DirEntry objects for given path.
    ///
    /// path can be specified as either str, bytes, or a path-like object.  If path
    /// is bytes, the names of yielded DirEntry objects will also be bytes; in
    /// all other circumstances they will be str.
    ///
    /// If path is None, uses the path='.'.
    #[sig = "(path=None)"]
    fn scandir(th: Thread<'_>, path: Maybe<FsPath>) -> Result<Ref<ScandirIterator>> {
        let path = path.0.unwrap_or_else(FsPath::current);
        let directory = call_named(th, path.object(), || match path.fd() {
            Some(fd) => Directory::from_fd(fd),
            None => Directory::open(path.name()),
        })?;
        let mut prefix = path.name().to_bytes().to_vec();
        if prefix.last().is_some_and(|last| *last != b'/') {
            prefix.push(b'/');
        }
        let object = path.object().map(|object| object.own());
        if path.fd().is_some() {
            prefix.clear();
        }
        let iterator = ScandirIterator {
            head: Head::new(),
            directory: RefCell::new(Some(directory)),
            prefix,
            is_bytes: path.is_bytes(),
            dir_fd: path.fd().unwrap_or(host::fs::AT_FDCWD),
            path: Link::from_option(object),
        };
        alloc_object::new(th, iterator)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<DirEntry>(th)?;
        object::types::type_::ready(th, <ScandirIterator as object::declare::Declared>::DECL)?;
        Ok(())
    }
}
