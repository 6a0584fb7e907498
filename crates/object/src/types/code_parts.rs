//! Code objects and marshal: between [`Code`] and the fields that are written.

use bytecode::marshal;

use crate::{AsObject, Bytes, Code, Obj, Ref, Result, Str, Thread, Tuple, types::code::CodeParts};

impl Code {
    /// Make a code object of unmarshalled fields.
    pub fn from_parts(th: Thread<'_>, parts: marshal::CodeParts<Ref>) -> Result<Ref<Code>> {
        Code::create(
            th,
            CodeParts {
                argcount: parts.argcount,
                posonlyargcount: parts.posonlyargcount,
                kwonlyargcount: parts.kwonlyargcount,
                stacksize: parts.stacksize,
                flags: parts.flags,
                code: bytes(th, &parts.code)?,
                consts: tuple(th, &parts.consts)?,
                names: tuple(th, &parts.names)?,
                localsplusnames: tuple(th, &parts.localsplusnames)?,
                localspluskinds: bytes(th, &parts.localspluskinds)?,
                filename: text(th, &parts.filename)?,
                name: text(th, &parts.name)?,
                qualname: text(th, &parts.qualname)?,
                firstlineno: parts.firstlineno,
                linetable: bytes(th, &parts.linetable)?,
                exceptiontable: bytes(th, &parts.exceptiontable)?,
            },
        )
    }

    /// The fields to marshal.
    pub fn to_parts(&self, th: Thread<'_>) -> Result<marshal::CodeParts<Ref>> {
        Ok(marshal::CodeParts {
            argcount: self.argcount,
            posonlyargcount: self.posonlyargcount,
            kwonlyargcount: self.kwonlyargcount,
            stacksize: self.stacksize,
            flags: self.flags,
            code: self.code(th)?.upcast(),
            consts: self.consts.clone().upcast(),
            names: self.names.clone().upcast(),
            localsplusnames: self.localsplusnames.clone().upcast(),
            localspluskinds: self.localspluskinds.clone().upcast(),
            filename: self.filename().upcast(),
            name: self.name.clone().upcast(),
            qualname: self.qualname.clone().upcast(),
            firstlineno: self.firstlineno,
            linetable: self.linetable.clone().upcast(),
            exceptiontable: self.exceptiontable.clone().upcast(),
        })
    }
}

fn bytes(th: Thread<'_>, object: &Ref) -> Result<Ref<Bytes>> {
    match object.clone().downcast::<Bytes>() {
        Ok(bytes) => Ok(bytes),
        Err(other) => Err(bad(th, "bytes", other.obj())),
    }
}

fn tuple(th: Thread<'_>, object: &Ref) -> Result<Ref<Tuple>> {
    match object.clone().downcast::<Tuple>() {
        Ok(tuple) => Ok(tuple),
        Err(other) => Err(bad(th, "tuple", other.obj())),
    }
}

fn text(th: Thread<'_>, object: &Ref) -> Result<Ref<Str>> {
    match object.clone().downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => Err(bad(th, "str", other.obj())),
    }
}

#[cold]
fn bad(th: Thread<'_>, expected: &str, got: Obj<'_>) -> crate::Raised {
    crate::error!(th, TypeError, "code: expected {expected}, not {}", got.type_name())
}
