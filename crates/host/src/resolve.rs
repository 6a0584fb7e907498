//! Names of hosts, services, protocols and interfaces.
//!
//! `getaddrinfo` and `getnameinfo` may be called by several threads; the older
//! functions answer in memory that they share, so their callers hold a lock
//! (the interpreter's) during the call and get copies.

use std::{
    ffi::{CStr, c_char, c_int},
    io,
    ptr::null_mut,
};

use crate::{call::check, fs::zeroed, socket::Address};

/// Why a name was not found.
#[derive(Debug)]
pub enum ResolveError {
    /// An `EAI_*` or `h_errno` number.
    Code(i32),
    /// The error in `errno`.
    System(io::Error),
}

/// One answer of [`getaddrinfo`].
pub struct Found {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub canonical: Option<Vec<u8>>,
    pub address: Address,
}

/// What to look for: family, type, protocol, flags.
#[derive(Clone, Copy, Default)]
pub struct Hints {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub flags: i32,
}

fn text(ptr: *const c_char) -> Option<Vec<u8>> {
    if ptr.is_null() {
        return None;
    }
    // SAFETY: not null, so a string of the system.
    Some(unsafe { CStr::from_ptr(ptr) }.to_bytes().to_vec())
}

fn ptr_of(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// The addresses of a host and service.
pub fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: Hints,
) -> Result<Vec<Found>, ResolveError> {
    let mut wanted: libc::addrinfo = zeroed_info();
    wanted.ai_family = hints.family;
    wanted.ai_socktype = hints.kind;
    wanted.ai_protocol = hints.protocol;
    wanted.ai_flags = hints.flags;
    let mut first = null_mut();
    // SAFETY: strings or null, complete hints, room for the answer.
    let code = unsafe { libc::getaddrinfo(ptr_of(host), ptr_of(service), &wanted, &mut first) };
    check_code(code)?;
    let mut found = Vec::new();
    let mut next = first;
    // SAFETY: null or an element of the list that is freed below.
    while let Some(info) = unsafe { next.as_ref() } {
        // SAFETY: the list's addresses have the lengths it says.
        let address = unsafe { Address::copy_from(info.ai_addr, info.ai_addrlen) };
        found.push(Found {
            family: info.ai_family,
            kind: info.ai_socktype,
            protocol: info.ai_protocol,
            canonical: text(info.ai_canonname),
            address,
        });
        next = info.ai_next;
    }
    // SAFETY: the list of the call above.
    unsafe { libc::freeaddrinfo(first) };
    Ok(found)
}

fn zeroed_info() -> libc::addrinfo {
    libc::addrinfo {
        ai_flags: 0,
        ai_family: 0,
        ai_socktype: 0,
        ai_protocol: 0,
        ai_addrlen: 0,
        ai_addr: null_mut(),
        ai_canonname: null_mut(),
        ai_next: null_mut(),
    }
}

fn check_code(code: i32) -> Result<(), ResolveError> {
    match code {
        0 => Ok(()),
        libc::EAI_SYSTEM => Err(ResolveError::System(io::Error::last_os_error())),
        code => Err(ResolveError::Code(code)),
    }
}

/// The names of a host and service.
pub fn getnameinfo(address: &Address, flags: i32) -> Result<(Vec<u8>, Vec<u8>), ResolveError> {
    let (mut host, mut service) = ([0u8; 1025], [0u8; 32]);
    let (ptr, len) = address.raw();
    // SAFETY: a complete address, room for the answers.
    let code = unsafe {
        libc::getnameinfo(
            ptr,
            len,
            host.as_mut_ptr().cast(),
            host.len() as u32,
            service.as_mut_ptr().cast(),
            service.len() as u32,
            flags,
        )
    };
    check_code(code)?;
    let name =
        |buffer: &[u8]| CStr::from_bytes_until_nul(buffer).unwrap_or_default().to_bytes().to_vec();
    Ok((name(&host), name(&service)))
}

/// The text of an `EAI_*` number.
pub fn gai_error(code: i32) -> String {
    // SAFETY: returns a constant string for any number.
    let message = text(unsafe { libc::gai_strerror(code) }).unwrap_or_default();
    String::from_utf8_lossy(&message).into_owned()
}

/// A host by its older description.
pub struct HostEntry {
    pub name: Vec<u8>,
    pub aliases: Vec<Vec<u8>>,
    pub family: i32,
    /// The bytes of each address.
    pub addresses: Vec<Vec<u8>>,
}

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        size: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const std::ffi::c_void,
        len: libc::socklen_t,
        family: c_int,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        size: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn hstrerror(code: c_int) -> *const c_char;
}

/// The text of an `h_errno` number.
pub fn host_error(code: i32) -> String {
    // SAFETY: returns a constant string for any number.
    let message = text(unsafe { hstrerror(code) }).unwrap_or_default();
    String::from_utf8_lossy(&message).into_owned()
}

fn host_entry(
    call: impl Fn(*mut libc::hostent, *mut c_char, usize, *mut *mut libc::hostent, *mut c_int) -> c_int,
) -> Result<HostEntry, ResolveError> {
    let mut size = 16384;
    loop {
        let mut buffer = vec![0u8; size];
        let mut entry = libc::hostent {
            h_name: null_mut(),
            h_aliases: null_mut(),
            h_addrtype: 0,
            h_length: 0,
            h_addr_list: null_mut(),
        };
        let (mut result, mut error) = (null_mut(), 0);
        let code =
            call(&mut entry, buffer.as_mut_ptr().cast(), buffer.len(), &mut result, &mut error);
        if code == libc::ERANGE && size < 1 << 24 {
            size *= 4;
            continue;
        }
        // SAFETY: null or the entry above, which the call has filled.
        let Some(entry) = (unsafe { result.as_ref() }) else {
            return Err(ResolveError::Code(error));
        };
        return Ok(HostEntry {
            name: text(entry.h_name).unwrap_or_default(),
            aliases: strings(entry.h_aliases),
            family: entry.h_addrtype,
            addresses: pointers(entry.h_addr_list)
                .into_iter()
                .map(|ptr| {
                    let len = entry.h_length.max(0) as usize;
                    // SAFETY: each address has the entry's length.
                    unsafe { std::slice::from_raw_parts(ptr.cast::<u8>(), len) }.to_vec()
                })
                .collect(),
        });
    }
}

/// The pointers of a list that ends with null.
fn pointers(mut list: *mut *mut c_char) -> Vec<*mut c_char> {
    let mut all = Vec::new();
    if list.is_null() {
        return all;
    }
    loop {
        // SAFETY: inside the list, which ends with null.
        let item = unsafe { *list };
        if item.is_null() {
            return all;
        }
        all.push(item);
        // SAFETY: not behind the final null.
        list = unsafe { list.add(1) };
    }
}

fn strings(list: *mut *mut c_char) -> Vec<Vec<u8>> {
    pointers(list).into_iter().filter_map(|ptr| text(ptr)).collect()
}

/// A host by its name.
pub fn gethostbyname(name: &CStr) -> Result<HostEntry, ResolveError> {
    // SAFETY: a string, and `host_entry`'s room for the answer.
    host_entry(|entry, buffer, size, result, error| unsafe {
        gethostbyname_r(name.as_ptr(), entry, buffer, size, result, error)
    })
}

/// A host by the bytes of its address.
pub fn gethostbyaddr(address: &[u8], family: i32) -> Result<HostEntry, ResolveError> {
    let (ptr, len) = (address.as_ptr().cast(), address.len() as u32);
    // SAFETY: an address of that length, and `host_entry`'s room for the answer.
    host_entry(|entry, buffer, size, result, error| unsafe {
        gethostbyaddr_r(ptr, len, family, entry, buffer, size, result, error)
    })
}

/// The port of a service.
pub fn getservbyname(name: &CStr, protocol: Option<&CStr>) -> Option<u16> {
    // SAFETY: strings or null; the answer is copied at once.
    let entry = unsafe { libc::getservbyname(name.as_ptr(), ptr_of(protocol)).as_ref() }?;
    Some(u16::from_be(entry.s_port as u16))
}

/// The name of a service.
pub fn getservbyport(port: u16, protocol: Option<&CStr>) -> Option<Vec<u8>> {
    let port = i32::from(port.to_be());
    // SAFETY: a string or null; the answer is copied at once.
    let entry = unsafe { libc::getservbyport(port, ptr_of(protocol)).as_ref() }?;
    text(entry.s_name)
}

/// The number of a protocol.
pub fn getprotobyname(name: &CStr) -> Option<i32> {
    // SAFETY: a string; the answer is copied at once.
    unsafe { libc::getprotobyname(name.as_ptr()).as_ref() }.map(|entry| entry.p_proto)
}

/// The name of this machine.
pub fn gethostname() -> io::Result<Vec<u8>> {
    let mut buffer = [0u8; 1025];
    // SAFETY: room for the answer and a final null.
    check(unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) })?;
    Ok(CStr::from_bytes_until_nul(&buffer).unwrap_or_default().to_bytes().to_vec())
}

/// The bytes of an IPv4 address in any notation that C knows.
pub fn inet_aton(name: &CStr) -> Option<[u8; 4]> {
    let mut address: libc::in_addr = zeroed();
    // SAFETY: a string, and room for the answer.
    let found = unsafe { inet_aton_(name.as_ptr(), &mut address) };
    (found != 0).then(|| address.s_addr.to_ne_bytes())
}

/// The bytes of an IPv4 or IPv6 address; `None` for what is none.
pub fn inet_pton(family: i32, name: &CStr) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = [0u8; 16];
    // SAFETY: a string, and room for either answer.
    let code = check(unsafe { inet_pton_(family, name.as_ptr(), buffer.as_mut_ptr().cast()) })?;
    let len = if family == libc::AF_INET { 4 } else { 16 };
    Ok((code > 0).then(|| buffer[..len].to_vec()))
}

/// The text of an IPv4 (4 bytes) or IPv6 (16 bytes) address.
pub fn inet_ntop(bytes: &[u8]) -> String {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(v4), _) => std::net::Ipv4Addr::from(v4).to_string(),
        (_, Ok(v6)) => {
            let mut buffer = [0u8; 64];
            let (from, to) = (v6.as_ptr().cast(), buffer.as_mut_ptr().cast());
            // SAFETY: an IPv6 address, and room for its text.
            unsafe { inet_ntop_(libc::AF_INET6, from, to, 64) };
            let text = CStr::from_bytes_until_nul(&buffer).unwrap_or_default();
            text.to_string_lossy().into_owned()
        }
        _ => String::new(),
    }
}

unsafe extern "C" {
    #[link_name = "inet_aton"]
    fn inet_aton_(name: *const c_char, address: *mut libc::in_addr) -> c_int;
    #[link_name = "inet_pton"]
    fn inet_pton_(family: c_int, name: *const c_char, to: *mut std::ffi::c_void) -> c_int;
    #[link_name = "inet_ntop"]
    fn inet_ntop_(
        family: c_int,
        from: *const std::ffi::c_void,
        to: *mut c_char,
        size: libc::socklen_t,
    ) -> *const c_char;
}

/// The interfaces: number and name.
pub fn interfaces() -> io::Result<Vec<(u32, Vec<u8>)>> {
    // SAFETY: no arguments.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(io::Error::last_os_error());
    }
    let (mut all, mut next) = (Vec::new(), list);
    loop {
        // SAFETY: inside the list, which ends with a null name.
        let item = unsafe { &*next };
        let Some(name) = text(item.if_name).filter(|_| item.if_index != 0) else { break };
        all.push((item.if_index, name));
        // SAFETY: not behind the last element.
        next = unsafe { next.add(1) };
    }
    // SAFETY: the list of the call above.
    unsafe { libc::if_freenameindex(list) };
    Ok(all)
}

/// The number of an interface.
pub fn if_nametoindex(name: &CStr) -> Option<u32> {
    // SAFETY: a string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}

/// The name of an interface.
pub fn if_indextoname(index: u32) -> io::Result<Vec<u8>> {
    let mut buffer = [0u8; libc::IF_NAMESIZE];
    // SAFETY: room for a name.
    let name = unsafe { libc::if_indextoname(index, buffer.as_mut_ptr().cast()) };
    text(name).ok_or_else(io::Error::last_os_error)
}
