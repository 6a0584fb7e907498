//! Sockets: the system calls, on descriptors and raw addresses.
//!
//! An [`Address`] is the bytes of a `sockaddr` and their count. What they mean
//! for a family is the caller's business, except where the system's own
//! functions take them.

use std::io;

use crate::{
    call::{calls, check, values},
    fs::zeroed,
};

/// Bytes in the largest address.
pub const ADDRESS_MAX: usize = 128;

/// A `sockaddr` of any family.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Address {
    bytes: [u8; ADDRESS_MAX],
    len: u32,
}

impl Address {
    /// Room for an answer.
    pub const fn empty() -> Address {
        Address { bytes: [0; ADDRESS_MAX], len: 0 }
    }

    /// An address of `family` whose data is `rest`, behind the family.
    pub fn new(family: i32, rest: &[u8]) -> Address {
        let mut address = Address::empty();
        let (head, tail) = address.bytes.split_at_mut(2);
        head.copy_from_slice(&(family as u16).to_ne_bytes());
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        address.len = (2 + rest.len()).min(ADDRESS_MAX) as u32;
        address
    }

    /// Copy a `sockaddr`.
    ///
    /// # Safety
    ///
    /// `ptr` points to `len` bytes.
    pub(crate) unsafe fn copy_from(ptr: *const libc::sockaddr, len: u32) -> Address {
        let mut address = Address::empty();
        let len = (len as usize).min(ADDRESS_MAX);
        // SAFETY: the caller's promise; both are at least that large.
        unsafe { std::ptr::copy_nonoverlapping(ptr.cast(), address.bytes.as_mut_ptr(), len) };
        address.len = len as u32;
        address
    }

    /// The family, if there is an address.
    pub fn family(&self) -> Option<i32> {
        (self.len >= 2).then(|| i32::from(u16::from_ne_bytes([self.bytes[0], self.bytes[1]])))
    }

    /// What comes behind the family.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(2..self.len as usize).unwrap_or_default()
    }

    /// As [`rest`](Self::rest), padded with zeros to the full size.
    pub fn padded(&self) -> &[u8; ADDRESS_MAX] {
        &self.bytes
    }

    fn ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }

    /// The `sockaddr` and its length.
    pub(crate) fn raw(&self) -> (*const libc::sockaddr, u32) {
        (self.ptr(), self.len)
    }

    /// Let `f` write an address.
    fn filled<T: crate::call::Status>(
        f: impl FnOnce(*mut libc::sockaddr, *mut u32) -> T,
    ) -> io::Result<(T, Address)> {
        let mut address = Address::empty();
        let mut len = ADDRESS_MAX as u32;
        let value = check(f(address.bytes.as_mut_ptr().cast(), &mut len))?;
        address.len = len.min(ADDRESS_MAX as u32);
        Ok((value, address))
    }
}

values! {
    /// A new socket.
    fn socket(family: i32, kind: i32, protocol: i32) -> i32 = libc::socket(family, kind, protocol);
    /// Receive into a buffer.
    fn recv(fd: i32, buffer: &mut [u8], flags: i32) -> usize = libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), flags);
    /// Send a buffer.
    fn send(fd: i32, data: &[u8], flags: i32) -> usize = libc::send(fd, data.as_ptr().cast(), data.len(), flags);
    /// Send a buffer to an address.
    fn sendto(fd: i32, data: &[u8], flags: i32, to: &Address) -> usize = libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, to.ptr(), to.len);
}

calls! {
    /// Connect to an address.
    fn connect(fd: i32, to: &Address) = libc::connect(fd, to.ptr(), to.len);
    /// Give the socket an address.
    fn bind(fd: i32, to: &Address) = libc::bind(fd, to.ptr(), to.len);
    /// Be ready for connections.
    fn listen(fd: i32, backlog: i32) = libc::listen(fd, backlog);
    /// Shut one or both directions down.
    fn shutdown(fd: i32, how: i32) = libc::shutdown(fd, how);
    /// Set an option to an integer.
    fn set_option_int(fd: i32, level: i32, option: i32, value: &i32) = libc::setsockopt(fd, level, option, std::ptr::from_ref(value).cast(), 4);
    /// Set an option to bytes.
    fn set_option(fd: i32, level: i32, option: i32, value: &[u8]) = libc::setsockopt(fd, level, option, value.as_ptr().cast(), value.len() as u32);
    /// Set an option to a length without a value.
    fn set_option_null(fd: i32, level: i32, option: i32, len: u32) = libc::setsockopt(fd, level, option, std::ptr::null(), len);
    /// Set the name of this machine.
    fn sethostname(name: &[u8]) = libc::sethostname(name.as_ptr().cast(), name.len());
}

/// A pair of connected sockets.
pub fn socketpair(family: i32, kind: i32, protocol: i32) -> io::Result<(i32, i32)> {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::socketpair(family, kind, protocol, fds.as_mut_ptr()) })?;
    Ok((fds[0], fds[1]))
}

/// The next connection of a listening socket, closed on exec.
pub fn accept(fd: i32) -> io::Result<(i32, Address)> {
    // SAFETY: `filled` gives room for an address.
    Address::filled(|ptr, len| unsafe { libc::accept4(fd, ptr, len, libc::SOCK_CLOEXEC) })
}

/// The socket's own address.
pub fn getsockname(fd: i32) -> io::Result<Address> {
    // SAFETY: `filled` gives room for an address.
    Address::filled(|ptr, len| unsafe { libc::getsockname(fd, ptr, len) })
        .map(|(_, address)| address)
}

/// The address of the other side.
pub fn getpeername(fd: i32) -> io::Result<Address> {
    // SAFETY: `filled` gives room for an address.
    Address::filled(|ptr, len| unsafe { libc::getpeername(fd, ptr, len) })
        .map(|(_, address)| address)
}

/// Receive at most `size` bytes into the spare room of `buffer`.
pub fn recv_append(fd: i32, buffer: &mut Vec<u8>, size: usize, flags: i32) -> io::Result<usize> {
    let spare = buffer.spare_capacity_mut();
    let (data, size) = (spare.as_mut_ptr().cast(), spare.len().min(size));
    // SAFETY: room for `size` bytes.
    let n = check(unsafe { libc::recv(fd, data, size, flags) })? as usize;
    // With MSG_TRUNC the message may be longer than the room.
    let len = buffer.len() + n.min(size);
    // SAFETY: the call has written that many bytes.
    unsafe { buffer.set_len(len) };
    Ok(n)
}

/// Receive into the spare room of `buffer`, and say from where.
pub fn recvfrom_append(fd: i32, buffer: &mut Vec<u8>, flags: i32) -> io::Result<Address> {
    let spare = buffer.spare_capacity_mut();
    let (data, size) = (spare.as_mut_ptr().cast(), spare.len());
    // SAFETY: `filled` gives room for an address; `data` for `size` bytes.
    let (n, address) =
        Address::filled(|ptr, len| unsafe { libc::recvfrom(fd, data, size, flags, ptr, len) })?;
    let len = buffer.len() + (n as usize).min(size);
    // SAFETY: the call has written that many bytes.
    unsafe { buffer.set_len(len) };
    Ok(address)
}

/// Receive into a buffer, and say from where.
pub fn recvfrom(fd: i32, buffer: &mut [u8], flags: i32) -> io::Result<(usize, Address)> {
    let (data, size) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: `filled` gives room for an address; `data` for `size` bytes.
    let (n, address) =
        Address::filled(|ptr, len| unsafe { libc::recvfrom(fd, data, size, flags, ptr, len) })?;
    Ok((n as usize, address))
}

/// An option that is an integer.
pub fn option_int(fd: i32, level: i32, option: i32) -> io::Result<i32> {
    let (mut value, mut len) = (0i32, 4);
    // SAFETY: room for an integer.
    check(unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &mut len) })?;
    Ok(value)
}

/// An option of any size; how many bytes it has.
pub fn option(fd: i32, level: i32, option: i32, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = buffer.len() as u32;
    let ptr = buffer.as_mut_ptr().cast();
    // SAFETY: room for `len` bytes.
    check(unsafe { libc::getsockopt(fd, level, option, ptr, &mut len) })?;
    Ok(len as usize)
}

/// Wait until a descriptor is readable or, for `write`, writable; whether the
/// time was up before. `None` waits for ever.
pub fn wait(fd: i32, write: bool, connect: bool, timeout_ms: Option<i32>) -> io::Result<bool> {
    let mut events = if write { libc::POLLOUT } else { libc::POLLIN };
    if connect {
        events |= libc::POLLERR;
    }
    let mut fds = [crate::poll::PollFd { fd, events, revents: 0 }];
    crate::poll::poll(&mut fds, timeout_ms.unwrap_or(-1)).map(|ready| ready == 0)
}

/// One message with ancillary data, as `recvmsg` gives it.
pub struct Message {
    pub len: usize,
    pub flags: i32,
    pub address: Address,
    /// Level, type, data. The last one may have been cut off.
    pub ancillary: Vec<(i32, i32, Vec<u8>)>,
}

/// `CMSG_LEN` without overflow.
pub fn cmsg_len(len: usize) -> Option<usize> {
    let total = len.checked_add(CMSG_HEADER)?;
    (total <= i32::MAX as usize).then_some(total)
}

/// `CMSG_SPACE` without overflow.
pub fn cmsg_space(len: usize) -> Option<usize> {
    // CPython asks for room for one more item.
    (len <= i32::MAX as usize - CMSG_HEADER - 8).then_some(len.next_multiple_of(8) + CMSG_HEADER)
}

/// `cmsghdr`: the length (8 bytes), level and type.
const CMSG_HEADER: usize = 16;

/// Buffers that are aligned for ancillary data.
fn aligned(len: usize) -> io::Result<Vec<u64>> {
    let mut buffer = Vec::new();
    let words = len.div_ceil(8);
    buffer.try_reserve_exact(words).map_err(|_| io::ErrorKind::OutOfMemory)?;
    buffer.resize(words, 0);
    Ok(buffer)
}

/// Receive into several buffers, with `ancillary` bytes of ancillary data.
pub fn recvmsg(
    fd: i32,
    buffers: &mut [io::IoSliceMut<'_>],
    ancillary: usize,
    flags: i32,
) -> io::Result<Message> {
    let mut address = Address::empty();
    let mut control = aligned(ancillary)?;
    let mut header: libc::msghdr = zeroed();
    header.msg_name = address.bytes.as_mut_ptr().cast();
    header.msg_namelen = ADDRESS_MAX as u32;
    header.msg_iov = buffers.as_mut_ptr().cast();
    header.msg_iovlen = buffers.len() as _;
    if ancillary > 0 {
        header.msg_control = control.as_mut_ptr().cast();
    }
    header.msg_controllen = ancillary as _;
    // SAFETY: a complete structure over memory that lives here.
    let len = check(unsafe { libc::recvmsg(fd, &mut header, flags) })?;
    address.len = header.msg_namelen.min(ADDRESS_MAX as u32);
    let used = header.msg_controllen.min(ancillary);
    let bytes: Vec<u8> = control.iter().flat_map(|word| word.to_ne_bytes()).take(used).collect();
    Ok(Message {
        len: len as usize,
        flags: header.msg_flags,
        address,
        ancillary: parse_ancillary(&bytes),
    })
}

fn parse_ancillary(mut bytes: &[u8]) -> Vec<(i32, i32, Vec<u8>)> {
    let mut items = Vec::new();
    while let Some((header, rest)) = bytes.split_at_checked(CMSG_HEADER) {
        let mut len = [0; 8];
        let (mut level, mut kind) = ([0; 4], [0; 4]);
        len.copy_from_slice(&header[..8]);
        level.copy_from_slice(&header[8..12]);
        kind.copy_from_slice(&header[12..16]);
        let Some(len) = usize::from_ne_bytes(len).checked_sub(CMSG_HEADER) else { break };
        let data = rest.get(..len.min(rest.len())).unwrap_or_default();
        items.push((i32::from_ne_bytes(level), i32::from_ne_bytes(kind), data.to_vec()));
        let Some(next) = len.checked_next_multiple_of(8).and_then(|len| rest.get(len..)) else {
            break;
        };
        bytes = next;
    }
    items
}

/// Ancillary data in the form that `sendmsg` wants: level, type and data each.
pub fn build_ancillary(items: &[(i32, i32, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (level, kind, data) in items {
        bytes.extend((data.len() + CMSG_HEADER).to_ne_bytes());
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(*data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

/// Send several buffers, with ancillary data from [`build_ancillary`].
pub fn sendmsg(
    fd: i32,
    buffers: &[io::IoSlice<'_>],
    ancillary: &[u8],
    flags: i32,
    to: Option<&Address>,
) -> io::Result<usize> {
    let mut control = aligned(ancillary.len())?;
    for (word, chunk) in control.iter_mut().zip(ancillary.chunks(8)) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_ne_bytes(bytes);
    }
    let mut header: libc::msghdr = zeroed();
    if let Some(to) = to {
        header.msg_name = to.bytes.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len;
    }
    header.msg_iov = buffers.as_ptr().cast_mut().cast();
    header.msg_iovlen = buffers.len() as _;
    if !ancillary.is_empty() {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = ancillary.len() as _;
    }
    // SAFETY: a complete structure over memory that lives during the call.
    check(unsafe { libc::sendmsg(fd, &header, flags) }).map(|n| n as usize)
}

/// The number of an interface.
pub fn interface_index(fd: i32, name: &[u8]) -> io::Result<i32> {
    let mut request: libc::ifreq = zeroed();
    for (to, from) in request.ifr_name.iter_mut().zip(name.iter().take(15)) {
        *to = *from as libc::c_char;
    }
    // SAFETY: a complete structure with room for the answer.
    check(unsafe { libc::ioctl(fd, libc::SIOCGIFINDEX, &raw mut request) })?;
    // SAFETY: the call filled this field of the union.
    Ok(unsafe { request.ifr_ifru.ifru_ifindex })
}
