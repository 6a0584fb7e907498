//! `grp`: the group database.

use std::ffi::CString;

use host::user::Group;
use macros::pymodule;
use object::{
    Int, IntoObject, List, Module, Obj, Protocol, Ref, Result, Str, Thread, error, raise,
};

use crate::support::{
    check, decode_fs, encode_fs,
    path::id_of,
    structseq::{Decl, StructSeq as _},
};

static STRUCT_GROUP: Decl = Decl {
    name: "grp.struct_group",
    doc: "grp.struct_group: Results from getgr*() routines.\n\n\
          This object may be accessed either as a tuple of\n  \
          (gr_name,gr_passwd,gr_gid,gr_mem)\n\
          or via the object attributes as named in the above tuple.\n",
    fields: &[
        ("gr_name", "group name"),
        ("gr_passwd", "password"),
        ("gr_gid", "group id"),
        ("gr_mem", "group members"),
    ],
    visible: 4,
    instantiable: true,
};

fn entry(th: Thread<'_>, group: &Group) -> Result<Ref> {
    let text = |bytes: &[u8]| decode_fs(th, bytes).map(Ref::upcast);
    let members = group.members.iter().map(|name| text(name)).collect::<Result<Vec<_>>>()?;
    let values = vec![
        text(&group.name)?,
        text(&group.passwd)?,
        group.gid.into_object(th)?,
        List::from_refs(th, members)?.upcast(),
    ];
    STRUCT_GROUP.make(th, values)
}

/// Access to the Unix group database.
///
/// Group entries are reported as 4-tuples containing the following fields
/// from the group database, in order:
///
///   name   - name of the group
///   passwd - group password (encrypted); often empty
///   gid    - numeric ID of the group
///   mem    - list of members
///
/// The gid is an integer, name and password are strings.  (Note that most
/// users are not explicitly listed as members of the groups they are in
/// according to the password database.  Check both databases to get
/// complete membership information.)
#[pymodule]
pub mod grp {
    use super::*;

    /// Return the group database entry for the given numeric group ID.
    ///
    /// If id is not valid, raise KeyError.
    #[sig = "(id)"]
    fn getgrgid(th: Thread<'_>, id: Obj<'_>) -> Result<Ref> {
        let gid = id_of(th, id, "gid")?;
        match check(th, th.allow_threads(|| host::user::group_by_gid(gid)))? {
            Some(group) => entry(th, &group),
            None => {
                let shown = Int::index(th, id)?.str(th)?;
                raise!(th, KeyError, "getgrgid(): gid not found: {shown}")
            }
        }
    }

    /// Return the group database entry for the given group name.
    ///
    /// If name is not valid, raise KeyError.
    #[sig = "(name)"]
    fn getgrnam(th: Thread<'_>, name: &Str) -> Result<Ref> {
        let Ok(bytes) = CString::new(encode_fs(th, name)?) else {
            raise!(th, ValueError, "embedded null byte");
        };
        match check(th, th.allow_threads(|| host::user::group_by_name(&bytes)))? {
            Some(group) => entry(th, &group),
            None => {
                let shown = name.repr(th)?;
                Err(error!(th, KeyError, "getgrnam(): name not found: {shown}"))
            }
        }
    }

    /// Return a list of all available group entries, in arbitrary order.
    ///
    /// An entry whose name starts with '+' or '-' represents an instruction
    /// to use YP/NIS and may not be accessible via getgrnam or getgrgid.
    #[sig = "()"]
    fn getgrall(th: Thread<'_>) -> Result<Ref<List>> {
        let all = host::user::all_groups();
        List::from_refs(th, all.iter().map(|group| entry(th, group)).collect::<Result<_>>()?)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        STRUCT_GROUP.add_to(th, module)
    }
}
