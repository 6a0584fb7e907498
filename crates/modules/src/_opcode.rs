//! `_opcode`: what `dis` knows of the instruction set.

use bytecode::Op;
use macros::pymodule;
use object::{
    AsObject, Code, Int, IntoObject, List, Module, Obj, Ref, Result, Str, Thread, Tuple, raise,
    types,
};

const NB_OPS: [(&str, &str); 27] = [
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
    ("NB_SUBSCR", "[]"),
];

const INTRINSICS_1: [&str; 12] = [
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];

const INTRINSICS_2: [&str; 6] = [
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];

fn op(opcode: i32) -> Option<Op> {
    u16::try_from(opcode).ok().and_then(Op::from_number)
}

fn names(th: Thread<'_>, names: &[&str]) -> Result<Ref<List>> {
    let mut items = Vec::new();
    for name in names {
        items.push(Str::new(th, name)?.upcast());
    }
    List::from_refs(th, items)
}

/// Opcode support module.
#[pymodule(name = "_opcode")]
pub mod module {
    use super::*;

    /// Compute the stack effect of the opcode.
    #[sig = "(opcode, oparg=None, /, *, jump=None)"]
    fn stack_effect(
        th: Thread<'_>,
        opcode: i32,
        oparg: Option<Obj<'_>>,
        jump: Option<Obj<'_>>,
    ) -> Result<i32> {
        let oparg = match oparg.filter(|oparg| !oparg.is_none()) {
            Some(oparg) => Int::index_to_i64(th, oparg)?,
            None => 0,
        };
        let jump = match jump {
            None => None,
            Some(jump) if jump.is_none() => None,
            Some(jump) if jump.is(types::bool_(true)) => Some(true),
            Some(jump) if jump.is(types::bool_(false)) => Some(false),
            Some(_) => raise!(th, ValueError, "stack_effect: jump must be False, True or None"),
        };
        let op = op(opcode).filter(|op| !op.is_specialized());
        let (Some(op), Ok(oparg)) = (op, i32::try_from(oparg)) else {
            raise!(th, ValueError, "invalid opcode or oparg");
        };
        Ok(match jump {
            Some(jump) => op.stack_effect(oparg, jump),
            None => op.stack_effect(oparg, true).max(op.stack_effect(oparg, false)),
        })
    }

    /// Return True if opcode is valid, False otherwise.
    #[sig = "(opcode)"]
    fn is_valid(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some()
    }

    /// Return True if the opcode uses its oparg, False otherwise.
    #[sig = "(opcode)"]
    fn has_arg(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_arg)
    }

    /// Return True if the opcode accesses a constant, False otherwise.
    #[sig = "(opcode)"]
    fn has_const(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_const)
    }

    /// Return True if the opcode accesses an attribute by name, False otherwise.
    #[sig = "(opcode)"]
    fn has_name(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_name)
    }

    /// Return True if the opcode has a jump target, False otherwise.
    #[sig = "(opcode)"]
    fn has_jump(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_jump)
    }

    /// Return True if the opcode accesses a free variable, False otherwise.
    ///
    /// Note that 'free' in this context refers to names in the current scope
    /// that are referenced by inner scopes or names in outer scopes that are
    /// referenced from this scope.  It does not include references to global
    /// or builtin scopes.
    #[sig = "(opcode)"]
    fn has_free(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_free)
    }

    /// Return True if the opcode accesses a local variable, False otherwise.
    #[sig = "(opcode)"]
    fn has_local(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::has_local)
    }

    /// Return True if the opcode sets an exception handler, False otherwise.
    #[sig = "(opcode)"]
    fn has_exc(_: Thread<'_>, opcode: i32) -> bool {
        op(opcode).is_some_and(Op::is_block_push)
    }

    /// Return the specialization stats
    #[sig = "()"]
    fn get_specialization_stats(_: Thread<'_>) {}

    /// Return array of symbols of binary ops.
    ///
    /// Indexed by the BINARY_OP oparg value.
    #[sig = "()"]
    fn get_nb_ops(th: Thread<'_>) -> Result<Ref<List>> {
        let mut items = Vec::new();
        for (name, symbol) in NB_OPS {
            let pair = vec![name.into_object(th)?, symbol.into_object(th)?];
            items.push(Tuple::from_refs(th, pair)?.upcast());
        }
        List::from_refs(th, items)
    }

    /// Return a list of names of the unary intrinsics.
    #[sig = "()"]
    fn get_intrinsic1_descs(th: Thread<'_>) -> Result<Ref<List>> {
        names(th, &INTRINSICS_1)
    }

    /// Return a list of names of the binary intrinsics.
    #[sig = "()"]
    fn get_intrinsic2_descs(th: Thread<'_>) -> Result<Ref<List>> {
        names(th, &INTRINSICS_2)
    }

    /// Return a list of special method names.
    #[sig = "()"]
    fn get_special_method_names(th: Thread<'_>) -> Result<Ref<List>> {
        names(th, &["__enter__", "__exit__", "__aenter__", "__aexit__"])
    }

    /// Return the executor object at offset in code if exists, None otherwise.
    #[sig = "(code, offset)"]
    fn get_executor(th: Thread<'_>, code: Obj<'_>, _: i32) -> Result {
        if code.downcast::<Code>().is_none() {
            raise!(th, TypeError, "expected a code object, not '{}'", code.ty().full_name());
        }
        raise!(th, ValueError, "no executor at given byte offset")
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let one = Int::from_i64(th, 1)?;
        module.set(th, "ENABLE_SPECIALIZATION", one.obj())?;
        module.set(th, "ENABLE_SPECIALIZATION_FT", one.obj())
    }
}
