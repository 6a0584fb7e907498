//! Names and addresses of hosts.

use std::ffi::CString;

use host::resolve::{self as sys, Found, Hints, HostEntry, ResolveError};
use object::{
    Args, AsObject, Bytes, Int, IntoObject, List, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, raise, types,
};

use super::{
    Settings,
    address::{self, inet6, ip_bytes},
    arguments::{self, count, encode_idna, int_or},
};
use crate::{
    support::{decode_fs, int_arg, os_error},
    sys::audit,
};

/// Raise `gaierror`, or `OSError`.
pub(super) fn raise_gai(th: Thread<'_>, error: ResolveError) -> Raised {
    match error {
        ResolveError::System(error) => os_error(th, &error),
        ResolveError::Code(code) => {
            raise_pair(th, Settings::of(th).gaierror.get(), code, sys::gai_error(code))
        }
    }
}

fn raise_host(th: Thread<'_>, error: ResolveError) -> Raised {
    match error {
        ResolveError::System(error) => os_error(th, &error),
        ResolveError::Code(code) => {
            raise_pair(th, Settings::of(th).herror.get(), code, sys::host_error(code))
        }
    }
}

/// Raise `class(code, text)`.
fn raise_pair(th: Thread<'_>, class: Option<Ref>, code: i32, text: String) -> Raised {
    let make = || -> Result {
        let (code, text) = (code.into_object(th)?, text.into_object(th)?);
        match class {
            Some(class) => class.obj().call(th, &[code.obj(), text.obj()]),
            None => raise!(th, OSError, "{}", &*text.obj().str(th)?),
        }
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// The service argument of `getaddrinfo`.
fn service(th: Thread<'_>, port: Obj<'_>) -> Result<Option<CString>> {
    let bytes = if port.is_none() {
        return Ok(None);
    } else if Int::is_int(port) {
        let index = Int::index(th, port)?;
        index.obj().str(th)?.to_utf8(th)?.as_bytes().to_vec()
    } else if let Some(text) = port.downcast::<Str>() {
        text.to_utf8(th)?.as_bytes().to_vec()
    } else if let Some(bytes) = port.downcast::<Bytes>() {
        bytes.as_bytes().to_vec()
    } else {
        raise!(th, OSError, "Int or String expected");
    };
    Ok(Some(until_nul(bytes)))
}

/// What C sees of a string that may contain a null.
fn until_nul(mut bytes: Vec<u8>) -> CString {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    CString::new(bytes).unwrap_or_default()
}

pub(super) fn getaddrinfo(
    th: Thread<'_>,
    host: Obj<'_>,
    port: Obj<'_>,
    hints: Hints,
) -> Result<Ref<List>> {
    let name = if host.is_none() {
        None
    } else if let Some(text) = host.downcast::<Str>() {
        Some(until_nul(encode_idna(th, text)?))
    } else if let Some(bytes) = host.downcast::<Bytes>() {
        Some(until_nul(bytes.as_bytes().to_vec()))
    } else {
        raise!(th, TypeError, "getaddrinfo() argument 1 must be string or None");
    };
    let service = service(th, port)?;
    let number = |value: i32| value.into_object(th);
    audit(
        th,
        "socket.getaddrinfo",
        &[
            host,
            port,
            number(hints.family)?.obj(),
            number(hints.kind)?.obj(),
            number(hints.protocol)?.obj(),
            number(hints.flags)?.obj(),
        ],
    )?;
    let found = th.allow_threads(|| sys::getaddrinfo(name.as_deref(), service.as_deref(), hints));
    let list = List::new(th)?;
    for entry in found.map_err(|error| raise_gai(th, error))? {
        list.push(th, found_to_python(th, entry)?)?;
    }
    Ok(list)
}

fn found_to_python(th: Thread<'_>, found: Found) -> Result {
    let address = address::to_python(th, &found.address, -1)?;
    let canonical = decode_fs(th, &found.canonical.unwrap_or_default())?;
    let items = vec![
        found.family.into_object(th)?,
        found.kind.into_object(th)?,
        found.protocol.into_object(th)?,
        canonical.upcast(),
        address,
    ];
    Tuple::from_refs(th, items).map(Ref::upcast)
}

pub(super) fn getnameinfo(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref)> {
    count(th, "getnameinfo", args, 2, 2)?;
    let [target, flags] = args else { return Ok((types::none().own(), types::none().own())) };
    let flags = int_arg(th, *flags)?;
    let Some(tuple) = target.downcast::<Tuple>() else {
        raise!(th, TypeError, "getnameinfo() argument 1 must be a tuple");
    };
    const ILLEGAL: &str = "getnameinfo(): illegal sockaddr argument";
    let [host, port, rest @ ..] = tuple.items() else { raise!(th, TypeError, "{ILLEGAL}") };
    let Some(name) = host.downcast::<Str>().filter(|_| rest.len() <= 2) else {
        raise!(th, TypeError, "{ILLEGAL}");
    };
    let name = until_nul(name.to_utf8(th)?.as_bytes().to_vec());
    let port = int_arg(th, *port)?;
    let number = |index: usize| rest.get(index).map_or(Ok(0), |item| arguments::masked(th, *item));
    let (flow, scope) = (number(0)?, number(1)?);
    if flow > 0xfffff {
        raise!(th, OverflowError, "getnameinfo(): flowinfo must be 0-1048575.");
    }
    audit(th, "socket.getnameinfo", &[*target])?;
    let service = until_nul(port.to_string().into_bytes());
    let hints = Hints {
        family: libc::AF_UNSPEC,
        kind: libc::SOCK_DGRAM,
        protocol: 0,
        flags: libc::AI_NUMERICHOST,
    };
    let found = th.allow_threads(|| sys::getaddrinfo(Some(&name), Some(&service), hints));
    let found = found.map_err(|error| raise_gai(th, error))?;
    let [found] = found.as_slice() else {
        raise!(th, OSError, "sockaddr resolved to multiple addresses");
    };
    let address = match found.family {
        libc::AF_INET if !rest.is_empty() => raise!(th, OSError, "IPv4 sockaddr must be 2 tuple"),
        libc::AF_INET6 => inet6(&ip_bytes(&found.address), port as u16, flow, scope),
        _ => found.address,
    };
    let names = th.allow_threads(|| sys::getnameinfo(&address, flags));
    let (host, service) = names.map_err(|error| raise_gai(th, error))?;
    Ok((decode_fs(th, &host)?.upcast(), decode_fs(th, &service)?.upcast()))
}

/// `(name, aliases, addresses)`.
fn entry_to_python(th: Thread<'_>, entry: &HostEntry) -> Result<(Ref, Ref, Ref)> {
    let aliases = List::new(th)?;
    for alias in &entry.aliases {
        aliases.push(th, decode_fs(th, alias)?.upcast())?;
    }
    let addresses = List::new(th)?;
    for address in &entry.addresses {
        addresses.push(th, sys::inet_ntop(address).into_object(th)?)?;
    }
    Ok((decode_fs(th, &entry.name)?.upcast(), aliases.upcast(), addresses.upcast()))
}

pub(super) fn gethostbyname(th: Thread<'_>, args: Args<'_>) -> Result {
    count(th, "gethostbyname", args, 1, 1)?;
    let [host] = args else { return Ok(types::none().own()) };
    let name = arguments::looked_up(th, "gethostbyname", *host)?;
    audit(th, "socket.gethostbyname", &[*host])?;
    let address = address::resolve(th, &name, libc::AF_INET)?;
    sys::inet_ntop(&ip_bytes(&address)).into_object(th)
}

pub(super) fn gethostbyname_ex(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref, Ref)> {
    count(th, "gethostbyname_ex", args, 1, 1)?;
    let [host] = args else { raise!(th, TypeError, "gethostbyname_ex") };
    let name = arguments::looked_up(th, "gethostbyname_ex", *host)?;
    audit(th, "socket.gethostbyname", &[*host])?;
    address::resolve(th, &name, libc::AF_INET)?;
    let entry = th.allow_threads(|| sys::gethostbyname(&name));
    entry_to_python(th, &entry.map_err(|error| raise_host(th, error))?)
}

pub(super) fn gethostbyaddr(th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref, Ref)> {
    count(th, "gethostbyaddr", args, 1, 1)?;
    let [host] = args else { raise!(th, TypeError, "gethostbyaddr") };
    let name = arguments::looked_up(th, "gethostbyaddr", *host)?;
    audit(th, "socket.gethostbyaddr", &[*host])?;
    let address = address::resolve(th, &name, libc::AF_UNSPEC)?;
    let family = address.family().unwrap_or_default();
    if family != libc::AF_INET && family != libc::AF_INET6 {
        return Err(address::unsupported(th));
    }
    let ip = ip_bytes(&address);
    let entry = th.allow_threads(|| sys::gethostbyaddr(&ip, family));
    entry_to_python(th, &entry.map_err(|error| raise_host(th, error))?)
}

fn protocol_arg(th: Thread<'_>, function: &str, arg: Option<&Obj<'_>>) -> Result<Option<CString>> {
    arg.map(|arg| arguments::c_text(th, function, 2, *arg)).transpose()
}

pub(super) fn getservbyname(th: Thread<'_>, args: Args<'_>) -> Result<u16> {
    count(th, "getservbyname", args, 1, 2)?;
    let [name, ..] = args else { return Ok(0) };
    let name_ = arguments::c_text(th, "getservbyname", 1, *name)?;
    let protocol = protocol_arg(th, "getservbyname", args.get(1))?;
    let none = types::none();
    audit(th, "socket.getservbyname", &[*name, args.get(1).copied().unwrap_or(none)])?;
    match sys::getservbyname(&name_, protocol.as_deref()) {
        Some(port) => Ok(port),
        None => raise!(th, OSError, "service/proto not found"),
    }
}

pub(super) fn getservbyport(th: Thread<'_>, args: Args<'_>) -> Result {
    count(th, "getservbyport", args, 1, 2)?;
    let port = int_or(th, args.first(), 0)?;
    let protocol = protocol_arg(th, "getservbyport", args.get(1))?;
    let port = arguments::port(th, port.into_object(th)?.obj(), "getservbyport: port")?;
    let number = port.into_object(th)?;
    let none = types::none();
    audit(th, "socket.getservbyport", &[number.obj(), args.get(1).copied().unwrap_or(none)])?;
    match sys::getservbyport(port, protocol.as_deref()) {
        Some(name) => decode_fs(th, &name).map(Ref::upcast),
        None => raise!(th, OSError, "port/proto not found"),
    }
}
