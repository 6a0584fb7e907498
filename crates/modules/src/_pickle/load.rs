//! Loading: a stack machine.

use num_bigint::BigInt;
use object::{
    AsObject, Bytes, Dict, Float, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    exceptions, id, raise,
    types::{self, object_, type_::as_type},
};

use super::{
    buffer::read_only,
    memo_proxy,
    opcodes::*,
    unpickler::{Input, Unpickler, no_persistent_load},
    unpickling_error,
};
use crate::construct;

/// One run of `load`.
pub(super) struct Loader<'a> {
    th: Thread<'a>,
    unpickler: &'a Unpickler,
    stack: Vec<Ref>,
    marks: Vec<usize>,
    persistent_load: Option<Ref>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(th: Thread<'a>, unpickler: &'a Unpickler) -> Result<Loader<'a>> {
        Ok(Loader {
            th,
            unpickler,
            stack: Vec::new(),
            marks: Vec::new(),
            persistent_load: unpickler.persistent_load_function(th)?,
        })
    }

    #[cold]
    fn error<T>(&self, text: std::fmt::Arguments<'_>) -> Result<T> {
        Err(unpickling_error(self.th, text))
    }

    /// The part of the stack that belongs to the innermost mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    #[cold]
    fn underflow<T>(&self) -> Result<T> {
        if self.marks.is_empty() {
            return self.error(format_args!("unpickling stack underflow"));
        }
        self.error(format_args!("unexpected MARK found"))
    }

    fn pop(&mut self) -> Result<Ref> {
        if self.stack.len() <= self.floor() {
            return self.underflow();
        }
        match self.stack.pop() {
            Some(value) => Ok(value),
            None => self.underflow(),
        }
    }

    fn top(&self) -> Result<Ref> {
        if self.stack.len() <= self.floor() {
            return self.underflow();
        }
        match self.stack.last() {
            Some(value) => Ok(value.clone()),
            None => self.underflow(),
        }
    }

    /// Where the items above the innermost mark begin, which goes away.
    fn take_mark(&mut self) -> Result<usize> {
        match self.marks.pop() {
            Some(mark) => Ok(mark.min(self.stack.len())),
            None => self.error(format_args!("could not find MARK")),
        }
    }

    /// The items above the innermost mark, which goes away.
    fn pop_mark(&mut self) -> Result<Vec<Ref>> {
        let mark = self.take_mark()?;
        Ok(self.stack.drain(mark..).collect())
    }

    /// The object below the innermost mark, which is at `mark` and went away.
    fn below(&self, mark: usize) -> Result<Ref> {
        match mark.checked_sub(1).filter(|below| *below >= self.floor()) {
            Some(below) => Ok(self.stack[below].clone()),
            None => self.underflow(),
        }
    }

    fn push(&mut self, value: Ref) {
        self.stack.push(value);
    }

    pub(super) fn run(mut self, input: &mut Input<'_>) -> Result<Ref> {
        let th = self.th;
        loop {
            match input.opcode()? {
                STOP => return self.pop(),
                PROTO => {
                    let [protocol] = input.array()?;
                    if i32::from(protocol) > HIGHEST_PROTOCOL {
                        raise!(th, ValueError, "unsupported pickle protocol: {protocol}");
                    }
                    self.unpickler.protocol.set(i32::from(protocol));
                }
                FRAME => {
                    let length = u64::from_le_bytes(input.array()?);
                    if input.in_frame() {
                        return self.error(format_args!(
                            "beginning of a new frame before end of current frame"
                        ));
                    }
                    if length > isize::MAX as u64 {
                        return self.error(format_args!(
                            "FRAME length exceeds system's maximum of {} bytes",
                            isize::MAX
                        ));
                    }
                    input.begin_frame(length as usize)?;
                }
                MARK => self.marks.push(self.stack.len()),
                POP => {
                    // A mark is popped, too.
                    if self.marks.last() == Some(&self.stack.len()) {
                        self.marks.pop();
                    } else {
                        self.pop()?;
                    }
                }
                POP_MARK => drop(self.pop_mark()?),
                DUP => {
                    let value = self.top()?;
                    self.push(value);
                }
                NONE => self.push(types::none().own()),
                NEWTRUE => self.push(types::bool_(true).own()),
                NEWFALSE => self.push(types::bool_(false).own()),
                BININT => {
                    let value = i32::from_le_bytes(input.array()?);
                    self.push(Int::from_i64(th, i64::from(value))?);
                }
                BININT1 => {
                    let [value] = input.array()?;
                    self.push(Int::from_i64(th, i64::from(value))?);
                }
                BININT2 => {
                    let value = u16::from_le_bytes(input.array()?);
                    self.push(Int::from_i64(th, i64::from(value))?);
                }
                INT => self.int_line(&input.filled_line()?)?,
                LONG => {
                    let line = input.filled_line()?;
                    let value = match line.strip_suffix(b"L") {
                        Some(digits) => self.decimal(digits.to_vec())?,
                        None => self.decimal_line(line)?,
                    };
                    self.push(value);
                }
                LONG1 => {
                    let [length] = input.array()?;
                    let bytes = input.take(usize::from(length))?;
                    self.push(Int::from_bigint(th, &BigInt::from_signed_bytes_le(bytes))?);
                }
                LONG4 => {
                    let length = i32::from_le_bytes(input.array()?);
                    let Ok(length) = usize::try_from(length) else {
                        return self.error(format_args!("LONG pickle has negative byte count"));
                    };
                    let bytes = input.take(length)?;
                    self.push(Int::from_bigint(th, &BigInt::from_signed_bytes_le(bytes))?);
                }
                FLOAT => {
                    let line = input.filled_line()?;
                    let value = match num::float_text::parse_prefix(&line) {
                        Some((value, used)) if used == line.len() => value,
                        Some(_) => raise!(th, ValueError, "could not convert string to float"),
                        None => {
                            let text = self.line_text(line)?;
                            raise!(th, ValueError, "could not convert string to float: '{text}'")
                        }
                    };
                    self.push(Float::from_f64(th, value)?);
                }
                BINFLOAT => {
                    let value = f64::from_be_bytes(input.array()?);
                    self.push(Float::from_f64(th, value)?);
                }
                STRING => {
                    let line = input.line()?;
                    let inner = match line.as_slice() {
                        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
                        _ => {
                            return self
                                .error(format_args!("the STRING opcode argument must be quoted"));
                        }
                    };
                    let decode =
                        super::module_attribute(th, id!(th, "_codecs"), id!(th, "escape_decode"))?;
                    let pair = decode.call(th, &[Bytes::new(th, inner)?.obj()])?;
                    let bytes = pair.get_item(th, Int::from_i64(th, 0)?.obj())?;
                    self.old_string(bytes)?;
                }
                BINSTRING => {
                    let length = i32::from_le_bytes(input.array()?);
                    let Ok(length) = usize::try_from(length) else {
                        return self
                            .error(format_args!("BINSTRING pickle has negative byte count"));
                    };
                    let bytes = Bytes::new(th, input.take(length)?)?;
                    self.old_string(bytes.upcast())?;
                }
                SHORT_BINSTRING => {
                    let [length] = input.array()?;
                    let bytes = Bytes::new(th, input.take(usize::from(length))?)?;
                    self.old_string(bytes.upcast())?;
                }
                UNICODE => {
                    let line = Bytes::new(th, &input.line()?)?;
                    let decode = th.hooks().decode;
                    let text = decode(th, line.obj(), "raw_unicode_escape", "strict")?;
                    self.push(text);
                }
                SHORT_BINUNICODE => {
                    let [length] = input.array()?;
                    self.text(input, usize::from(length))?;
                }
                BINUNICODE => {
                    let length = u32::from_le_bytes(input.array()?);
                    self.text(input, length as usize)?;
                }
                BINUNICODE8 => {
                    let length = self.length(u64::from_le_bytes(input.array()?), "BINUNICODE8")?;
                    self.text(input, length)?;
                }
                SHORT_BINBYTES => {
                    let [length] = input.array()?;
                    let bytes = Bytes::new(th, input.take(usize::from(length))?)?;
                    self.push(bytes.upcast());
                }
                BINBYTES => {
                    let length = u32::from_le_bytes(input.array()?);
                    let bytes = Bytes::new(th, input.take(length as usize)?)?;
                    self.push(bytes.upcast());
                }
                BINBYTES8 => {
                    let length = self.length(u64::from_le_bytes(input.array()?), "BINBYTES8")?;
                    let bytes = Bytes::new(th, input.take(length)?)?;
                    self.push(bytes.upcast());
                }
                BYTEARRAY8 => {
                    let length = self.length(u64::from_le_bytes(input.array()?), "BYTEARRAY8")?;
                    let bytes = Bytes::new(th, input.take(length)?)?;
                    let array = construct::builtin_type(th, "bytearray")?;
                    self.push(array.call(th, &[bytes.obj()])?);
                }
                NEXT_BUFFER => {
                    let Some(buffers) = self.unpickler.buffers.get() else {
                        return self.error(format_args!(
                            "pickle stream refers to out-of-band data but no *buffers* argument \
                             was given"
                        ));
                    };
                    match buffers.next(th)? {
                        Some(buffer) => self.push(buffer),
                        None => {
                            return self.error(format_args!("not enough out-of-band buffers"));
                        }
                    }
                }
                READONLY_BUFFER => {
                    let buffer = self.pop()?;
                    let buffer = read_only(th, buffer.obj())?;
                    self.push(buffer);
                }
                EMPTY_TUPLE => self.push(Tuple::from_refs(th, Vec::new())?.upcast()),
                TUPLE1 => {
                    let items = [self.pop()?];
                    self.push(Tuple::from_array(th, items)?.upcast());
                }
                TUPLE2 => {
                    let second = self.pop()?;
                    let items = [self.pop()?, second];
                    self.push(Tuple::from_array(th, items)?.upcast());
                }
                TUPLE3 => {
                    let (third, second) = (self.pop()?, self.pop()?);
                    let items = [self.pop()?, second, third];
                    self.push(Tuple::from_array(th, items)?.upcast());
                }
                TUPLE => {
                    let mark = self.take_mark()?;
                    let count = self.stack.len() - mark;
                    let mut items = self.stack.drain(mark..);
                    let tuple = Tuple::from_fn(th, count, |_| items.next().map(Ref::into_raw))?;
                    drop(items);
                    self.push(tuple.upcast());
                }
                EMPTY_LIST => self.push(List::new(th)?.upcast()),
                LIST => {
                    let items = self.pop_mark()?;
                    self.push(List::from_refs(th, items)?.upcast());
                }
                EMPTY_DICT => self.push(Dict::new(th)?.upcast()),
                DICT => {
                    let items = self.pop_mark()?;
                    if items.len() % 2 != 0 {
                        return self.error(format_args!("odd number of items for DICT"));
                    }
                    let dict = Dict::new(th)?;
                    for pair in items.chunks_exact(2) {
                        dict.set(th, pair[0].obj(), pair[1].obj())?;
                    }
                    self.push(dict.upcast());
                }
                EMPTY_SET => self.push(construct::set(th, Vec::new(), false)?),
                FROZENSET => {
                    let items = self.pop_mark()?;
                    self.push(construct::set(th, items, true)?);
                }
                ADDITEMS => {
                    let items = self.pop_mark()?;
                    let set = self.top()?;
                    let add = set.getattr(th, id!(th, "add"))?;
                    for item in items {
                        add.call(th, &[item.obj()])?;
                    }
                }
                APPEND => {
                    let value = self.pop()?;
                    match self.top()?.obj().downcast_exact::<List>() {
                        Some(list) => list.push(th, value)?,
                        None => {
                            let mark = self.stack.len();
                            self.push(value);
                            self.append(mark)?;
                        }
                    }
                }
                APPENDS => {
                    let mark = self.take_mark()?;
                    self.append(mark)?;
                }
                SETITEM => {
                    let Some(mark) = self.stack.len().checked_sub(2) else {
                        return self.underflow();
                    };
                    if mark < self.floor() {
                        return self.underflow();
                    }
                    self.set_items(mark)?;
                }
                SETITEMS => {
                    let mark = self.take_mark()?;
                    self.set_items(mark)?;
                }
                PUT => {
                    let index = self.decimal_line(input.filled_line()?)?;
                    let index = Int::index_to_isize(th, index.obj())?;
                    let Ok(index) = usize::try_from(index) else {
                        raise!(th, ValueError, "negative PUT argument");
                    };
                    self.put(index)?;
                }
                BINPUT => {
                    let [index] = input.array()?;
                    self.put(usize::from(index))?;
                }
                LONG_BINPUT => {
                    let index = u32::from_le_bytes(input.array()?);
                    self.put(index as usize)?;
                }
                MEMOIZE => {
                    let value = self.top()?;
                    self.unpickler.memo.borrow_mut().push(Some(value));
                }
                GET => {
                    let index = self.decimal_line(input.filled_line()?)?;
                    self.get(Int::index_to_isize(th, index.obj())?)?;
                }
                BINGET => {
                    let [index] = input.array()?;
                    self.get(isize::from(index))?;
                }
                LONG_BINGET => {
                    let index = u32::from_le_bytes(input.array()?);
                    self.get(index as isize)?;
                }
                GLOBAL => {
                    let module = self.name(&input.filled_line()?)?;
                    let name = self.name(&input.filled_line()?)?;
                    let value = self.find_class(&module, &name)?;
                    self.push(value);
                }
                STACK_GLOBAL => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let names =
                        (module.obj().downcast_exact::<Str>(), name.obj().downcast_exact::<Str>());
                    let (Some(module), Some(name)) = names else {
                        return self.error(format_args!("STACK_GLOBAL requires str"));
                    };
                    let value = self.find_class(module, name)?;
                    self.push(value);
                }
                REDUCE => {
                    let args = self.pop()?;
                    let callable = self.pop()?;
                    let Some(args) = args.obj().downcast::<Tuple>() else {
                        raise!(th, TypeError, "argument list must be a tuple");
                    };
                    let value = callable.call(th, args.items())?;
                    self.push(value);
                }
                NEWOBJ => {
                    let args = self.pop()?;
                    let cls = self.pop()?;
                    let value = self.new_object(cls.obj(), args.obj(), None, "NEWOBJ")?;
                    self.push(value);
                }
                NEWOBJ_EX => {
                    let (kwargs, args, cls) = (self.pop()?, self.pop()?, self.pop()?);
                    let value =
                        self.new_object(cls.obj(), args.obj(), Some(kwargs.obj()), "NEWOBJ_EX")?;
                    self.push(value);
                }
                INST => {
                    let args = self.pop_mark()?;
                    let module = self.name(&input.filled_line()?)?;
                    let name = self.name(&input.filled_line()?)?;
                    let cls = self.find_class(&module, &name)?;
                    let value = self.instantiate(cls, args)?;
                    self.push(value);
                }
                OBJ => {
                    let mut args = self.pop_mark()?;
                    if args.is_empty() {
                        return self.underflow();
                    }
                    let cls = args.remove(0);
                    let value = self.instantiate(cls, args)?;
                    self.push(value);
                }
                BUILD => {
                    let state = self.pop()?;
                    let object = self.top()?;
                    self.build(object.obj(), state)?;
                }
                PERSID => {
                    let line = input.line()?;
                    if self.persistent_load.is_none() {
                        return Err(no_persistent_load(th));
                    }
                    if !line.is_ascii() {
                        return self.error(format_args!(
                            "persistent IDs in protocol 0 must be ASCII strings"
                        ));
                    }
                    let id = Str::from_wtf8(th, &line)?;
                    self.persistent(id.obj())?;
                }
                BINPERSID => {
                    let id = self.pop()?;
                    self.persistent(id.obj())?;
                }
                EXT1 => {
                    let [code] = input.array()?;
                    self.extension(i64::from(code))?;
                }
                EXT2 => {
                    let code = u16::from_le_bytes(input.array()?);
                    self.extension(i64::from(code))?;
                }
                EXT4 => {
                    let code = i32::from_le_bytes(input.array()?);
                    self.extension(i64::from(code))?;
                }
                byte => {
                    if (0x20..=0x7E).contains(&byte) && byte != b'\'' {
                        let key = char::from(byte);
                        return self.error(format_args!("invalid load key, '{key}'."));
                    }
                    return self.error(format_args!("invalid load key, '\\x{byte:02x}'."));
                }
            }
        }
    }

    fn length(&self, length: u64, name: &str) -> Result<usize> {
        match usize::try_from(length).ok().filter(|length| *length <= isize::MAX as usize) {
            Some(length) => Ok(length),
            None => raise!(
                self.th,
                OverflowError,
                "{name} exceeds system's maximum size of {} bytes",
                isize::MAX
            ),
        }
    }

    fn name(&self, line: &[u8]) -> Result<Ref<Str>> {
        let bytes = Bytes::new(self.th, line)?;
        match (self.th.hooks().decode)(self.th, bytes.obj(), "utf-8", "strict")?.downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(_) => self.error(format_args!("STACK_GLOBAL requires str")),
        }
    }

    fn int_line(&mut self, line: &[u8]) -> Result<()> {
        let th = self.th;
        let value = match types::int::text::from_bytes(th, line, 10) {
            Ok(value) => value,
            Err(raised) => {
                th.catch(raised, exceptions::types::ValueError())?;
                raise!(th, ValueError, "could not convert string to int");
            }
        };
        // Two characters for 0 or 1 are a bool, however they say it.
        let is_short = line.len() == 2 && !line.ends_with(b" ");
        match Int::to_i64(value.obj()) {
            Some(bit @ (0 | 1)) if is_short => self.push(types::bool_(bit == 1).own()),
            _ => self.push(value),
        }
        Ok(())
    }

    /// The text of an argument that reaches to the end of its line.
    fn line_text(&self, mut line: Vec<u8>) -> Result<Ref<Str>> {
        line.push(b'\n');
        Str::from_wtf8(self.th, &line)
    }

    fn decimal_line(&self, line: Vec<u8>) -> Result<Ref> {
        types::int::text::from_str(self.th, &*self.line_text(line)?, 10)
    }

    fn decimal(&self, digits: Vec<u8>) -> Result<Ref> {
        types::int::text::from_str(self.th, &*Str::from_wtf8(self.th, &digits)?, 10)
    }

    /// A string of Python 2, as the caller wants it.
    fn old_string(&mut self, bytes: Ref) -> Result<()> {
        let encoding = self.unpickler.encoding.borrow().clone();
        let errors = self.unpickler.errors.borrow().clone();
        let value = if encoding == "bytes" {
            bytes
        } else {
            (self.th.hooks().decode)(self.th, bytes.obj(), &encoding, &errors)?
        };
        self.push(value);
        Ok(())
    }

    fn text(&mut self, input: &mut Input<'_>, length: usize) -> Result<()> {
        let th = self.th;
        let bytes = input.take(length)?;
        if bytes.is_ascii() {
            let text = Str::from_units(th, ::text::Units::Ucs1(bytes))?;
            self.push(text.upcast());
            return Ok(());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Str::new(th, text)?.upcast(),
            Err(_) => {
                let bytes = Bytes::new(th, bytes)?;
                (th.hooks().decode)(th, bytes.obj(), "utf-8", "surrogatepass")?
            }
        };
        self.push(text);
        Ok(())
    }

    fn put(&mut self, index: usize) -> Result<()> {
        let value = self.top()?;
        let old = memo_proxy::insert(
            &mut self.unpickler.memo.borrow_mut(),
            &mut self.unpickler.sparse_memo.borrow_mut(),
            index,
            value,
        );
        drop(old);
        Ok(())
    }

    fn get(&mut self, index: isize) -> Result<()> {
        let memo = &self.unpickler.memo;
        let find = |place: usize| {
            let value = memo.borrow().get(place).cloned().flatten();
            value.or_else(|| self.unpickler.sparse_memo.borrow().get(&place).cloned())
        };
        match usize::try_from(index).ok().and_then(find) {
            Some(value) => {
                self.push(value);
                Ok(())
            }
            None => self.error(format_args!("Memo value not found at index {index}")),
        }
    }

    /// Append the items from `mark` on to the object below them.
    fn append(&mut self, mark: usize) -> Result<()> {
        let th = self.th;
        let target = self.below(mark)?;
        let mut items = self.stack.drain(mark..);
        if let Some(list) = target.obj().downcast_exact::<List>() {
            return items.try_for_each(|item| list.push(th, item));
        }
        if items.len() != 1
            && let Some(extend) = target.getattr_opt(th, id!(th, "extend"))?
        {
            let items = List::from_refs(th, items.collect())?;
            extend.call(th, &[items.obj()])?;
            return Ok(());
        }
        let append = target.getattr(th, id!(th, "append"))?;
        for item in items {
            append.call(th, &[item.obj()])?;
        }
        Ok(())
    }

    /// Set the items from `mark` on, keys and values, in the object below them.
    fn set_items(&mut self, mark: usize) -> Result<()> {
        let th = self.th;
        if !(self.stack.len() - mark).is_multiple_of(2) {
            return self.error(format_args!("odd number of items for SETITEMS"));
        }
        let target = self.below(mark)?;
        let dict = target.obj().downcast_exact::<Dict>();
        let mut items = self.stack.drain(mark..);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            match dict {
                Some(dict) => dict.set_refs(th, key, value)?,
                None => target.set_item(th, key.obj(), Some(value.obj()))?,
            }
        }
        Ok(())
    }

    fn find_class(&self, module: &Str, name: &Str) -> Result<Ref> {
        if !self.unpickler.obj().is_exact::<Unpickler>() {
            let this = self.unpickler.obj();
            return this.call_method(
                self.th,
                id!(self.th, "find_class"),
                &[module.obj(), name.obj()],
            );
        }
        self.unpickler.find(self.th, module, name)
    }

    fn new_object(
        &self,
        cls: Obj<'_>,
        args: Obj<'_>,
        kwargs: Option<Obj<'_>>,
        opcode: &str,
    ) -> Result<Ref> {
        let Some(class) = as_type(cls) else {
            return self.error(format_args!(
                "{opcode} class argument must be a type, not {}",
                cls.type_name()
            ));
        };
        let Some(args) = args.downcast::<Tuple>() else {
            return self.error(format_args!(
                "{opcode} args argument must be a tuple, not {}",
                args.type_name()
            ));
        };
        let kwargs = match kwargs {
            Some(kwargs) => match kwargs.downcast::<Dict>() {
                Some(kwargs) => Some(kwargs),
                None => {
                    return self.error(format_args!(
                        "{opcode} kwargs argument must be a dict, not {}",
                        kwargs.type_name()
                    ));
                }
            },
            None => None,
        };
        let Some(new) = class.slots().tp_new else {
            return self.error(format_args!(
                "{opcode} class argument '{}' doesn't have __new__",
                class.name()
            ));
        };
        let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
        // SAFETY: the slot belongs to the class; arguments are a tuple and a dict or null.
        let value = unsafe { new(class.as_ptr(), args.obj().as_ptr(), kwargs) };
        // SAFETY: a new reference or null.
        unsafe { Ref::from_raw(value) }.ok_or(object::Raised)
    }

    /// An instance as old protocols make it.
    fn instantiate(&self, cls: Ref, args: Vec<Ref>) -> Result<Ref> {
        let th = self.th;
        if args.is_empty()
            && as_type(cls.obj()).is_some()
            && cls.getattr_opt(th, id!(th, "__getinitargs__"))?.is_none()
        {
            return cls.call_method(th, id!(th, "__new__"), &[cls.obj()]);
        }
        cls.call(th, object::args::borrow_all(&args))
    }

    fn build(&self, object: Obj<'_>, state: Ref) -> Result<()> {
        let th = self.th;
        if let Some(set_state) = object.getattr_opt(th, id!(th, "__setstate__"))? {
            set_state.call(th, &[state.obj()])?;
            return Ok(());
        }
        let (mut state, mut slots) = (state, None);
        if let Some([plain, for_slots]) = state.obj().downcast_exact::<Tuple>().map(Tuple::items) {
            let (plain, for_slots) = (plain.own(), for_slots.own());
            (state, slots) = (plain, Some(for_slots));
        }
        if !state.obj().is_none() {
            let Some(dict) = state.obj().downcast_exact::<Dict>() else {
                return self.error(format_args!("state is not a dictionary"));
            };
            let target = object.getattr(th, id!(th, "__dict__"))?;
            for (key, value) in dict.items() {
                // Attribute names are interned, as by an assignment.
                let key = match key.obj().downcast_exact::<Str>() {
                    Some(name) => Str::intern_ref(th, object::own(name)).upcast(),
                    None => key,
                };
                target.set_item(th, key.obj(), Some(value.obj()))?;
            }
        }
        if let Some(slots) = slots
            && !slots.obj().is_none()
        {
            let Some(dict) = slots.obj().downcast_exact::<Dict>() else {
                return self.error(format_args!("slot state is not a dictionary"));
            };
            for (key, value) in dict.items() {
                let name = object_::expect_name(th, key.obj())?;
                object.setattr(th, name, Some(value.obj()))?;
            }
        }
        Ok(())
    }

    fn persistent(&mut self, id: Obj<'_>) -> Result<()> {
        let Some(function) = self.persistent_load.clone() else {
            return Err(no_persistent_load(self.th));
        };
        let value = function.call(self.th, &[id])?;
        self.push(value);
        Ok(())
    }

    fn extension(&mut self, code: i64) -> Result<()> {
        let th = self.th;
        if code <= 0 {
            return self.error(format_args!("EXT specifies code <= 0"));
        }
        let key = Int::from_i64(th, code)?;
        let copyreg = id!(th, "copyreg");
        let cache = super::module_attribute(th, copyreg, id!(th, "_extension_cache"))?;
        let cache = cache.obj().downcast::<Dict>();
        if let Some(cache) = cache
            && let Some(value) = cache.get(th, key.obj())?
        {
            self.push(value);
            return Ok(());
        }
        let registry = id!(th, "_inverted_registry");
        let Some(pair) = super::table_entry(th, copyreg, registry, key.obj())? else {
            raise!(th, ValueError, "unregistered extension code {code}");
        };
        let names = match pair.obj().downcast::<Tuple>().map(Tuple::items) {
            Some([module, name]) => (module.downcast::<Str>(), name.downcast::<Str>()),
            _ => (None, None),
        };
        let (Some(module), Some(name)) = names else {
            raise!(th, ValueError, "_inverted_registry[{code}] isn't a 2-tuple of strings");
        };
        let value = self.find_class(module, name)?;
        if let Some(cache) = cache {
            cache.set(th, key.obj(), value.obj())?;
        }
        self.push(value);
        Ok(())
    }
}
