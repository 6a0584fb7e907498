//! Messages with ancillary data: `sendmsg`, `recvmsg`, `recvmsg_into`.

use std::io;

use host::socket::{self as sys, Message};
use object::{
    Args, AsObject, Bytes, Int, IntoObject, Kwargs, List, Obj, Ref, Result, Thread, Tuple,
    exceptions, raise, types,
};

use super::{
    arguments::{count, int_or, iterable, size_or},
    socket::Socket,
    wait::Ready,
};
use crate::support::{Buffer, Writable, int_arg};

/// The most buffers of one message.
const IOV_MAX: usize = 1024;

/// The largest size of ancillary data.
const ANCILLARY_MAX: usize = 0x7fff_ffff;

/// A buffer to write to; `message` explains that `object` has none.
pub(super) fn writable(
    th: Thread<'_>,
    object: Obj<'_>,
    message: impl FnOnce() -> String,
) -> Result<Writable> {
    match Writable::new(th, object) {
        Ok(buffer) => Ok(buffer),
        Err(raised) => {
            if !th.exception_matches(exceptions::types::BufferError()) {
                th.catch(raised, exceptions::types::TypeError())?;
            } else {
                th.clear_exception(raised);
            }
            raise!(th, TypeError, "{}", message());
        }
    }
}

fn ancillary_size(th: Thread<'_>, size: isize) -> Result<usize> {
    match usize::try_from(size) {
        Ok(size) if size <= ANCILLARY_MAX => Ok(size),
        _ => raise!(th, ValueError, "invalid ancillary data buffer length"),
    }
}

/// The items of the result behind the data.
fn rest(th: Thread<'_>, socket: &Socket, message: &Message) -> Result<[Ref; 3]> {
    let list = List::new(th)?;
    for (level, kind, data) in &message.ancillary {
        list.push(th, (*level, *kind, Bytes::new(th, data)?).into_object(th)?)?;
    }
    let flags = message.flags.into_object(th)?;
    Ok([list.upcast(), flags, socket.show(th, &message.address)?])
}

pub(super) fn recvmsg(th: Thread<'_>, socket: &Socket, args: Args<'_>) -> Result {
    count(th, "recvmsg", args, 1, 3)?;
    let (size, ancillary) = (size_or(th, args.first(), 0)?, size_or(th, args.get(1), 0)?);
    let flags = int_or(th, args.get(2), 0)?;
    let Ok(size) = usize::try_from(size) else {
        raise!(th, ValueError, "negative buffer size in recvmsg()");
    };
    let ancillary = ancillary_size(th, ancillary)?;
    let mut data = Vec::new();
    if data.try_reserve_exact(size).is_err() {
        return Err(th.no_memory());
    }
    data.resize(size, 0);
    let message = socket.attempt(th, Ready::Read, |fd| {
        sys::recvmsg(fd, &mut [io::IoSliceMut::new(&mut data)], ancillary, flags)
    })?;
    data.truncate(message.len);
    let data = Bytes::new(th, &data)?.upcast();
    let [list, flags, from] = rest(th, socket, &message)?;
    Tuple::from_array(th, [data, list, flags, from]).map(Ref::upcast)
}

pub(super) fn recvmsg_into(th: Thread<'_>, socket: &Socket, args: Args<'_>) -> Result {
    count(th, "recvmsg_into", args, 1, 3)?;
    let [buffers, ..] = args else { return Ok(types::none().own()) };
    let (ancillary, flags) = (size_or(th, args.get(1), 0)?, int_or(th, args.get(2), 0)?);
    let items = iterable(th, *buffers, "recvmsg_into() argument 1 must be an iterable")?;
    if items.len() > i32::MAX as usize {
        raise!(th, OSError, "recvmsg_into() argument 1 is too long");
    }
    let mut buffers = Vec::new();
    for item in &items {
        buffers.push(writable(th, item.obj(), || {
            "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers"
                .to_owned()
        })?);
    }
    let ancillary = ancillary_size(th, ancillary)?;
    let message = socket.attempt(th, Ready::Read, |fd| {
        let mut slices: Vec<_> =
            buffers.iter().map(|buffer| io::IoSliceMut::new(buffer.bytes_mut())).collect();
        sys::recvmsg(fd, &mut slices, ancillary, flags)
    })?;
    let n = message.len.into_object(th)?;
    let [list, flags, from] = rest(th, socket, &message)?;
    Tuple::from_array(th, [n, list, flags, from]).map(Ref::upcast)
}

/// The buffers of a message.
fn buffers(th: Thread<'_>, object: Obj<'_>, message: &str) -> Result<Vec<Buffer>> {
    let items = iterable(th, object, message)?;
    if items.len() > IOV_MAX * 1024 {
        raise!(th, OSError, "sendmsg() argument 1 is too long");
    }
    items.iter().map(|item| Buffer::readable(th, item.obj())).collect()
}

fn ancillary_items(th: Thread<'_>, object: Obj<'_>) -> Result<Vec<(i32, i32, Buffer)>> {
    const NAME: &str = "[sendmsg() ancillary data items]()";
    let mut items = Vec::new();
    for item in iterable(th, object, "sendmsg() argument 2 must be an iterable")? {
        let Some(tuple) = item.obj().downcast::<Tuple>() else {
            let got = if item.obj().is_none() { "None" } else { item.obj().type_name() };
            raise!(th, TypeError, "{NAME} argument must be 3-item tuple, not {got}");
        };
        let [level, kind, data] = tuple.items() else {
            let n = tuple.len();
            raise!(th, TypeError, "{NAME} argument must be tuple of length 3, not {n}");
        };
        let (level, kind) = (int_arg(th, *level)?, int_arg(th, *kind)?);
        items.push((level, kind, Buffer::readable(th, *data)?));
    }
    let mut total = 0usize;
    for (_, _, data) in &items {
        let Some(space) = sys::cmsg_space(data.len()) else {
            raise!(th, OSError, "ancillary data item too large");
        };
        total += space;
        if total > ANCILLARY_MAX {
            raise!(th, OSError, "too much ancillary data");
        }
    }
    Ok(items)
}

pub(super) fn sendmsg(th: Thread<'_>, socket: &Socket, args: Args<'_>) -> Result<usize> {
    count(th, "sendmsg", args, 1, 4)?;
    let [data, ..] = args else { return Ok(0) };
    let flags = int_or(th, args.get(2), 0)?;
    let to = match args.get(3).filter(|to| !to.is_none()) {
        Some(to) => Some(socket.destination(th, *to, "sendmsg")?),
        None => None,
    };
    let data = buffers(th, *data, "sendmsg() argument 1 must be an iterable")?;
    let items = match args.get(1).filter(|items| !items.is_none()) {
        Some(items) => ancillary_items(th, *items)?,
        None => Vec::new(),
    };
    let items: Vec<_> =
        items.iter().map(|(level, kind, data)| (*level, *kind, data.bytes())).collect();
    let control = sys::build_ancillary(&items);
    send(th, socket, &data, &control, flags, to.as_ref())
}

fn send(
    th: Thread<'_>,
    socket: &Socket,
    data: &[Buffer],
    control: &[u8],
    flags: i32,
    to: Option<&sys::Address>,
) -> Result<usize> {
    let slices: Vec<_> = data.iter().map(|buffer| io::IoSlice::new(buffer.bytes())).collect();
    socket.attempt(th, Ready::Write, |fd| sys::sendmsg(fd, &slices, control, flags, to))
}

/// `ALG_SET_IV`, `ALG_SET_OP`, `ALG_SET_AEAD_ASSOCLEN`.
const ALG: [i32; 3] = [2, 3, 4];

pub(super) fn sendmsg_afalg(
    th: Thread<'_>,
    socket: &Socket,
    args: Args<'_>,
    kwargs: Kwargs<'_>,
) -> Result<usize> {
    if socket.family.get() != libc::AF_ALG {
        raise!(th, OSError, "algset is only supported for AF_ALG");
    }
    count(th, "sendmsg_afalg", args, 0, 1)?;
    let mut message = args.first().copied();
    let (mut op, mut iv, mut assoclen, mut flags) = (None, None, None, 0);
    for (name, value) in kwargs.iter() {
        let name = name.downcast::<object::Str>().map(|name| name.to_utf8(th)).transpose()?;
        match name {
            Some("msg") => message = Some(value),
            Some("op") => op = Some(value),
            Some("iv") => iv = Some(Buffer::readable(th, value)?),
            Some("assoclen") => assoclen = Some(value),
            Some("flags") => flags = int_arg(th, value)?,
            name => raise!(
                th,
                TypeError,
                "sendmsg_afalg() got an unexpected keyword argument '{}'",
                name.unwrap_or_default()
            ),
        }
    }
    let unsigned = |value: Option<Obj<'_>>, message: &str| -> Result<Option<u32>> {
        let Some(value) = value else { return Ok(None) };
        match u32::try_from(Int::index_to_i64(th, value)?) {
            Ok(value) => Ok(Some(value)),
            Err(_) => raise!(th, TypeError, "{message}"),
        }
    };
    let Some(op) = unsigned(op, "Invalid or missing argument 'op'")? else {
        raise!(th, TypeError, "Invalid or missing argument 'op'");
    };
    let assoclen = unsigned(assoclen, "assoclen must be positive")?;
    let mut items: Vec<(i32, i32, Vec<u8>)> =
        vec![(libc::SOL_ALG, ALG[1], op.to_ne_bytes().to_vec())];
    if let Some(iv) = &iv {
        let mut bytes = (iv.len() as u32).to_ne_bytes().to_vec();
        bytes.extend_from_slice(iv.bytes());
        items.push((libc::SOL_ALG, ALG[0], bytes));
    }
    if let Some(assoclen) = assoclen {
        items.push((libc::SOL_ALG, ALG[2], assoclen.to_ne_bytes().to_vec()));
    }
    let items: Vec<_> =
        items.iter().map(|(level, kind, data)| (*level, *kind, data.as_slice())).collect();
    let data = match message.filter(|message| !message.is_none()) {
        Some(message) => buffers(th, message, "sendmsg_afalg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    send(th, socket, &data, &sys::build_ancillary(&items), flags, None)
}
