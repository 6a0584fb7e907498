//! The user and group databases.

use std::{
    ffi::{CStr, CString, c_char},
    io,
};

use crate::fs::zeroed;

/// A user.
#[derive(Clone, Debug)]
pub struct Passwd {
    pub name: Vec<u8>,
    pub passwd: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub gecos: Vec<u8>,
    pub dir: Vec<u8>,
    pub shell: Vec<u8>,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: Vec<u8>,
    pub passwd: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

fn text(ptr: *const c_char) -> Vec<u8> {
    if ptr.is_null() {
        return Vec::new();
    }
    // SAFETY: a C string of the database's answer.
    unsafe { CStr::from_ptr(ptr) }.to_bytes().to_vec()
}

fn user(entry: &libc::passwd) -> Passwd {
    Passwd {
        name: text(entry.pw_name),
        passwd: text(entry.pw_passwd),
        uid: entry.pw_uid,
        gid: entry.pw_gid,
        gecos: text(entry.pw_gecos),
        dir: text(entry.pw_dir),
        shell: text(entry.pw_shell),
    }
}

fn group(entry: &libc::group) -> Group {
    let mut members = Vec::new();
    let mut next = entry.gr_mem;
    // SAFETY: a null-terminated array of C strings.
    while !next.is_null() && !unsafe { *next }.is_null() {
        // SAFETY: as above.
        members.push(text(unsafe { *next }));
        // SAFETY: as above.
        next = unsafe { next.add(1) };
    }
    Group { name: text(entry.gr_name), passwd: text(entry.gr_passwd), gid: entry.gr_gid, members }
}

/// Call a `get…_r` function with a growing buffer.
fn lookup<T: Copy, R>(
    call: impl Fn(*mut T, *mut c_char, usize, *mut *mut T) -> i32,
    convert: impl Fn(&T) -> R,
) -> io::Result<Option<R>> {
    let mut buffer = vec![0u8; 1024];
    loop {
        let mut entry: T = zeroed();
        let mut found = std::ptr::null_mut();
        match call(&mut entry, buffer.as_mut_ptr().cast(), buffer.len(), &mut found) {
            libc::ERANGE if buffer.len() < 1 << 22 => {
                let size = buffer.len() * 4;
                buffer.resize(size, 0);
            }
            0 | libc::ENOENT | libc::ESRCH if found.is_null() => return Ok(None),
            0 => return Ok(Some(convert(&entry))),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// A user by name.
pub fn passwd_by_name(name: &CStr) -> io::Result<Option<Passwd>> {
    // SAFETY: `lookup` passes a buffer of that size.
    lookup(|e, b, n, f| unsafe { libc::getpwnam_r(name.as_ptr(), e, b, n, f) }, user)
}

/// A user by id.
pub fn passwd_by_uid(uid: u32) -> io::Result<Option<Passwd>> {
    // SAFETY: `lookup` passes a buffer of that size.
    lookup(|e, b, n, f| unsafe { libc::getpwuid_r(uid, e, b, n, f) }, user)
}

/// A group by name.
pub fn group_by_name(name: &CStr) -> io::Result<Option<Group>> {
    // SAFETY: `lookup` passes a buffer of that size.
    lookup(|e, b, n, f| unsafe { libc::getgrnam_r(name.as_ptr(), e, b, n, f) }, group)
}

/// A group by id.
pub fn group_by_gid(gid: u32) -> io::Result<Option<Group>> {
    // SAFETY: `lookup` passes a buffer of that size.
    lookup(|e, b, n, f| unsafe { libc::getgrgid_r(gid, e, b, n, f) }, group)
}

/// All users. One caller at a time.
pub fn all_passwd() -> Vec<Passwd> {
    let mut all = Vec::new();
    // SAFETY: callers hold the GIL.
    unsafe { libc::setpwent() };
    loop {
        // SAFETY: as above; the answer is copied before the next call.
        let entry = unsafe { libc::getpwent() };
        if entry.is_null() {
            break;
        }
        // SAFETY: the database's answer.
        all.push(user(unsafe { &*entry }));
    }
    // SAFETY: as above.
    unsafe { libc::endpwent() };
    all
}

/// All groups. One caller at a time.
pub fn all_groups() -> Vec<Group> {
    let mut all = Vec::new();
    // SAFETY: callers hold the GIL.
    unsafe { libc::setgrent() };
    loop {
        // SAFETY: as above; the answer is copied before the next call.
        let entry = unsafe { libc::getgrent() };
        if entry.is_null() {
            break;
        }
        // SAFETY: the database's answer.
        all.push(group(unsafe { &*entry }));
    }
    // SAFETY: as above.
    unsafe { libc::endgrent() };
    all
}

/// The groups a user belongs to.
pub fn group_list(name: &CStr, gid: u32) -> io::Result<Vec<u32>> {
    let mut count = 64i32;
    loop {
        let mut groups = vec![0u32; count.max(1) as usize];
        let capacity = count;
        // SAFETY: room for `count` groups.
        let status =
            unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &mut count) };
        if status >= 0 {
            groups.truncate(count.max(0) as usize);
            return Ok(groups);
        }
        if count <= capacity {
            count = capacity.saturating_mul(2);
        }
        if count > 1 << 20 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
    }
}

/// The supplementary groups of this process.
pub fn groups() -> io::Result<Vec<u32>> {
    // SAFETY: asks for the number only.
    let count = crate::call::check(unsafe { libc::getgroups(0, std::ptr::null_mut()) })?;
    let mut groups = vec![0u32; count as usize];
    // SAFETY: room for that many.
    let count = crate::call::check(unsafe { libc::getgroups(count, groups.as_mut_ptr()) })?;
    groups.truncate(count as usize);
    Ok(groups)
}

/// The name of the logged-in user.
pub fn login() -> io::Result<CString> {
    unsafe extern "C" {
        fn getlogin_r(name: *mut c_char, size: usize) -> i32;
    }
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer has that size.
    let status = unsafe { getlogin_r(buffer.as_mut_ptr().cast(), buffer.len()) };
    crate::call::check_number(status)?;
    Ok(CStr::from_bytes_until_nul(&buffer).unwrap_or_default().to_owned())
}
