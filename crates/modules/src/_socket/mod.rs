//! `_socket`: sockets and the resolver.
//!
//! [`address`] turns Python's addresses into the system's and back, [`wait`]
//! gives every call its timeout and its signals, [`socket`] is the type.

mod address;
mod arguments;
mod capi;
mod constants;
mod message;
mod resolve;
pub(crate) mod socket;
pub(crate) mod wait;

use std::cell::Cell;

use host::{resolve as names, resolve::Hints, socket as calls};
use macros::pymodule;
use object::{
    Args, AsObject, Bytes, Int, IntoObject, Link, List, Module, Obj, Ref, Result, Str, Thread,
    Tuple, exceptions, raise, types,
};

use self::{
    arguments::{count, int_or, unsigned},
    socket::Socket,
};
use crate::{
    support::{self, Buffer, check, decode_fs},
    sys::audit,
};

/// What belongs to the interpreter.
struct Settings {
    /// Nanoseconds; -1 waits for ever.
    default_timeout: Cell<i64>,
    gaierror: Link,
    herror: Link,
}

impl Default for Settings {
    fn default() -> Self {
        let default_timeout = Cell::new(-1);
        Settings { default_timeout, gaierror: Link::null(), herror: Link::null() }
    }
}

impl Settings {
    fn of(th: Thread<'_>) -> &Settings {
        th.interp().extensions.get::<Settings>()
    }
}

/// A timeout in seconds; `None` for none.
fn seconds(th: Thread<'_>, timeout: i64) -> Result {
    if timeout < 0 {
        return Ok(types::none().own());
    }
    (timeout as f64 / 1e9).into_object(th)
}

/// A descriptor as a C `long`.
fn descriptor(th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
    Ok(Int::index_to_i64(th, object)? as i32)
}

fn new_error(th: Thread<'_>, name: &str) -> Result {
    let bases = Tuple::from_objs(th, &[exceptions::types::OSError().obj()])?;
    support::new_exception(th, &*Str::new(th, name)?, &bases)
}

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[pymodule]
pub mod _socket {
    use super::*;

    /// close(integer) -> None
    ///
    /// Close an integer socket file descriptor.  This is like os.close(), but for
    /// sockets; on some platforms os.close() won't work for socket file descriptors.
    #[sig = "(object, /)"]
    fn close(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let fd = descriptor(th, object)?;
        match th.allow_threads(|| host::fs::close(fd)) {
            Err(error) if error.raw_os_error() == Some(libc::ECONNRESET) => Ok(()),
            result => check(th, result),
        }
    }

    /// dup(integer) -> integer
    ///
    /// Duplicate an integer socket file descriptor.  This is like os.dup(), but for
    /// sockets; on some platforms os.dup() won't work for socket file descriptors.
    #[sig = "(object, /)"]
    fn dup(th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
        let fd = descriptor(th, object)?;
        check(th, host::fs::dup(fd))
    }

    /// socketpair([family[, type [, proto]]]) -> (socket object, socket object)
    ///
    /// Create a pair of socket objects from the sockets returned by the platform
    /// socketpair() function.
    /// The arguments are the same as for socket() except the default family is
    /// AF_UNIX if defined on the platform; otherwise, the default is AF_INET.
    #[sig = "(*args)"]
    fn socketpair(th: Thread<'_>, args: Args<'_>) -> Result<(Ref<Socket>, Ref<Socket>)> {
        count(th, "socketpair", args, 0, 3)?;
        let family = int_or(th, args.first(), libc::AF_UNIX)?;
        let kind = int_or(th, args.get(1), libc::SOCK_STREAM)?;
        let proto = int_or(th, args.get(2), 0)?;
        let made = th.allow_threads(|| calls::socketpair(family, kind | libc::SOCK_CLOEXEC, proto));
        let (a, b) = check(th, made)?;
        let first = Socket::from_fd(th, a, family, kind, proto);
        let second = Socket::from_fd(th, b, family, kind, proto);
        Ok((first?, second?))
    }

    /// getdefaulttimeout() -> timeout
    ///
    /// Returns the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[sig = "()"]
    fn getdefaulttimeout(th: Thread<'_>) -> Result {
        seconds(th, Settings::of(th).default_timeout.get())
    }

    /// setdefaulttimeout(timeout)
    ///
    /// Set the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[sig = "(object, /)"]
    fn setdefaulttimeout(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let timeout = wait::parse_timeout(th, object)?;
        Settings::of(th).default_timeout.set(timeout);
        Ok(())
    }

    /// gethostname() -> string
    ///
    /// Return the current host name.
    #[sig = "()"]
    fn gethostname(th: Thread<'_>) -> Result<Ref<Str>> {
        audit(th, "socket.gethostname", &[])?;
        decode_fs(th, &check(th, names::gethostname())?)
    }

    /// sethostname(name)
    ///
    /// Sets the hostname to name.
    #[sig = "(*args)"]
    fn sethostname(th: Thread<'_>, args: Args<'_>) -> Result<()> {
        count(th, "sethostname", args, 1, 1)?;
        let [name] = args else { return Ok(()) };
        let bytes = match name.downcast::<Bytes>() {
            Some(bytes) => bytes.as_bytes().to_vec(),
            None => arguments::fs_name(th, *name)?.into_bytes(),
        };
        audit(th, "socket.sethostname", &[*name])?;
        check(th, calls::sethostname(&bytes))
    }

    /// gethostbyname(host) -> address
    ///
    /// Return the IP address (a string of the form '255.255.255.255') for a host.
    #[sig = "(*args)"]
    fn gethostbyname(th: Thread<'_>, args: Args<'_>) -> Result {
        resolve::gethostbyname(th, args)
    }

    /// gethostbyname_ex(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[sig = "(*args)"]
    fn gethostbyname_ex(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref, Ref)> {
        resolve::gethostbyname_ex(th, args)
    }

    /// gethostbyaddr(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[sig = "(*args)"]
    fn gethostbyaddr(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref, Ref)> {
        resolve::gethostbyaddr(th, args)
    }

    /// getaddrinfo(host, port [, family, type, proto, flags])
    ///     -> list of (family, type, proto, canonname, sockaddr)
    ///
    /// Resolve host and port into addrinfo struct.
    #[sig = "(host, port, family=0, type=0, proto=0, flags=0)"]
    fn getaddrinfo(
        th: Thread<'_>,
        host: Obj<'_>,
        port: Obj<'_>,
        family: i32,
        r#type: i32,
        proto: i32,
        flags: i32,
    ) -> Result<Ref<List>> {
        let hints = Hints { family, kind: r#type, protocol: proto, flags };
        resolve::getaddrinfo(th, host, port, hints)
    }

    /// getnameinfo(sockaddr, flags) --> (host, port)
    ///
    /// Get host and port for a sockaddr.
    #[sig = "(*args)"]
    fn getnameinfo(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref)> {
        resolve::getnameinfo(th, args)
    }

    /// getservbyname(servicename[, protocolname]) -> integer
    ///
    /// Return a port number from a service name and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[sig = "(*args)"]
    fn getservbyname(th: Thread<'_>, args: Args<'_>) -> Result<u16> {
        resolve::getservbyname(th, args)
    }

    /// getservbyport(port[, protocolname]) -> string
    ///
    /// Return the service name from a port number and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[sig = "(*args)"]
    fn getservbyport(th: Thread<'_>, args: Args<'_>) -> Result {
        resolve::getservbyport(th, args)
    }

    /// getprotobyname(name) -> integer
    ///
    /// Return the protocol number for the named protocol.  (Rarely used.)
    #[sig = "(*args)"]
    fn getprotobyname(th: Thread<'_>, args: Args<'_>) -> Result<i32> {
        count(th, "getprotobyname", args, 1, 1)?;
        let [name] = args else { return Ok(0) };
        let name = arguments::c_text(th, "getprotobyname", 1, *name)?;
        match names::getprotobyname(&name) {
            Some(number) => Ok(number),
            None => raise!(th, OSError, "protocol not found"),
        }
    }

    /// Convert a 16-bit unsigned integer from network to host byte order.
    #[sig = "(integer, /)"]
    fn ntohs(th: Thread<'_>, integer: Obj<'_>) -> Result<u16> {
        Ok(u16::from_be(unsigned(th, integer, 16, "uint16_t")? as u16))
    }

    /// Convert a 32-bit unsigned integer from network to host byte order.
    #[sig = "(integer, /)"]
    fn ntohl(th: Thread<'_>, integer: Obj<'_>) -> Result<u32> {
        Ok(u32::from_be(unsigned(th, integer, 32, "uint32_t")?))
    }

    /// Convert a 16-bit unsigned integer from host to network byte order.
    #[sig = "(integer, /)"]
    fn htons(th: Thread<'_>, integer: Obj<'_>) -> Result<u16> {
        Ok((unsigned(th, integer, 16, "uint16_t")? as u16).to_be())
    }

    /// Convert a 32-bit unsigned integer from host to network byte order.
    #[sig = "(integer, /)"]
    fn htonl(th: Thread<'_>, integer: Obj<'_>) -> Result<u32> {
        Ok(unsigned(th, integer, 32, "uint32_t")?.to_be())
    }

    /// Convert an IP address in string format (123.45.67.89) to the 32-bit packed binary format used in low-level network functions.
    #[sig = "(ip_addr, /)"]
    fn inet_aton(th: Thread<'_>, ip_addr: Obj<'_>) -> Result<Ref<Bytes>> {
        let Some(text) = ip_addr.downcast::<Str>() else {
            let got = if ip_addr.is_none() { "None" } else { ip_addr.type_name() };
            raise!(th, TypeError, "inet_aton() argument must be str, not {got}");
        };
        let name = arguments::c_text(th, "inet_aton", 1, text.obj())?;
        match names::inet_aton(&name) {
            Some(bytes) => Bytes::new(th, &bytes),
            None => raise!(th, OSError, "illegal IP address string passed to inet_aton"),
        }
    }

    /// Convert an IP address from 32-bit packed binary format to string format.
    #[sig = "(packed_ip, /)"]
    fn inet_ntoa(th: Thread<'_>, packed_ip: Obj<'_>) -> Result<String> {
        let packed = Buffer::readable(th, packed_ip)?;
        if packed.len() != 4 {
            raise!(th, OSError, "packed IP wrong length for inet_ntoa");
        }
        Ok(names::inet_ntop(packed.bytes()))
    }

    /// inet_pton(af, ip) -> packed IP address string
    ///
    /// Convert an IP address from string format to a packed string suitable
    /// for use with low-level network functions.
    #[sig = "(*args)"]
    fn inet_pton(th: Thread<'_>, args: Args<'_>) -> Result<Ref<Bytes>> {
        count(th, "inet_pton", args, 2, 2)?;
        let family = int_or(th, args.first(), 0)?;
        let name = match args.get(1) {
            Some(name) => arguments::c_text(th, "inet_pton", 2, *name)?,
            None => Default::default(),
        };
        match check(th, names::inet_pton(family, &name))? {
            Some(bytes) => Bytes::new(th, &bytes),
            None => raise!(th, OSError, "illegal IP address string passed to inet_pton"),
        }
    }

    /// inet_ntop(af, packed_ip) -> string formatted IP address
    ///
    /// Convert a packed IP address of the given family to string format.
    #[sig = "(*args)"]
    fn inet_ntop(th: Thread<'_>, args: Args<'_>) -> Result<String> {
        count(th, "inet_ntop", args, 2, 2)?;
        let family = int_or(th, args.first(), 0)?;
        let [_, packed] = args else { return Ok(String::new()) };
        let packed = Buffer::readable(th, *packed)?;
        let size = match family {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            family => raise!(th, ValueError, "unknown address family {family}"),
        };
        if packed.len() != size {
            raise!(th, ValueError, "invalid length of packed IP address string");
        }
        Ok(names::inet_ntop(packed.bytes()))
    }

    /// if_nameindex()
    ///
    /// Returns a list of network interface information (index, name) tuples.
    #[sig = "()"]
    fn if_nameindex(th: Thread<'_>) -> Result<Ref<List>> {
        let list = List::new(th)?;
        for (index, name) in check(th, names::interfaces())? {
            list.push(th, (index, decode_fs(th, &name)?).into_object(th)?)?;
        }
        Ok(list)
    }

    /// Returns the interface index corresponding to the interface name if_name.
    #[sig = "(oname, /)"]
    fn if_nametoindex(th: Thread<'_>, oname: Obj<'_>) -> Result<u32> {
        let name = arguments::fs_name(th, oname)?;
        match names::if_nametoindex(&name) {
            Some(index) => Ok(index),
            None => Err(support::os_error(th, &std::io::Error::last_os_error())),
        }
    }

    /// Returns the interface name corresponding to the interface index if_index.
    #[sig = "(if_index, /)"]
    fn if_indextoname(th: Thread<'_>, if_index: Obj<'_>) -> Result<Ref<Str>> {
        let index = unsigned(th, if_index, 32, "unsigned int")?;
        decode_fs(th, &check(th, names::if_indextoname(index))?)
    }

    /// CMSG_LEN(length) -> control message length
    ///
    /// Return the total length, without trailing padding, of an ancillary
    /// data item with associated data of the given length.
    #[sig = "(*args)"]
    #[name = "CMSG_LEN"]
    fn cmsg_len(th: Thread<'_>, args: Args<'_>) -> Result<usize> {
        cmsg(th, args, "CMSG_LEN", calls::cmsg_len)
    }

    /// CMSG_SPACE(length) -> buffer size
    ///
    /// Return the buffer size needed for recvmsg() to receive an ancillary
    /// data item with associated data of the given length, along with any
    /// trailing padding.
    #[sig = "(*args)"]
    #[name = "CMSG_SPACE"]
    fn cmsg_space(th: Thread<'_>, args: Args<'_>) -> Result<usize> {
        cmsg(th, args, "CMSG_SPACE", calls::cmsg_space)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, constants::CONSTANTS)?;
        module.set(th, "has_ipv6", types::bool_(true))?;
        module.set(th, "BDADDR_ANY", Str::new(th, "00:00:00:00:00:00")?.obj())?;
        module.set(th, "BDADDR_LOCAL", Str::new(th, "00:00:00:FF:FF:FF")?.obj())?;
        module.set(th, "error", exceptions::types::OSError().obj())?;
        module.set(th, "timeout", exceptions::types::TimeoutError().obj())?;
        let settings = Settings::of(th);
        for (name, link) in [("herror", &settings.herror), ("gaierror", &settings.gaierror)] {
            let class = match link.get() {
                Some(class) => class,
                None => new_error(th, &format!("socket.{name}"))?,
            };
            module.set(th, name, class.obj())?;
            link.set(Some(class));
        }
        module.add_type::<Socket>(th)?;
        module.set(th, "SocketType", <Socket as object::PyStruct>::type_object().obj())?;
        module.set(th, "CAPI", capi::capsule(th)?.obj())
    }
}

/// `CMSG_LEN` and `CMSG_SPACE`.
fn cmsg(
    th: Thread<'_>,
    args: Args<'_>,
    name: &str,
    size: fn(usize) -> Option<usize>,
) -> Result<usize> {
    count(th, name, args, 1, 1)?;
    let length = arguments::size_or(th, args.first(), 0)?;
    match usize::try_from(length).ok().and_then(size) {
        Some(size) => Ok(size),
        None => raise!(th, OverflowError, "{name}() argument out of range"),
    }
}
