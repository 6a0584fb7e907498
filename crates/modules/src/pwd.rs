//! `pwd`: the user database.

use std::ffi::CString;

use host::user::Passwd;
use macros::pymodule;
use object::{
    Int, IntoObject, List, Module, Obj, Protocol, Ref, Result, Str, Thread, error, exceptions,
    raise,
};

use crate::support::{
    check, decode_fs, encode_fs,
    path::id_of,
    structseq::{Decl, StructSeq as _},
};

static STRUCT_PASSWD: Decl = Decl {
    name: "pwd.struct_passwd",
    doc: "pwd.struct_passwd: Results from getpw*() routines.\n\n\
          This object may be accessed either as a tuple of\n  \
          (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\n\
          or via the object attributes as named in the above tuple.",
    fields: &[
        ("pw_name", "user name"),
        ("pw_passwd", "password"),
        ("pw_uid", "user id"),
        ("pw_gid", "group id"),
        ("pw_gecos", "real name"),
        ("pw_dir", "home directory"),
        ("pw_shell", "shell program"),
    ],
    visible: 7,
    instantiable: true,
};

fn entry(th: Thread<'_>, user: &Passwd) -> Result<Ref> {
    let text = |bytes: &[u8]| decode_fs(th, bytes).map(Ref::upcast);
    let values = vec![
        text(&user.name)?,
        text(&user.passwd)?,
        user.uid.into_object(th)?,
        user.gid.into_object(th)?,
        text(&user.gecos)?,
        text(&user.dir)?,
        text(&user.shell)?,
    ];
    STRUCT_PASSWD.make(th, values)
}

/// This module provides access to the Unix password database.
/// It is available on all Unix versions.
///
/// Password database entries are reported as 7-tuples containing the following
/// items from the password database (see `<pwd.h>'), in order:
/// pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.
/// The uid and gid items are integers, all others are strings. An
/// exception is raised if the entry asked for cannot be found.
#[pymodule]
pub mod pwd {
    use super::*;

    /// Return the password database entry for the given numeric user ID.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[sig = "(uidobj, /)"]
    fn getpwuid(th: Thread<'_>, uidobj: Obj<'_>) -> Result<Ref> {
        let missing = || -> Result<Ref> {
            let shown = Int::index(th, uidobj)?.str(th)?;
            raise!(th, KeyError, "getpwuid(): uid not found: {shown}")
        };
        let uid = match id_of(th, uidobj, "uid") {
            Ok(uid) => uid,
            Err(raised) => {
                th.catch(raised, exceptions::types::OverflowError())?;
                return missing();
            }
        };
        match check(th, th.allow_threads(|| host::user::passwd_by_uid(uid)))? {
            Some(user) => entry(th, &user),
            None => missing(),
        }
    }

    /// Return the password database entry for the given user name.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[sig = "(name, /)"]
    fn getpwnam(th: Thread<'_>, name: &Str) -> Result<Ref> {
        let Ok(bytes) = CString::new(encode_fs(th, name)?) else {
            raise!(th, ValueError, "embedded null byte");
        };
        match check(th, th.allow_threads(|| host::user::passwd_by_name(&bytes)))? {
            Some(user) => entry(th, &user),
            None => {
                let shown = name.repr(th)?;
                Err(error!(th, KeyError, "getpwnam(): name not found: {shown}"))
            }
        }
    }

    /// Return a list of all available password database entries, in arbitrary order.
    ///
    /// See help(pwd) for more on password database entries.
    #[sig = "()"]
    fn getpwall(th: Thread<'_>) -> Result<Ref<List>> {
        let all = host::user::all_passwd();
        List::from_refs(th, all.iter().map(|user| entry(th, user)).collect::<Result<_>>()?)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        STRUCT_PASSWD.add_to(th, module)
    }
}
