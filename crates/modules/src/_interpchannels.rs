//! `_interpchannels`: channels between interpreters, with a sending and a
//! receiving end.
//!
//! An interpreter that uses an end is associated with it until it releases it;
//! the channel closes when all have. The channels belong to the process; a
//! channel lives as long as there are `ChannelID`s of it, closed or not.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, Int, IntoObject, Link, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, alloc_object, exceptions,
    protocol::CompareOp,
    raise,
    types::{self, none},
};
use vm::interpreters;

use crate::{
    _interpqueues::{REMOVE, REPLACE, fallback_argument, unbound_argument},
    _interpreters::data::{self, Carried, Packed},
    support::{
        self, Round, import, seconds_to_ns, shown,
        structseq::{Decl, StructSeq as _},
        wait::{Until, WaitQueue},
    },
};

/// Which end of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum End {
    Send,
    Receive,
    #[default]
    Both,
}

/// A sender that waits until its item is received.
#[derive(Default)]
struct Waiting {
    done: Cell<bool>,
    received: Cell<bool>,
    sleepers: WaitQueue,
}

impl Waiting {
    fn finish(&self, received: bool) {
        self.done.set(true);
        self.received.set(received);
        self.sleepers.wake_all();
    }
}

struct Item {
    interp: i64,
    /// Nothing when the interpreter has ended.
    data: Option<Packed>,
    unbound: i32,
    waiting: Option<Rc<Waiting>>,
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.finish(false);
        }
    }
}

/// The interpreters of one end: the number, and whether it is still in use.
#[derive(Default)]
struct Users(Vec<(i64, bool)>);

impl Users {
    fn find(&self, interp: i64) -> Option<bool> {
        self.0.iter().find(|(other, _)| *other == interp).map(|(_, open)| *open)
    }

    /// Associate an interpreter; false if it has released the end.
    fn associate(&mut self, interp: i64) -> bool {
        self.find(interp).unwrap_or_else(|| {
            self.0.push((interp, true));
            true
        })
    }

    fn release(&mut self, interp: i64) {
        match self.0.iter_mut().find(|(other, _)| *other == interp) {
            Some((_, open)) => *open = false,
            None => self.0.push((interp, false)),
        }
    }

    fn release_if_known(&mut self, interp: i64) {
        if self.find(interp).is_some() {
            self.release(interp);
        }
    }

    fn any_open(&self) -> bool {
        self.0.iter().any(|(_, open)| *open)
    }
}

struct Channel {
    id: i64,
    unbound: i32,
    fallback: i32,
    items: VecDeque<Item>,
    send: Users,
    receive: Users,
    open: bool,
    /// Closed for senders; closes when it is empty.
    closing: bool,
    /// Closed by somebody, not for want of users.
    ended: bool,
    /// `ChannelID` objects.
    objects: usize,
}

impl Channel {
    fn close(&mut self) -> VecDeque<Item> {
        self.open = false;
        self.closing = false;
        self.ended = true;
        std::mem::take(&mut self.items)
    }

    fn note_releases(&mut self) {
        let never_used = self.send.0.is_empty() && self.receive.0.is_empty();
        self.open = never_used || self.send.any_open() || self.receive.any_open();
    }

    fn finish_closing(&mut self) {
        if self.closing && self.items.is_empty() {
            self.open = false;
            self.closing = false;
            self.ended = true;
        }
    }
}

/// Why something did not work.
enum Failure {
    NotFound,
    Closed,
    /// Closed while the sender waited.
    HasClosed,
    /// The interpreter has released its end.
    Released,
    Empty,
    NotEmpty,
}

/// The channels of the process, the newest first.
#[derive(Default)]
struct Channels {
    all: RefCell<Vec<Channel>>,
    next_id: Cell<i64>,
}

/// The classes of an interpreter.
#[derive(Default)]
struct State {
    error: Link,
    not_found: Link,
    closed: Link,
    empty: Link,
    not_empty: Link,
    send_class: Link,
    receive_class: Link,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

fn channels(th: Thread<'_>) -> &'static Channels {
    th.interp().shared.get::<Channels>()
}

fn fail(th: Thread<'_>, cid: i64, failure: &Failure) -> Raised {
    let state = state(th);
    let (class, text) = match failure {
        Failure::NotFound => (&state.not_found, "not found"),
        Failure::Closed => (&state.closed, "is closed"),
        Failure::HasClosed => (&state.closed, "has closed"),
        Failure::Released => (&state.closed, "is already closed"),
        Failure::Empty => (&state.empty, "is empty"),
        Failure::NotEmpty => (&state.not_empty, "may not be closed if not empty (try force=True)"),
    };
    let class = class.get().unwrap_or_else(|| exceptions::types::RuntimeError().obj().own());
    let made = Str::new(th, &format!("channel {cid} {text}"))
        .and_then(|text| class.call(th, &[text.obj()]));
    made.map_or_else(|raised| raised, |error| th.raise_object(error))
}

/// Call `f` with a channel that exists, and raise what it answers.
fn with<R>(
    th: Thread<'_>,
    cid: i64,
    f: impl FnOnce(&mut Channel) -> Result<R, Failure>,
) -> Result<R> {
    let result = {
        let mut all = channels(th).all.borrow_mut();
        match all.iter_mut().find(|channel| channel.id == cid) {
            Some(channel) => f(channel),
            None => Err(Failure::NotFound),
        }
    };
    result.map_err(|failure| fail(th, cid, &failure))
}

/// As [`with`], for a channel that is open.
fn with_open<R>(
    th: Thread<'_>,
    cid: i64,
    f: impl FnOnce(&mut Channel) -> Result<R, Failure>,
) -> Result<R> {
    with(th, cid, |channel| if channel.open { f(channel) } else { Err(Failure::Closed) })
}

fn take_out(th: Thread<'_>, cid: i64) -> Option<Channel> {
    let mut all = channels(th).all.borrow_mut();
    let index = all.iter().position(|channel| channel.id == cid)?;
    Some(all.remove(index))
}

/// An interpreter has ended.
fn forget_interpreter(th: Thread<'_>, interp: i64) {
    let (mut data, mut items) = (Vec::new(), Vec::new());
    for channel in channels(th).all.borrow_mut().iter_mut().filter(|channel| channel.open) {
        for mut item in std::mem::take(&mut channel.items) {
            if item.interp == interp && item.unbound == REMOVE && item.data.is_some() {
                items.push(item);
                continue;
            }
            if item.interp == interp {
                data.extend(item.data.take());
            }
            channel.items.push_back(item);
        }
        channel.send.release_if_known(interp);
        channel.receive.release_if_known(interp);
        channel.note_releases();
    }
    drop((data, items));
}

/// A channel ID identifies a channel and may be used as an int.
#[pytype(name = "_interpchannels.ChannelID", flags = BASETYPE | DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct ChannelId {
    head: Head,
    cid: i64,
    end: Cell<u8>,
    resolve: bool,
}

impl ChannelId {
    fn create(th: Thread<'_>, cid: i64, end: End, force: bool, resolve: bool) -> Result {
        let known = with(th, cid, |channel| {
            channel.objects += 1;
            Ok(())
        });
        match known {
            Err(raised) if force => th.clear_exception(raised),
            known => known?,
        }
        let id = ChannelId { head: Head::new(), cid, end: Cell::new(end as u8), resolve };
        Ok(alloc_object::new(th, id)?.upcast())
    }

    fn end(&self) -> End {
        match self.end.get() {
            0 => End::Send,
            1 => End::Receive,
            _ => End::Both,
        }
    }
}

impl Drop for ChannelId {
    fn drop(&mut self) {
        // SAFETY: objects are dropped on attached threads.
        let th = unsafe { Thread::current() };
        let is_last = {
            let mut all = channels(th).all.borrow_mut();
            let channel = all.iter_mut().find(|channel| channel.id == self.cid);
            channel.is_some_and(|channel| {
                channel.objects = channel.objects.saturating_sub(1);
                channel.objects == 0
            })
        };
        if is_last {
            drop(take_out(th, self.cid));
        }
    }
}

#[pymethods]
impl ChannelId {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.obj().ty().name().rsplit('.').next().unwrap_or_default().to_owned();
        let cid = self.cid;
        Str::new(
            th,
            &match self.end() {
                End::Send => format!("{name}({cid}, send=True)"),
                End::Receive => format!("{name}({cid}, recv=True)"),
                End::Both => format!("{name}({cid})"),
            },
        )
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, &self.cid.to_string())
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        self.cid.into_object(th)?.hash(th)
    }

    fn __int__(&self, th: Thread<'_>) -> Result {
        self.cid.into_object(th)
    }

    fn __index__(&self, th: Thread<'_>) -> Result {
        self.cid.into_object(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(types::not_implemented().own());
        }
        let equal = if let Some(other) = other.downcast::<ChannelId>() {
            self.cid == other.cid && self.end() == other.end()
        } else if Int::is_int(other) {
            Int::to_i64(other) == Some(self.cid)
        } else if Int::is_index(other) || other.downcast::<object::Float>().is_some() {
            self.cid.into_object(th)?.eq(th, other)?
        } else {
            return Ok(types::not_implemented().own());
        };
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    /// 'send', 'recv', or 'both'
    #[getter(end)]
    fn end_attribute(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::intern(
            th,
            match self.end() {
                End::Send => "send",
                End::Receive => "recv",
                End::Both => "both",
            },
        )
    }

    /// the 'send' end of the channel
    #[getter]
    fn send(&self, th: Thread<'_>) -> Result {
        ChannelId::create(th, self.cid, End::Send, true, self.resolve)
    }

    /// the 'recv' end of the channel
    #[getter]
    fn recv(&self, th: Thread<'_>) -> Result {
        ChannelId::create(th, self.cid, End::Receive, true, self.resolve)
    }
}

/// The number and the end that an argument names.
fn id_argument(th: Thread<'_>, cid: Obj<'_>) -> Result<(i64, End)> {
    if let Some(id) = cid.downcast::<ChannelId>() {
        return Ok((id.cid, id.end()));
    }
    if !Int::is_int(cid) && !Int::is_index(cid) {
        raise!(th, TypeError, "channel ID must be an int, got {}", cid.type_name());
    }
    let index = object::protocol::number::index(th, cid)?;
    match Int::to_i64(index.obj()) {
        Some(number) if number >= 0 => Ok((number, End::Both)),
        Some(_) => {
            raise!(th, ValueError, "channel ID must be a non-negative int, got {}", shown(th, cid))
        }
        None => raise!(th, OverflowError, "Python int too large to convert to C long long"),
    }
}

/// A `ChannelID`, or the object of an end, on its way.
struct SentId {
    cid: i64,
    end: End,
    resolve: bool,
    is_end: bool,
}

fn pack_id(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
    sent_id(th, object, false)
}

fn pack_end(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
    let id = object.getattr(th, &*Str::intern(th, "_id")?)?;
    sent_id(th, id.obj(), true)
}

fn sent_id(th: Thread<'_>, object: Obj<'_>, is_end: bool) -> Result<Packed> {
    let Some(id) = object.downcast::<ChannelId>() else {
        raise!(
            th,
            TypeError,
            "'_id' attribute must be an _interpchannels.ChannelID object, not {}",
            object.type_name()
        );
    };
    // The channel is kept as long as this is on its way.
    with(th, id.cid, |channel| {
        channel.objects += 1;
        Ok(())
    })?;
    let sent = SentId { cid: id.cid, end: id.end(), resolve: id.resolve, is_end };
    Ok(Packed::Other(Box::new(sent)))
}

impl Drop for SentId {
    fn drop(&mut self) {
        let id = ChannelId {
            head: Head::new(),
            cid: self.cid,
            end: Cell::new(End::Both as u8),
            resolve: false,
        };
        drop(id);
    }
}

/// The class of an end, whose module is imported if it has to be.
fn end_class(th: Thread<'_>, end: End) -> Result {
    let state = state(th);
    let class = if end == End::Send { &state.send_class } else { &state.receive_class };
    if class.is_null() {
        let loaded = import(th, "interpreters.channels").or_else(|raised| {
            th.clear_exception(raised);
            import(th, "test.support.channels")
        });
        loaded?;
    }
    match class.get() {
        Some(class) => Ok(class),
        None => raise!(th, RuntimeError, "no class is registered for channel ends"),
    }
}

impl Carried for SentId {
    fn unpack(&self, th: Thread<'_>) -> Result {
        import(th, "_interpchannels")?;
        let id = ChannelId::create(th, self.cid, self.end, false, false)?;
        if self.is_end {
            return end_class(th, self.end)?.call(th, &[id.obj()]);
        }
        if self.end == End::Both || !self.resolve {
            return Ok(id);
        }
        let made = end_class(th, self.end).and_then(|class| class.call(th, &[id.obj()]));
        match made {
            Ok(end) => Ok(end),
            Err(raised) => {
                th.clear_exception(raised);
                Ok(id)
            }
        }
    }
}

/// Put an object into a channel.
fn send_object(
    th: Thread<'_>,
    cid: i64,
    object: Obj<'_>,
    (unbound, fallback): (i32, i32),
    waiting: Option<Rc<Waiting>>,
) -> Result<()> {
    let defaults = with_open(th, cid, |channel| match channel.closing {
        true => Err(Failure::Closed),
        false => Ok((channel.unbound, channel.fallback)),
    })?;
    let unbound = unbound_argument(th, unbound, defaults.0)?;
    let fallback = fallback_argument(th, fallback, defaults.1)?;
    let data = data::pack(th, object, fallback != 0)?;
    let interp = th.interp().id.get();
    let mut item = Item { interp, data: Some(data), unbound, waiting };
    let result = {
        let item = &mut item;
        with_open(th, cid, move |channel| {
            if channel.closing {
                return Err(Failure::Closed);
            }
            if !channel.send.associate(interp) {
                return Err(Failure::Released);
            }
            let empty = Item { interp, data: None, unbound, waiting: None };
            channel.items.push_back(std::mem::replace(item, empty));
            Ok(())
        })
    };
    if result.is_err() {
        item.waiting = None;
    }
    result
}

/// Put an object into a channel and wait until it is received.
fn send_and_wait(
    th: Thread<'_>,
    cid: i64,
    object: Obj<'_>,
    options: (i32, i32),
    until: Until,
) -> Result<()> {
    let waiting = Rc::new(Waiting::default());
    send_object(th, cid, object, options, Some(waiting.clone()))?;
    let waited = waiting.sleepers.wait(th, until, || waiting.done.get());
    if !waiting.done.get() {
        let unsent = with(th, cid, |channel| {
            let is_mine = |item: &Item| {
                item.waiting.as_ref().is_some_and(|other| Rc::ptr_eq(other, &waiting))
            };
            let index = channel.items.iter().position(is_mine);
            let item = index.and_then(|index| channel.items.remove(index));
            channel.finish_closing();
            Ok(item)
        });
        match unsent {
            Ok(item) => drop(item),
            Err(raised) => th.clear_exception(raised),
        }
        waited?;
        raise!(th, TimeoutError, "timed out");
    }
    if waiting.received.get() { Ok(()) } else { Err(fail(th, cid, &Failure::HasClosed)) }
}

fn send_argument(
    th: Thread<'_>,
    cid: Obj<'_>,
    object: Obj<'_>,
    (unbound, fallback): (i32, i32),
    blocking: bool,
    timeout: Option<Obj<'_>>,
) -> Result<()> {
    unbound_argument(th, unbound, REPLACE)?;
    fallback_argument(th, fallback, 1)?;
    let (cid, _) = id_argument(th, cid)?;
    let timeout = timeout.filter(|timeout| !timeout.is_none());
    if !blocking {
        if timeout.is_some() {
            raise!(th, ValueError, "can't specify a timeout for a non-blocking call");
        }
        return send_object(th, cid, object, (unbound, fallback), None);
    }
    let until = match timeout {
        None => Until::Forever,
        Some(timeout) => {
            let ns = seconds_to_ns(th, timeout, Round::Up)?;
            if ns < 0 {
                raise!(th, ValueError, "timeout value must be a non-negative number");
            }
            Until::after_ns(ns)
        }
    };
    send_and_wait(th, cid, object, (unbound, fallback), until)
}

static INFO: Decl = Decl {
    name: "_interpchannels.ChannelInfo",
    doc: "ChannelInfo\n\nA named tuple of a channel's state.",
    fields: &[
        ("open", "both ends are open"),
        ("closing", "send is closed, recv is non-empty"),
        ("closed", "both ends are closed"),
        ("count", "queued objects"),
        ("num_interp_send", "interpreters bound to the send end"),
        ("num_interp_send_released", "interpreters bound to the send end and released"),
        ("num_interp_recv", "interpreters bound to the send end"),
        ("num_interp_recv_released", "interpreters bound to the send end and released"),
        ("num_interp_both", "interpreters bound to both ends"),
        ("num_interp_both_released", "interpreters bound to both ends and released_from_both"),
        (
            "num_interp_both_send_released",
            "interpreters bound to both ends and released_from_the send end",
        ),
        (
            "num_interp_both_recv_released",
            "interpreters bound to both ends and released_from_the recv end",
        ),
        ("send_associated", "current interpreter is bound to the send end"),
        ("send_released", "current interpreter *was* bound to the send end"),
        ("recv_associated", "current interpreter is bound to the recv end"),
        ("recv_released", "current interpreter *was* bound to the recv end"),
    ],
    visible: 8,
    instantiable: false,
};

/// What `get_info` says of a channel, for an interpreter.
fn info(channel: &Channel, interp: i64) -> ([bool; 3], usize, [i64; 8], [bool; 4]) {
    let mut counts = [0; 8];
    if !channel.open {
        return ([false, false, true], 0, counts, [false; 4]);
    }
    for (user, open) in &channel.send.0 {
        match (channel.receive.find(*user), open) {
            (None, true) => counts[0] += 1,
            (None, false) => counts[1] += 1,
            (Some(true), true) => counts[4] += 1,
            (Some(false), false) => counts[5] += 1,
            (Some(true), false) => counts[7] += 1,
            (Some(false), true) => counts[6] += 1,
        }
    }
    for (user, open) in &channel.receive.0 {
        match (channel.send.find(*user), open) {
            (None, true) => counts[2] += 1,
            (None, false) => counts[3] += 1,
            _ => {}
        }
    }
    let (send, receive) = (channel.send.find(interp), channel.receive.find(interp));
    let own =
        [send == Some(true), send == Some(false), receive == Some(true), receive == Some(false)];
    ([!channel.closing, channel.closing, false], channel.items.len(), counts, own)
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule]
pub mod _interpchannels {
    use super::*;

    /// Create a new cross-interpreter channel and return a unique generated ID.
    #[sig = "(unboundop=-1, fallback=-1)"]
    fn create(th: Thread<'_>, unboundop: i32, fallback: i32) -> Result {
        let unbound = unbound_argument(th, unboundop, REPLACE)?;
        let fallback = fallback_argument(th, fallback, 1)?;
        let id = channels(th).next_id.get();
        channels(th).next_id.set(id + 1);
        let channel = Channel {
            id,
            unbound,
            fallback,
            items: VecDeque::new(),
            send: Users::default(),
            receive: Users::default(),
            open: true,
            closing: false,
            ended: false,
            objects: 0,
        };
        channels(th).all.borrow_mut().insert(0, channel);
        ChannelId::create(th, id, End::Both, false, false)
    }

    /// Close and finalize the channel.  Afterward attempts to use the channel
    /// will behave as though it never existed.
    #[sig = "(cid)"]
    fn destroy(th: Thread<'_>, cid: Obj<'_>) -> Result<()> {
        let (cid, _) = id_argument(th, cid)?;
        match take_out(th, cid) {
            Some(channel) => {
                drop(channel);
                Ok(())
            }
            None => Err(fail(th, cid, &Failure::NotFound)),
        }
    }

    /// Return the list of all IDs for active channels.
    #[sig = "()"]
    fn list_all(th: Thread<'_>) -> Result {
        let all: Vec<(i64, i32, i32)> = {
            let all = channels(th).all.borrow();
            let listed = all.iter().filter(|channel| !channel.ended);
            listed.map(|channel| (channel.id, channel.unbound, channel.fallback)).collect()
        };
        let all: Result<Vec<Ref>> = all
            .into_iter()
            .map(|(cid, unbound, fallback)| {
                let id = ChannelId::create(th, cid, End::Both, false, false)?;
                (id, unbound, fallback).into_object(th)
            })
            .collect();
        object::List::from_refs(th, all?).map(Ref::upcast)
    }

    /// Return the list of all interpreter IDs associated with an end of the channel.
    ///
    /// The 'send' argument should be a boolean indicating whether to use the send or
    /// receive end.
    #[sig = "(cid, *, send)"]
    fn list_interpreters(th: Thread<'_>, cid: Obj<'_>, send: bool) -> Result {
        let (cid, _) = id_argument(th, cid)?;
        let mut ids = Vec::new();
        for record in interpreters::all(th) {
            let is_user = with_open(th, cid, |channel| {
                if send && channel.closing {
                    return Err(Failure::Closed);
                }
                let users = if send { &channel.send } else { &channel.receive };
                Ok(users.find(record.id()) == Some(true))
            })?;
            if is_user {
                ids.push(record.id().into_object(th)?);
            }
        }
        object::List::from_refs(th, ids).map(Ref::upcast)
    }

    /// Add the object's data to the channel's queue.
    /// By default this waits for the object to be received.
    #[sig = "(cid, obj, unboundop=-1, fallback=-1, *, blocking=True, timeout=None)"]
    fn send(
        th: Thread<'_>,
        cid: Obj<'_>,
        obj: Obj<'_>,
        unboundop: i32,
        fallback: i32,
        blocking: bool,
        timeout: Option<Obj<'_>>,
    ) -> Result<()> {
        send_argument(th, cid, obj, (unboundop, fallback), blocking, timeout)
    }

    /// Add the object's buffer to the channel's queue.
    /// By default this waits for the object to be received.
    #[sig = "(cid, obj, unboundop=-1, fallback=-1, *, blocking=True, timeout=None)"]
    fn send_buffer(
        th: Thread<'_>,
        cid: Obj<'_>,
        obj: Obj<'_>,
        unboundop: i32,
        fallback: i32,
        blocking: bool,
        timeout: Option<Obj<'_>>,
    ) -> Result<()> {
        let view = types::MemoryView::from_object(th, obj)?;
        send_argument(th, cid, view.obj(), (unboundop, fallback), blocking, timeout)
    }

    /// Return a new object from the data at the front of the channel's queue.
    ///
    /// If there is nothing to receive then raise ChannelEmptyError, unless
    /// a default value is provided.  In that case return it.
    #[sig = "(cid, default=<unrepresentable>)"]
    fn recv(th: Thread<'_>, cid: Obj<'_>, default: Option<Obj<'_>>) -> Result<(Ref, Ref)> {
        let (cid, _) = id_argument(th, cid)?;
        let interp = th.interp().id.get();
        let item = with_open(th, cid, |channel| {
            if !channel.receive.associate(interp) {
                return Err(Failure::Released);
            }
            let item = channel.items.pop_front();
            channel.finish_closing();
            match item {
                None if default.is_none() => Err(Failure::Empty),
                item => Ok(item),
            }
        })?;
        let Some(mut item) = item else {
            let default = default.map_or_else(|| none().own(), Obj::own);
            return Ok((default, none().own()));
        };
        let Some(data) = item.data.take() else {
            return Ok((none().own(), item.unbound.into_object(th)?));
        };
        let object = data.unpack(th)?;
        if let Some(waiting) = item.waiting.take() {
            waiting.finish(true);
        }
        Ok((object, none().own()))
    }

    /// Close the channel for all interpreters.
    ///
    /// If the channel is empty then the keyword args are ignored and both
    /// ends are immediately closed.  Otherwise, if 'force' is True then
    /// all queued items are released and both ends are immediately
    /// closed.
    ///
    /// If the channel is not empty *and* 'force' is False then following
    /// happens:
    ///
    ///  * recv is True (regardless of send):
    ///    - raise ChannelNotEmptyError
    ///  * recv is None and send is None:
    ///    - raise ChannelNotEmptyError
    ///  * send is True and recv is not True:
    ///    - fully close the 'send' end
    ///    - close the 'recv' end to interpreters not already receiving
    ///    - fully close it once empty
    ///
    /// Closing an already closed channel results in a ChannelClosedError.
    ///
    /// Once the channel's ID has no more ref counts in any interpreter
    /// the channel will be destroyed.
    #[sig = "(cid, *, send=False, recv=False, force=False)"]
    fn close(
        th: Thread<'_>,
        cid: Obj<'_>,
        send: Option<Obj<'_>>,
        recv: Option<Obj<'_>>,
        force: bool,
    ) -> Result<()> {
        let (cid, _) = id_argument(th, cid)?;
        let (send, receive) = (truth(th, send)?, truth(th, recv)?);
        let items = with_open(th, cid, |channel| {
            let only_send = send && !receive;
            if !force && only_send && channel.closing {
                return Err(Failure::Closed);
            }
            if force || channel.items.is_empty() {
                return Ok(channel.close());
            }
            if !only_send {
                return Err(Failure::NotEmpty);
            }
            channel.closing = true;
            Ok(VecDeque::new())
        })?;
        drop(items);
        Ok(())
    }

    /// Close the channel for the current interpreter.  'send' and 'recv'
    /// (bool) may be used to indicate the ends to close.  By default both
    /// ends are closed.  Closing an already closed end is a noop.
    #[sig = "(cid, *, send=False, recv=False, force=False)"]
    fn release(
        th: Thread<'_>,
        cid: Obj<'_>,
        send: Option<Obj<'_>>,
        recv: Option<Obj<'_>>,
        force: bool,
    ) -> Result<()> {
        let _ = force;
        let (cid, _) = id_argument(th, cid)?;
        let (send, receive) = (truth(th, send)?, truth(th, recv)?);
        let both = send == receive;
        let interp = th.interp().id.get();
        with_open(th, cid, |channel| {
            if send || both {
                channel.send.release(interp);
            }
            if receive || both {
                channel.receive.release(interp);
            }
            channel.note_releases();
            Ok(())
        })
    }

    /// Return the number of items in the channel.
    #[sig = "(cid)"]
    fn get_count(th: Thread<'_>, cid: Obj<'_>) -> Result<usize> {
        with_open(th, id_argument(th, cid)?.0, |channel| Ok(channel.items.len()))
    }

    /// Return details about the channel.
    #[sig = "(cid)"]
    fn get_info(th: Thread<'_>, cid: Obj<'_>) -> Result {
        let (cid, _) = id_argument(th, cid)?;
        let interp = th.interp().id.get();
        let (status, count, counts, own) =
            with(th, cid, |channel| Ok(self::info(channel, interp)))?;
        let flag = |flag: bool| types::bool_(flag).own();
        let mut values: Vec<Ref> = status.into_iter().map(flag).collect();
        values.push(count.into_object(th)?);
        for count in counts {
            values.push(count.into_object(th)?);
        }
        values.extend(own.into_iter().map(flag));
        INFO.make(th, values)
    }

    /// Return the channel's default values, set when it was created.
    #[sig = "(cid)"]
    fn get_channel_defaults(th: Thread<'_>, cid: Obj<'_>) -> Result<(i32, i32)> {
        with_open(th, id_argument(th, cid)?.0, |channel| Ok((channel.unbound, channel.fallback)))
    }

    #[sig = "(id, *, send=None, recv=None, force=False, _resolve=False)"]
    fn _channel_id(
        th: Thread<'_>,
        id: Obj<'_>,
        send: Option<Obj<'_>>,
        recv: Option<Obj<'_>>,
        force: bool,
        _resolve: bool,
    ) -> Result {
        let (cid, mut end) = id_argument(th, id)?;
        let given = |flag: Option<Obj<'_>>| match flag {
            Some(flag) if !flag.is_none() => flag.own().is_true(th).map(Some),
            _ => Ok(None),
        };
        let (send, receive) = (given(send)?, given(recv)?);
        match (send, receive) {
            (Some(false), Some(false)) => {
                raise!(th, ValueError, "'send' and 'recv' cannot both be False")
            }
            (Some(true), Some(true)) => end = End::Both,
            (Some(true), _) => end = End::Send,
            (_, Some(true)) => end = End::Receive,
            _ => {}
        }
        ChannelId::create(th, cid, end, force, _resolve)
    }

    #[sig = "(send, recv)"]
    fn _register_end_types(th: Thread<'_>, send: Obj<'_>, recv: Obj<'_>) -> Result<()> {
        for (class, name) in [(send, "send"), (recv, "recv")] {
            if object::types::type_::as_type(class).is_none() {
                raise!(th, TypeError, "expected a type for '{name}'");
            }
        }
        let state = state(th);
        for (link, class) in [(&state.send_class, send), (&state.receive_class, recv)] {
            if let Some(old) = link.get() {
                data::unregister(th, old.obj());
            }
            link.set(Some(class.own()));
            data::register(th, class, pack_end);
        }
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let state = state(th);
        let new = |name: &str, base: Obj<'_>, link: &Link| -> Result {
            let full = Str::new(th, &format!("_interpchannels.{name}"))?;
            let class = support::new_exception(th, &full, &*Tuple::from_objs(th, &[base])?)?;
            module.set(th, name, class.obj())?;
            link.set(Some(class.clone()));
            Ok(class)
        };
        let base = exceptions::types::RuntimeError().obj();
        let error = new("ChannelError", base, &state.error)?;
        new("ChannelNotFoundError", error.obj(), &state.not_found)?;
        new("ChannelClosedError", error.obj(), &state.closed)?;
        new("ChannelEmptyError", error.obj(), &state.empty)?;
        new("ChannelNotEmptyError", error.obj(), &state.not_empty)?;
        INFO.add_to(th, module)?;
        module.add_type::<ChannelId>(th)?;
        data::register(th, <ChannelId as object::PyStruct>::type_object().obj(), pack_id);
        interpreters::when_ended(th, forget_interpreter);
        Ok(())
    }
}

fn truth(th: Thread<'_>, flag: Option<Obj<'_>>) -> Result<bool> {
    flag.map_or(Ok(false), |flag| flag.own().is_true(th))
}
