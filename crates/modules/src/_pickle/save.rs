//! Saving objects: the builtin types.

use object::{
    AsObject, Bytes, Dict, Float, Int, List, Obj, Protocol, PyStruct, Raised, Ref, Result, Str,
    Thread, Tuple, Type, id, protocol, raise, types,
};

use super::{
    buffer::PickleBuffer,
    opcodes::*,
    output::Output,
    pickler::{Pickler, is_bool},
};
use crate::{construct, marshal};

/// One run of `dump`.
pub(super) struct Saver<'a> {
    pub(super) th: Thread<'a>,
    pub(super) pickler: &'a Pickler,
    pub(super) out: Output,
    pub(super) protocol: i32,
    pub(super) binary: bool,
    persistent_id: Option<Ref>,
    pub(super) reducer_override: Option<Ref>,
}

impl<'a> Saver<'a> {
    pub(super) fn new(th: Thread<'a>, pickler: &'a Pickler) -> Result<Saver<'a>> {
        let exact = pickler.obj().is_exact::<Pickler>();
        let reducer_override = if exact {
            None
        } else {
            pickler.obj().getattr_opt(th, id!(th, "reducer_override"))?
        };
        Ok(Saver {
            th,
            pickler,
            out: Output::new(),
            protocol: pickler.protocol.get(),
            binary: pickler.bin.get() != 0,
            persistent_id: pickler.persistent_id_function(th)?,
            reducer_override,
        })
    }

    /// Pickle `object`; what was not flushed yet.
    pub(super) fn run(mut self, object: Obj<'_>) -> Result<Vec<u8>> {
        if self.protocol >= 2 {
            self.out.write(&[PROTO, self.protocol as u8]);
        }
        self.out.framing = self.protocol >= 4;
        self.save(object, true)?;
        self.out.op(STOP);
        self.out.commit();
        Ok(self.out.take())
    }

    /// Give the exception that is set a note.
    #[cold]
    pub(super) fn note(&self, raised: Raised, text: std::fmt::Arguments<'_>) -> Raised {
        let th = self.th;
        let exception = th.take_exception(raised);
        let added = Str::from_fmt(th, text)
            .and_then(|text| exception.call_method(th, id!(th, "add_note"), &[text.obj()]));
        if let Err(raised) = added {
            th.clear_exception(raised);
        }
        th.restore(exception)
    }

    fn memoized(&self, object: Obj<'_>) -> Option<usize> {
        self.pickler.memo.borrow().get(object)
    }

    pub(super) fn is_memoized(&self, object: Obj<'_>) -> bool {
        self.memoized(object).is_some()
    }

    fn get(&mut self, index: usize) {
        if !self.binary {
            self.out.write(format!("g{index}\n").as_bytes());
        } else if let Ok(index) = u8::try_from(index) {
            self.out.op_with(BINGET, [index]);
        } else {
            self.out.op_with(LONG_BINGET, (index as u32).to_le_bytes());
        }
    }

    /// Write a reference to an object that was written; false if it was not.
    pub(super) fn save_memoized(&mut self, object: Obj<'_>) -> bool {
        match self.memoized(object) {
            Some(index) => {
                self.get(index);
                true
            }
            None => false,
        }
    }

    pub(super) fn memoize(&mut self, object: Obj<'_>) {
        if self.pickler.fast.get() != 0 {
            return;
        }
        let mut memo = self.pickler.memo.borrow_mut();
        let index = memo.len();
        let old = memo.insert(index, object.own());
        drop(memo);
        drop(old);
        if self.protocol >= 4 {
            self.out.op(MEMOIZE);
        } else if !self.binary {
            self.out.write(format!("p{index}\n").as_bytes());
        } else if let Ok(index) = u8::try_from(index) {
            self.out.write(&[BINPUT, index]);
        } else {
            self.out.op(LONG_BINPUT);
            self.out.write(&(index as u32).to_le_bytes());
        }
    }

    /// Write `object`. `persistent` says whether its persistent id counts.
    pub(super) fn save(&mut self, object: Obj<'_>, persistent: bool) -> Result<()> {
        if persistent && let Some(function) = self.persistent_id.clone() {
            let id = function.call(self.th, &[object])?;
            if !id.obj().is_none() {
                return self.save_persistent(id.obj());
            }
        }
        self.save_object(object)?;
        if self.out.boundary() && self.pickler.has_file() {
            let bytes = self.out.take();
            self.pickler.flush(self.th, &bytes)?;
        }
        Ok(())
    }

    fn save_persistent(&mut self, id: Obj<'_>) -> Result<()> {
        if self.binary {
            self.save(id, false)?;
            self.out.op(BINPERSID);
            return Ok(());
        }
        let text = id.str(self.th)?;
        let Some(text) = text.as_ascii() else {
            return Err(super::pickling_error(
                self.th,
                format_args!("persistent IDs in protocol 0 must be ASCII strings"),
            ));
        };
        self.out.write(format!("P{text}\n").as_bytes());
        Ok(())
    }

    fn save_object(&mut self, object: Obj<'_>) -> Result<()> {
        if object.is_none() {
            self.out.op(NONE);
            return Ok(());
        }
        if let Some(value) = is_bool(object) {
            let bytes: &[u8] = match (self.protocol >= 2, value) {
                (true, true) => &[NEWTRUE],
                (true, false) => &[NEWFALSE],
                (false, true) => b"I01\n",
                (false, false) => b"I00\n",
            };
            self.out.write(bytes);
            return Ok(());
        }
        if Int::is_exact(object) {
            return self.save_int(object);
        }
        if let Some(value) = object.downcast_exact::<Float>() {
            let value = value.value();
            if self.binary {
                self.out.op_with(BINFLOAT, value.to_be_bytes());
            } else {
                self.out.write(format!("F{}\n", num::float_text::repr(value)).as_bytes());
            }
            return Ok(());
        }
        if self.save_memoized(object) {
            return Ok(());
        }
        if let Some(text) = object.downcast_exact::<Str>() {
            return self.save_str(text);
        }
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return self.save_bytes(bytes);
        }
        self.th.check_stack(" while pickling an object")?;
        if let Some(dict) = object.downcast_exact::<Dict>() {
            return self.save_dict(dict);
        }
        if let Some(list) = object.downcast_exact::<List>() {
            return self.save_list(list);
        }
        if let Some(tuple) = object.downcast_exact::<Tuple>() {
            return self.save_tuple(tuple);
        }
        if construct::is_exactly(object, "set") {
            return self.save_set(object);
        }
        if construct::is_exactly(object, "frozenset") {
            return self.save_frozenset(object);
        }
        if construct::is_exactly(object, "bytearray") {
            return self.save_bytearray(object);
        }
        if let Some(buffer) = object.downcast_exact::<PickleBuffer>() {
            return self.save_buffer(buffer);
        }
        self.save_other(object)
    }

    fn save_int(&mut self, object: Obj<'_>) -> Result<()> {
        if let Some(value) = Int::to_i64(object).and_then(|value| i32::try_from(value).ok()) {
            if !self.binary {
                self.out.write(format!("I{value}\n").as_bytes());
            } else if let Ok(value) = u8::try_from(value) {
                self.out.op_with(BININT1, [value]);
            } else if let Ok(value) = u16::try_from(value) {
                self.out.op_with(BININT2, value.to_le_bytes());
            } else {
                self.out.op_with(BININT, value.to_le_bytes());
            }
            return Ok(());
        }
        if self.protocol < 2 {
            let text = types::int::text::repr(self.th, object)?;
            self.out.write(format!("L{text}L\n").as_bytes());
            return Ok(());
        }
        let bytes = Int::to_bigint(object).to_signed_bytes_le();
        match (u8::try_from(bytes.len()), i32::try_from(bytes.len())) {
            (Ok(length), _) => self.out.write(&[LONG1, length]),
            (_, Ok(length)) => {
                self.out.op(LONG4);
                self.out.write(&length.to_le_bytes());
            }
            _ => raise!(self.th, OverflowError, "int too large to pickle"),
        }
        self.out.write(&bytes);
        Ok(())
    }

    /// A header with the length of data in one, four or eight bytes.
    fn sized(
        &mut self,
        codes: (Option<u8>, u8, Option<u8>),
        data: &[u8],
        what: &str,
    ) -> Result<()> {
        let length = data.len();
        if let ((Some(short), ..), Ok(length)) = (codes, u8::try_from(length)) {
            self.out.short(short, length, data);
            return Ok(());
        }
        let mut header = [0; 9];
        header[1..].copy_from_slice(&(length as u64).to_le_bytes());
        let (code, size) = match (u32::try_from(length), codes) {
            (Ok(_), (_, code, _)) => (code, 4),
            (_, (_, _, Some(long))) => (long, 8),
            _ => raise!(
                self.th,
                OverflowError,
                "serializing a {what} larger than 4 GiB requires pickle protocol 4 or higher"
            ),
        };
        header[0] = code;
        self.write_data(&header[..=size], data)
    }

    /// Append a header and its data. Long data are outside of frames and go to
    /// the file by themselves.
    fn write_data(&mut self, header: &[u8], data: &[u8]) -> Result<()> {
        if data.len() < FRAME_SIZE_TARGET {
            self.out.write(header);
            self.out.write(data);
            return Ok(());
        }
        self.out.write_unframed(header);
        if !self.pickler.has_file() {
            self.out.write_unframed(data);
            return Ok(());
        }
        let before = self.out.take();
        self.pickler.flush(self.th, &before)?;
        self.pickler.flush(self.th, data)
    }

    fn save_str(&mut self, text: &Str) -> Result<()> {
        if self.binary {
            let short = (self.protocol >= 4).then_some(SHORT_BINUNICODE);
            let long = (self.protocol >= 4).then_some(BINUNICODE8);
            match text.as_ascii() {
                Some(ascii) => self.sized((short, BINUNICODE, long), ascii.as_bytes(), "string")?,
                None => {
                    let utf8 = marshal::wtf8(text);
                    self.sized((short, BINUNICODE, long), &utf8, "string")?;
                }
            }
        } else {
            let mut line = vec![UNICODE];
            for code in text.units().iter() {
                match code {
                    0 | 0x0A | 0x0D | 0x1A | 0x5C => {
                        line.extend(format!("\\u{code:04x}").as_bytes());
                    }
                    0..=0xFF => line.push(code as u8),
                    0x100..=0xFFFF => line.extend(format!("\\u{code:04x}").as_bytes()),
                    _ => line.extend(format!("\\U{code:08x}").as_bytes()),
                }
            }
            line.push(b'\n');
            self.out.write(&line);
        }
        self.memoize(text.obj());
        Ok(())
    }

    fn save_bytes(&mut self, bytes: &Bytes) -> Result<()> {
        let th = self.th;
        if self.protocol < 3 {
            // Python 2 knows no bytes: a call that makes them.
            let args = if bytes.len() == 0 {
                let empty = Tuple::from_refs(th, Vec::new())?;
                Tuple::from_objs(th, &[Bytes::type_object().obj(), empty.obj()])?
            } else {
                let encode = super::module_attribute(th, id!(th, "codecs"), id!(th, "encode"))?;
                let text = Str::from_units(th, text::Units::Ucs1(bytes.as_bytes()))?;
                let latin1 = Str::intern(th, "latin1")?;
                let args = Tuple::from_array(th, [text.upcast(), latin1.upcast()])?;
                Tuple::from_objs(th, &[encode.obj(), args.obj()])?
            };
            return self.save_reduce(&args, Some(bytes.obj()));
        }
        let long = (self.protocol >= 4).then_some(BINBYTES8);
        self.sized((Some(SHORT_BINBYTES), BINBYTES, long), bytes.as_bytes(), "bytes object")?;
        self.memoize(bytes.obj());
        Ok(())
    }

    fn write_bytearray(&mut self, data: &[u8]) -> Result<()> {
        let mut header = vec![BYTEARRAY8];
        header.extend((data.len() as u64).to_le_bytes());
        self.write_data(&header, data)
    }

    fn save_bytearray(&mut self, object: Obj<'_>) -> Result<()> {
        let th = self.th;
        let data = protocol::buffer::BytesLike::get(th, object)?.to_vec();
        if self.protocol < 5 {
            let args = match data.is_empty() {
                true => Tuple::from_refs(th, Vec::new())?,
                false => Tuple::from_array(th, [Bytes::new(th, &data)?.upcast()])?,
            };
            let reduced = Tuple::from_objs(th, &[object.ty().obj(), args.obj()])?;
            return self.save_reduce(&reduced, Some(object));
        }
        self.write_bytearray(&data)?;
        self.memoize(object);
        Ok(())
    }

    fn save_buffer(&mut self, buffer: &PickleBuffer) -> Result<()> {
        let th = self.th;
        if self.protocol < 5 {
            return Err(super::pickling_error(
                th,
                format_args!("PickleBuffer can only be pickled with protocol >= 5"),
            ));
        }
        let (data, readonly) = buffer.contents(th)?;
        let in_band = match self.pickler.buffer_callback.get() {
            Some(callback) => callback.call(th, &[buffer.obj()])?.is_true(th)?,
            None => true,
        };
        if in_band {
            if readonly {
                let long = Some(BINBYTES8);
                self.sized((Some(SHORT_BINBYTES), BINBYTES, long), &data, "bytes object")?;
            } else {
                self.write_bytearray(&data)?;
            }
            self.memoize(buffer.obj());
        } else {
            self.out.op(NEXT_BUFFER);
            if readonly {
                self.out.op(READONLY_BUFFER);
            }
        }
        Ok(())
    }

    fn save_tuple(&mut self, tuple: &Tuple) -> Result<()> {
        let length = tuple.len();
        if length == 0 {
            self.out.write(if self.binary { &[EMPTY_TUPLE] } else { &[MARK, TUPLE] });
            return Ok(());
        }
        let short = length <= 3 && self.protocol >= 2;
        if !short {
            self.out.op(MARK);
        }
        for (index, item) in tuple.items().iter().enumerate() {
            if let Err(raised) = self.save(*item, true) {
                return Err(self.note(raised, format_args!("when serializing tuple item {index}")));
            }
        }
        // A tuple that contains itself was written with its items.
        if self.is_memoized(tuple.obj()) {
            if short {
                self.out.write(&[POP; 3][..length]);
            } else if self.binary {
                self.out.op(POP_MARK);
            } else {
                self.out.write(&vec![POP; length + 1]);
            }
            self.save_memoized(tuple.obj());
            return Ok(());
        }
        self.out.op(match length {
            1 if short => TUPLE1,
            2 if short => TUPLE2,
            3 if short => TUPLE3,
            _ => TUPLE,
        });
        self.memoize(tuple.obj());
        Ok(())
    }

    fn save_list(&mut self, list: &List) -> Result<()> {
        self.out.write(if self.binary { &[EMPTY_LIST] } else { &[MARK, LIST] });
        self.memoize(list.obj());
        let mut index = 0;
        let note = |this: &Self, raised, index| {
            this.note(raised, format_args!("when serializing list item {index}"))
        };
        if !self.binary || list.len() == 1 {
            while let Some(item) = list.get(index) {
                self.save(item.obj(), true).map_err(|raised| note(self, raised, index))?;
                self.out.op(APPEND);
                index += 1;
            }
            return Ok(());
        }
        while index < list.len() {
            let mut count = 0;
            self.out.op(MARK);
            while count < BATCH_SIZE
                && let Some(item) = list.get(index)
            {
                self.save(item.obj(), true).map_err(|raised| note(self, raised, index))?;
                (index, count) = (index + 1, count + 1);
            }
            self.out.op(APPENDS);
        }
        Ok(())
    }

    fn save_dict(&mut self, dict: &Dict) -> Result<()> {
        self.out.write(if self.binary { &[EMPTY_DICT] } else { &[MARK, DICT] });
        self.memoize(dict.obj());
        let size = dict.len();
        let mut position = 0;
        if !self.binary || size == 1 {
            while let Some((key, value)) = dict.next_entry(&mut position) {
                self.save_pair(dict.obj(), &key, &value)?;
                self.out.op(SETITEM);
            }
            return Ok(());
        }
        let mut next = dict.next_entry(&mut position);
        while next.is_some() {
            let mut count = 0;
            self.out.op(MARK);
            while count < BATCH_SIZE
                && let Some((key, value)) = next.take()
            {
                self.save_pair(dict.obj(), &key, &value)?;
                if dict.len() != size {
                    raise!(self.th, RuntimeError, "dictionary changed size during iteration");
                }
                count += 1;
                next = dict.next_entry(&mut position);
            }
            self.out.op(SETITEMS);
        }
        Ok(())
    }

    pub(super) fn save_pair(&mut self, owner: Obj<'_>, key: &Ref, value: &Ref) -> Result<()> {
        self.save(key.obj(), true)?;
        if let Err(raised) = self.save(value.obj(), true) {
            let th = self.th;
            let exception = th.take_exception(raised);
            let shown = match key.repr(th) {
                Ok(shown) => shown.to_string(),
                Err(raised) => {
                    th.clear_exception(raised);
                    String::from("?")
                }
            };
            let raised = th.restore(exception);
            let kind = full_name(th, owner.ty());
            return Err(self.note(raised, format_args!("when serializing {kind} item {shown}")));
        }
        Ok(())
    }

    fn save_set(&mut self, object: Obj<'_>) -> Result<()> {
        let th = self.th;
        let items = protocol::iter::collect(th, object)?;
        if self.protocol < 4 {
            let args = Tuple::from_array(th, [List::from_refs(th, items)?.upcast()])?;
            let reduced = Tuple::from_objs(th, &[object.ty().obj(), args.obj()])?;
            return self.save_reduce(&reduced, Some(object));
        }
        self.out.op(EMPTY_SET);
        self.memoize(object);
        for batch in items.chunks(BATCH_SIZE) {
            self.out.op(MARK);
            for item in batch {
                if let Err(raised) = self.save(item.obj(), true) {
                    return Err(self.note(raised, format_args!("when serializing set element")));
                }
            }
            self.out.op(ADDITEMS);
        }
        Ok(())
    }

    fn save_frozenset(&mut self, object: Obj<'_>) -> Result<()> {
        let th = self.th;
        let items = protocol::iter::collect(th, object)?;
        if self.protocol < 4 {
            let args = Tuple::from_array(th, [List::from_refs(th, items)?.upcast()])?;
            let reduced = Tuple::from_objs(th, &[object.ty().obj(), args.obj()])?;
            return self.save_reduce(&reduced, Some(object));
        }
        self.out.op(MARK);
        for item in &items {
            if let Err(raised) = self.save(item.obj(), true) {
                return Err(self.note(raised, format_args!("when serializing frozenset element")));
            }
        }
        if self.is_memoized(object) {
            self.out.op(POP_MARK);
            self.save_memoized(object);
            return Ok(());
        }
        self.out.op(FROZENSET);
        self.memoize(object);
        Ok(())
    }
}

/// `%T`: the qualified name, with its module unless that is obvious.
pub(super) fn full_name(th: Thread<'_>, ty: &Type) -> String {
    ty.shown_name(th).unwrap_or_else(|raised| {
        th.clear_exception(raised);
        ty.full_name().to_owned()
    })
}
