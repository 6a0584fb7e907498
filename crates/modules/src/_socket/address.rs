//! Addresses as Python sees them: tuples, strings, bytes; by family.

use host::{
    resolve::{Hints, getaddrinfo, inet_ntop, inet_pton},
    socket::Address,
};
use object::{
    AsObject, Bytes, IntoObject, Obj, Ref, Result, Str, Thread, Tuple, exceptions, raise, types,
};

use super::{
    arguments::{self, fs_name, masked, tuple},
    resolve::raise_gai,
    socket::Socket,
};
use crate::support::{Buffer, decode_fs, encode_fs, int_arg};

/// Bytes in `sockaddr_un::sun_path`.
const UNIX_PATH_MAX: usize = 108;

/// The parts of a C structure, in its order.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }
    fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_ne_bytes())
    }
    fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_ne_bytes())
    }
    fn big_u16(self, value: u16) -> Self {
        self.bytes(&value.to_be_bytes())
    }
    fn padded(mut self, bytes: &[u8], size: usize) -> Self {
        let end = self.0.len() + size;
        self.0.extend(bytes.iter().take(size));
        self.0.resize(end, 0);
        self
    }
    fn address(self, family: i32) -> Address {
        Address::new(family, &self.0)
    }
}

/// Reading a C structure; zeros behind its end.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut value = [0; N];
        let (now, later) = self.0.split_at(N.min(self.0.len()));
        for (to, from) in value.iter_mut().zip(now) {
            *to = *from;
        }
        self.0 = later;
        value
    }
    fn u8(&mut self) -> u8 {
        u8::from_ne_bytes(self.take())
    }
    fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.take())
    }
    fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.take())
    }
    fn big_u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take())
    }
    fn big_u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }
}

/// An IPv4 address.
pub(super) fn inet(ip: [u8; 4], port: u16) -> Address {
    Record::default().big_u16(port).bytes(&ip).bytes(&[0; 8]).address(libc::AF_INET)
}

/// An IPv6 address.
pub(super) fn inet6(ip: &[u8], port: u16, flow: u32, scope: u32) -> Address {
    Record::default()
        .big_u16(port)
        .bytes(&flow.to_be_bytes())
        .padded(ip, 16)
        .u32(scope)
        .address(libc::AF_INET6)
}

/// The bytes of the IP in an internet address.
pub(super) fn ip_bytes(address: &Address) -> Vec<u8> {
    let rest = address.rest();
    let range = if address.family() == Some(libc::AF_INET6) { 6..22 } else { 2..6 };
    rest.get(range).unwrap_or_default().to_vec()
}

/// The IP address that a name stands for, with port 0. `""` is the wildcard.
pub(super) fn resolve(th: Thread<'_>, name: &std::ffi::CStr, family: i32) -> Result<Address> {
    let text = name.to_bytes();
    if text.is_empty() {
        let hints = Hints { family, kind: libc::SOCK_DGRAM, protocol: 0, flags: libc::AI_PASSIVE };
        let found = th.allow_threads(|| getaddrinfo(None, Some(c"0"), hints));
        let found = found.map_err(|error| raise_gai(th, error))?;
        if found.len() > 1 {
            raise!(th, OSError, "wildcard resolved to multiple address");
        }
        return first(th, found);
    }
    if text == b"<broadcast>" || text == b"255.255.255.255" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            raise!(th, OSError, "address family mismatched");
        }
        return Ok(inet([255; 4], 0));
    }
    if family != libc::AF_INET6
        && let Ok(Some(ip)) = inet_pton(libc::AF_INET, name)
        && let Ok(ip) = <[u8; 4]>::try_from(ip.as_slice())
    {
        return Ok(inet(ip, 0));
    }
    if family != libc::AF_INET
        && !text.contains(&b'%')
        && let Ok(Some(ip)) = inet_pton(libc::AF_INET6, name)
    {
        return Ok(inet6(&ip, 0, 0, 0));
    }
    let hints = Hints { family, ..Hints::default() };
    let found = th.allow_threads(|| getaddrinfo(Some(name), None, hints));
    first(th, found.map_err(|error| raise_gai(th, error))?)
}

fn first(th: Thread<'_>, found: Vec<host::resolve::Found>) -> Result<Address> {
    match found.into_iter().next() {
        Some(found) => Ok(found.address),
        None => raise!(th, OSError, "getaddrinfo returned no addresses"),
    }
}

fn wrong<T>(th: Thread<'_>, message: &str) -> Result<T> {
    raise!(th, TypeError, "{message}")
}

/// The address that `object` stands for on `socket`; `function` is the caller.
pub(super) fn from_python(
    th: Thread<'_>,
    socket: &Socket,
    object: Obj<'_>,
    function: &str,
) -> Result<Address> {
    match socket.family.get() {
        libc::AF_INET => inet_from(th, object, function),
        libc::AF_INET6 => inet6_from(th, object, function),
        libc::AF_UNIX => unix_from(th, object),
        libc::AF_NETLINK => {
            let items = tuple(th, function, "AF_NETLINK", object)?;
            let [pid, groups] = items else {
                return wrong(th, "AF_NETLINK address must be a pair (pid, groups)");
            };
            let (pid, groups) = (masked(th, *pid)?, masked(th, *groups)?);
            Ok(Record::default().u16(0).u32(pid).u32(groups).address(libc::AF_NETLINK))
        }
        libc::AF_PACKET => packet_from(th, socket, object, function),
        libc::AF_VSOCK => {
            let items = tuple_of_two(th, "AF_VSOCK", object)?;
            let (cid, port) = (masked(th, items[0])?, masked(th, items[1])?);
            Ok(Record::default().u16(0).u32(port).u32(cid).u32(0).address(libc::AF_VSOCK))
        }
        AF_QIPCRTR => {
            let items = tuple_of_two(th, "AF_QIPCRTR", object)?;
            let (node, port) = (masked(th, items[0])?, masked(th, items[1])?);
            Ok(Record::default().u16(0).u32(node).u32(port).address(AF_QIPCRTR))
        }
        libc::AF_RDS => {
            let items = tuple(th, function, "AF_RDS", object)?;
            let [host, port] = items else {
                return wrong(th, "AF_RDS address must be a pair (host, port)");
            };
            inet_pair(th, *host, *port, function)
        }
        libc::AF_CAN => can_from(th, socket, object, function),
        libc::AF_ALG => alg_from(th, object, function),
        libc::AF_TIPC => tipc_from(th, object, function),
        libc::AF_BLUETOOTH => bluetooth_from(th, socket, object, function),
        _ => raise!(th, OSError, "{function}(): bad family"),
    }
}

const AF_QIPCRTR: i32 = 42;
const CAN_RAW: i32 = 1;
const CAN_BCM: i32 = 2;
const CAN_ISOTP: i32 = 6;
const CAN_J1939: i32 = 7;

fn tuple_of_two<'a>(th: Thread<'_>, family: &str, object: Obj<'a>) -> Result<[Obj<'a>; 2]> {
    let Some(items) = object.downcast::<Tuple>() else {
        raise!(
            th,
            TypeError,
            "getsockaddrarg: {family} address must be tuple, not {}",
            object.type_name()
        );
    };
    let items = items.items();
    arguments::count(th, "getsockaddrarg", items, 2, 2)?;
    match items {
        [first, second] => Ok([*first, *second]),
        _ => wrong(th, "a pair"),
    }
}

fn inet_pair(th: Thread<'_>, host: Obj<'_>, port: Obj<'_>, function: &str) -> Result<Address> {
    let host = arguments::host(th, host)?;
    let index = object::Int::index(th, port)?;
    let address = match object::Int::to_i64(index.obj()).and_then(|port| i32::try_from(port).ok()) {
        Some(_) => Some(resolve(th, &host, libc::AF_INET)?),
        None => None,
    };
    let port = arguments::port(th, index.obj(), &format!("{function}(): port"))?;
    let ip = address.map(|address| ip_bytes(&address)).unwrap_or_default();
    Ok(inet(ip.try_into().unwrap_or_default(), port))
}

fn inet_from(th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<Address> {
    let [host, port] = tuple(th, function, "AF_INET", object)? else {
        return wrong(th, "AF_INET address must be a pair (host, port)");
    };
    inet_pair(th, *host, *port, function)
}

fn inet6_from(th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<Address> {
    let items = tuple(th, function, "AF_INET6", object)?;
    let [host, port, rest @ ..] = items else {
        return wrong(th, "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])");
    };
    if rest.len() > 2 {
        return wrong(th, "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])");
    }
    let host = arguments::host(th, *host)?;
    let index = object::Int::index(th, *port)?;
    let number = |index: usize| rest.get(index).map_or(Ok(0), |item| masked(th, *item));
    let (flow, scope) = (number(0)?, number(1)?);
    let address = resolve(th, &host, libc::AF_INET6)?;
    let port = arguments::port(th, index.obj(), &format!("{function}(): port"))?;
    if flow > 0xfffff {
        raise!(th, OverflowError, "{function}(): flowinfo must be 0-1048575.");
    }
    Ok(inet6(&ip_bytes(&address), port, flow, scope))
}

fn unix_from(th: Thread<'_>, object: Obj<'_>) -> Result<Address> {
    let path = match object.downcast::<Str>() {
        Some(text) => encode_fs(th, text)?,
        None => Buffer::readable(th, object)?.bytes().to_vec(),
    };
    let abstract_name = path.first().is_none_or(|byte| *byte == 0);
    let most = if abstract_name { UNIX_PATH_MAX } else { UNIX_PATH_MAX - 1 };
    if path.len() > most {
        raise!(th, OSError, "AF_UNIX path too long");
    }
    let end: &[u8] = if abstract_name { &[] } else { &[0] };
    Ok(Record::default().bytes(&path).bytes(end).address(libc::AF_UNIX))
}

/// The number of the interface `name`; 0 for the empty name.
fn interface(th: Thread<'_>, socket: &Socket, name: &[u8]) -> Result<i32> {
    if name.is_empty() {
        return Ok(0);
    }
    if name.len() >= 16 {
        raise!(th, OSError, "AF_CAN interface name too long");
    }
    crate::support::check(th, host::socket::interface_index(socket.fd.get(), name))
}

fn packet_from(
    th: Thread<'_>,
    socket: &Socket,
    object: Obj<'_>,
    function: &str,
) -> Result<Address> {
    const SHAPE: &str = "AF_PACKET address must be a tuple of two to five elements";
    let items = tuple(th, function, "AF_PACKET", object)?;
    let [name, protocol, rest @ ..] = items else { return wrong(th, SHAPE) };
    let Some(name) = name.downcast::<Str>().filter(|_| rest.len() <= 3) else {
        return wrong(th, SHAPE);
    };
    let protocol = int_arg(th, *protocol)?;
    let number = |index: usize| rest.get(index).map_or(Ok(0), |item| int_arg(th, *item));
    let (kind, hardware) = (number(0)?, number(1)?);
    let bytes = match rest.get(2) {
        Some(bytes) => {
            let bytes = Buffer::readable(th, *bytes)?.bytes().to_vec();
            if bytes.len() > 8 {
                raise!(th, ValueError, "Hardware address must be 8 bytes or less");
            }
            bytes
        }
        None => Vec::new(),
    };
    let name: Vec<u8> = name.to_utf8(th)?.bytes().take(15).collect();
    let check = host::socket::interface_index(socket.fd.get(), &name);
    let index = crate::support::check(th, check)?;
    let Ok(protocol) = u16::try_from(protocol) else {
        raise!(th, OverflowError, "{function}(): proto must be 0-65535.");
    };
    Ok(Record::default()
        .big_u16(protocol)
        .u32(index as u32)
        .u16(hardware as u16)
        .u8(kind as u8)
        .u8(bytes.len() as u8)
        .padded(&bytes, 8)
        .address(libc::AF_PACKET))
}

fn can_from(th: Thread<'_>, socket: &Socket, object: Obj<'_>, function: &str) -> Result<Address> {
    let items = tuple(th, function, "AF_CAN", object)?;
    let shape = match socket.proto.get() {
        CAN_RAW | CAN_BCM => (1, "(interface, )"),
        CAN_ISOTP => (3, "(interface, rx_addr, tx_addr)"),
        CAN_J1939 => (4, "(interface, name, pgn, addr)"),
        _ => raise!(th, OSError, "{function}(): unsupported CAN protocol"),
    };
    let Some(name) = items.first().filter(|_| items.len() == shape.0) else {
        raise!(th, TypeError, "AF_CAN address must be a tuple {}", shape.1);
    };
    let name = fs_name(th, *name)?;
    let index = interface(th, socket, name.to_bytes())?;
    let mut record = Record::default().u16(0).u32(index as u32);
    let wide = |item: Obj<'_>| -> Result<u64> {
        Ok(object::Int::to_u64_wrapping(object::Int::index(th, item)?.obj()))
    };
    record = match items {
        [_, rx, tx] => record.u32(wide(*rx)? as u32).u32(wide(*tx)? as u32).u32(0).u32(0),
        [_, name, pgn, last] => record
            .bytes(&wide(*name)?.to_ne_bytes())
            .u32(wide(*pgn)? as u32)
            .padded(&[wide(*last)? as u8], 4),
        _ => record.bytes(&[0; 16]),
    };
    Ok(record.address(libc::AF_CAN))
}

fn alg_from(th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<Address> {
    let items = tuple(th, function, "AF_ALG", object)?;
    let [kind, name, rest @ ..] = items else {
        return wrong(th, "AF_ALG address must be a tuple (type, name[, feat[, mask]])");
    };
    let kind = arguments::c_text(th, function, 1, *kind)?;
    let name = arguments::c_text(th, function, 2, *name)?;
    let number = |index: usize| rest.get(index).map_or(Ok(0), |item| masked(th, *item));
    let (feat, mask) = (number(0)?, number(1)?);
    if kind.to_bytes().len() >= 14 {
        raise!(th, ValueError, "AF_ALG type too long.");
    }
    if name.to_bytes().len() >= 64 {
        raise!(th, ValueError, "AF_ALG name too long.");
    }
    Ok(Record::default()
        .padded(kind.to_bytes(), 14)
        .u32(feat)
        .u32(mask)
        .padded(name.to_bytes(), 64)
        .address(libc::AF_ALG))
}

/// `TIPC_ADDR_NAMESEQ`, `TIPC_ADDR_NAME`, `TIPC_ADDR_ID`.
const TIPC_KINDS: [u32; 3] = [1, 2, 3];

fn tipc_from(th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<Address> {
    const SHAPE: &str = "AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])";
    let items = tuple(th, function, "AF_TIPC", object)?;
    let [kind, v1, v2, v3, rest @ ..] = items else { return wrong(th, SHAPE) };
    if rest.len() > 1 {
        return wrong(th, SHAPE);
    }
    let (kind, v1) = (masked(th, *kind)?, masked(th, *v1)?);
    let (v2, v3) = (masked(th, *v2)?, masked(th, *v3)?);
    // The default scope is the cluster.
    let scope = rest.first().map_or(Ok(2), |item| masked(th, *item))?;
    if !TIPC_KINDS.contains(&kind) {
        return wrong(th, "Invalid address type");
    }
    let values = match kind {
        // An id is a reference and a node.
        3 => [v2, v1, v3],
        _ => [v1, v2, v3],
    };
    let record = Record::default().u8(kind as u8).u8(scope as u8);
    let record = values.iter().fold(record, |record, value| record.u32(*value));
    Ok(record.address(libc::AF_TIPC))
}

/// `aa:bb:cc:dd:ee:ff`, last byte first.
fn bluetooth_bytes(th: Thread<'_>, text: &str) -> Result<[u8; 6]> {
    let mut bytes = [0; 6];
    let parts: Vec<&str> = text.split(':').collect();
    for (to, part) in bytes.iter_mut().rev().zip(&parts) {
        match u8::from_str_radix(part, 16) {
            Ok(byte) => *to = byte,
            Err(_) => raise!(th, OSError, "bad bluetooth address"),
        }
    }
    if parts.len() != 6 {
        raise!(th, OSError, "bad bluetooth address");
    }
    Ok(bytes)
}

fn bluetooth_text(mut bytes: [u8; 6]) -> String {
    bytes.reverse();
    bytes.map(|byte| format!("{byte:02X}")).join(":")
}

const BTPROTO_L2CAP: i32 = 0;
const BTPROTO_HCI: i32 = 1;
const BTPROTO_SCO: i32 = 2;
const BTPROTO_RFCOMM: i32 = 3;

fn bluetooth_from(
    th: Thread<'_>,
    socket: &Socket,
    object: Obj<'_>,
    function: &str,
) -> Result<Address> {
    let items = object.downcast::<Tuple>().map(Tuple::items).unwrap_or_default();
    let address = |item: &Obj<'_>| match item.downcast::<Str>() {
        Some(text) => bluetooth_bytes(th, text.to_utf8(th)?),
        None => raise!(th, OSError, "{function}(): wrong format"),
    };
    let record = match (socket.proto.get(), items) {
        (BTPROTO_L2CAP, [device, psm, rest @ ..]) if rest.len() <= 2 => {
            let number = |index: usize| rest.get(index).map_or(Ok(0), |item| int_arg(th, *item));
            Record::default()
                .u16(int_arg(th, *psm)? as u16)
                .bytes(&address(device)?)
                .u16(number(0)? as u16)
                .u16(number(1)? as u16)
        }
        (BTPROTO_RFCOMM, [device, channel]) => {
            Record::default().bytes(&address(device)?).u16(int_arg(th, *channel)? as u16)
        }
        (BTPROTO_HCI, _) => {
            let (device, channel) = match items {
                [device, channel] => (int_arg(th, *device)?, int_arg(th, *channel)?),
                [device] => (int_arg(th, *device)?, 0),
                _ if object::Int::is_int(object) => (int_arg(th, object)?, 0),
                _ => raise!(th, OSError, "{function}(): wrong format"),
            };
            Record::default().u16(device as u16).u16(channel as u16)
        }
        (BTPROTO_SCO, _) => match object.downcast::<Bytes>() {
            Some(text) => {
                let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
                Record::default().bytes(&bluetooth_bytes(th, &text)?)
            }
            None => Record::default().bytes(&address(&object)?),
        },
        (BTPROTO_L2CAP | BTPROTO_RFCOMM, _) => raise!(th, OSError, "{function}(): wrong format"),
        _ => raise!(th, OSError, "{function}(): unknown Bluetooth protocol"),
    };
    Ok(record.address(libc::AF_BLUETOOTH))
}

/// A new tuple.
fn pack(th: Thread<'_>, items: Vec<Ref>) -> Result<Ref> {
    Tuple::from_refs(th, items).map(Ref::upcast)
}

/// The name of an interface, empty for none.
fn interface_name(th: Thread<'_>, index: u32) -> Result<Ref> {
    let name = match index {
        0 => Vec::new(),
        index => host::resolve::if_indextoname(index).unwrap_or_default(),
    };
    decode_fs(th, &name).map(Ref::upcast)
}

/// An address as Python sees it.
pub(super) fn to_python(th: Thread<'_>, address: &Address, protocol: i32) -> Result<Ref> {
    let Some(family) = address.family() else { return Ok(types::none().own()) };
    let rest = address.rest();
    let mut fields = Fields(rest);
    match family {
        libc::AF_INET => {
            let port = fields.big_u16();
            (inet_ntop(&fields.take::<4>()), port).into_object(th)
        }
        libc::AF_INET6 => {
            let (port, flow) = (fields.big_u16(), fields.big_u32());
            let (ip, scope) = (inet_ntop(&fields.take::<16>()), fields.u32());
            pack(
                th,
                vec![
                    ip.into_object(th)?,
                    port.into_object(th)?,
                    flow.into_object(th)?,
                    scope.into_object(th)?,
                ],
            )
        }
        libc::AF_UNIX if rest.first() == Some(&0) => Bytes::new(th, rest).map(Ref::upcast),
        libc::AF_UNIX => {
            let path = rest.split(|byte| *byte == 0).next().unwrap_or_default();
            decode_fs(th, path).map(Ref::upcast)
        }
        libc::AF_NETLINK => {
            fields.u16();
            (fields.u32(), fields.u32()).into_object(th)
        }
        AF_QIPCRTR => {
            fields.u16();
            (fields.u32(), fields.u32()).into_object(th)
        }
        libc::AF_VSOCK => {
            fields.u16();
            let (port, cid) = (fields.u32(), fields.u32());
            (cid, port).into_object(th)
        }
        libc::AF_PACKET => {
            let (proto, index) = (fields.big_u16(), fields.u32());
            let (hardware, kind, len) = (fields.u16(), fields.u8(), fields.u8());
            let bytes = fields.0.get(..usize::from(len)).unwrap_or(fields.0);
            pack(
                th,
                vec![
                    interface_name(th, index)?,
                    proto.into_object(th)?,
                    kind.into_object(th)?,
                    hardware.into_object(th)?,
                    Bytes::new(th, bytes)?.upcast(),
                ],
            )
        }
        libc::AF_CAN => can_to(th, fields, protocol),
        libc::AF_TIPC => tipc_to(th, fields),
        libc::AF_BLUETOOTH => bluetooth_to(th, fields, protocol),
        libc::AF_ALG => {
            let (kind, _) = (fields.take::<14>(), fields.take::<8>());
            let name = fields.take::<64>();
            let text = |bytes: &[u8]| {
                decode_fs(th, bytes.split(|byte| *byte == 0).next().unwrap_or_default())
            };
            (text(&kind)?, text(&name)?).into_object(th)
        }
        family => {
            let data = address.padded().get(2..16).unwrap_or_default();
            (family, Bytes::new(th, data)?).into_object(th)
        }
    }
}

fn can_to(th: Thread<'_>, mut fields: Fields<'_>, protocol: i32) -> Result<Ref> {
    fields.u16();
    let name = interface_name(th, fields.u32())?;
    match protocol {
        CAN_ISOTP => (name, fields.u32(), fields.u32()).into_object(th),
        CAN_J1939 => {
            let number = u64::from_ne_bytes(fields.take());
            let (pgn, last) = (fields.u32(), fields.u8());
            pack(
                th,
                vec![name, number.into_object(th)?, pgn.into_object(th)?, last.into_object(th)?],
            )
        }
        _ => pack(th, vec![name]),
    }
}

fn tipc_to(th: Thread<'_>, mut fields: Fields<'_>) -> Result<Ref> {
    let (kind, scope) = (u32::from(fields.u8()), u32::from(fields.u8()));
    let values = [fields.u32(), fields.u32(), fields.u32()];
    let order = match kind {
        1 => [kind, values[0], values[1], values[2], scope],
        2 => [kind, values[0], values[1], values[1], scope],
        3 => [kind, values[1], values[0], 0, scope],
        _ => raise!(th, ValueError, "Invalid address type"),
    };
    let mut items = Vec::new();
    for value in order {
        items.push(value.into_object(th)?);
    }
    pack(th, items)
}

fn bluetooth_to(th: Thread<'_>, mut fields: Fields<'_>, protocol: i32) -> Result<Ref> {
    match protocol {
        BTPROTO_L2CAP => {
            let psm = fields.u16();
            let device = bluetooth_text(fields.take());
            let (cid, kind) = (fields.u16(), fields.u8());
            if kind == 0 && cid == 0 {
                return (device, psm).into_object(th);
            }
            pack(
                th,
                vec![
                    device.into_object(th)?,
                    psm.into_object(th)?,
                    cid.into_object(th)?,
                    kind.into_object(th)?,
                ],
            )
        }
        BTPROTO_RFCOMM => (bluetooth_text(fields.take()), fields.u8()).into_object(th),
        BTPROTO_HCI => fields.u16().into_object(th),
        BTPROTO_SCO => bluetooth_text(fields.take()).into_object(th),
        _ => raise!(th, ValueError, "Unknown Bluetooth protocol"),
    }
}

/// `ValueError` of an unexpected family; kept apart from `OSError`s.
pub(super) fn unsupported(th: Thread<'_>) -> object::Raised {
    exceptions::raise_message(th, exceptions::types::OSError(), "unsupported address family")
}
