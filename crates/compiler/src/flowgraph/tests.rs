//! Programs before and after, as CPython 3.14.10 has them.

use bytecode::code_flags::{CO_GENERATOR, CO_NEWLOCALS, CO_OPTIMIZED};
use bytecode::dis::{Operand, TextLine, disassemble, parse};
use bytecode::{CodeObject, Constant};

use crate::assemble::optimize_and_assemble;
use crate::instruction_sequence::{InstructionSequence, Label, Location, UnitMetadata};

fn sequence(text: &str) -> InstructionSequence {
    let mut sequence = InstructionSequence::new();
    let mut labels: Vec<(String, Label)> = Vec::new();
    let mut find = |name: &str, sequence: &mut InstructionSequence| {
        if let Some((_, label)) = labels.iter().find(|(known, _)| known == name) {
            return *label;
        }
        let label = sequence.new_label();
        labels.push((name.to_owned(), label));
        label
    };
    let mut current = 1;
    for line in parse(text).unwrap() {
        match line {
            TextLine::Label(name) => {
                let label = find(&name, &mut sequence);
                sequence.use_label(label);
            }
            TextLine::Instruction { line, op, operand } => {
                current = line.unwrap_or(current);
                let loc = Location::line(current);
                match operand {
                    Operand::Label(name) => {
                        let label = find(&name, &mut sequence);
                        sequence.add_jump(op, label, loc);
                    }
                    Operand::Number(arg) => sequence.add(op, arg, loc),
                    Operand::None => sequence.add(op, 0, loc),
                }
            }
        }
    }
    sequence
}

/// Two parameters `a` and `b`, a local variable `c`, names `x` and `y`.
fn assembled(text: &str, consts: &[Constant], flags: u32) -> CodeObject {
    let unit = UnitMetadata {
        name: "f".into(),
        qualname: "f".into(),
        consts: consts.iter().cloned().collect(),
        names: ["x".into(), "y".into()].into_iter().collect(),
        varnames: ["a".into(), "b".into(), "c".into()].into_iter().collect(),
        argcount: 2,
        firstlineno: 1,
        ..UnitMetadata::default()
    };
    optimize_and_assemble(unit, sequence(text), CO_OPTIMIZED | CO_NEWLOCALS | flags, &"f.py".into())
        .unwrap()
}

/// Compare the listing, layout aside.
fn check(text: &str, consts: &[Constant], expected: &str) {
    let words = |text: &str| {
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        rows.filter(|row| !row.is_empty()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(words(&disassemble(&assembled(text, consts, 0))), words(expected));
}

#[test]
fn constants_are_folded_and_unused_ones_dropped() {
    check(
        "
        LOAD_CONST 1
        LOAD_CONST 2
        BINARY_OP 0
        LOAD_CONST 3
        BUILD_TUPLE 2
        RETURN_VALUE
        ",
        &[Constant::None, Constant::from(1000), Constant::from(2000), Constant::from("s")],
        "
        1 LOAD_CONST 1 ((3000, \"s\"))
        RETURN_VALUE
        ",
    );
}

#[test]
fn conditions_are_specialised_and_jumps_threaded() {
    check(
        "
        1 LOAD_FAST 0
        LOAD_CONST 0
        IS_OP 0
        POP_JUMP_IF_FALSE else
        2 LOAD_CONST 1
        RETURN_VALUE
        else:
        3 LOAD_FAST 1
        JUMP_IF_FALSE or
        POP_TOP
        LOAD_FAST 0
        or:
        RETURN_VALUE
        ",
        &[Constant::None, Constant::from(7)],
        "
        1 LOAD_FAST_BORROW 0 (a)
        POP_JUMP_IF_NOT_NONE 3 (to L1)
        NOT_TAKEN
        2 LOAD_SMALL_INT 7
        RETURN_VALUE
        3 L1: LOAD_FAST 1 (b)
        COPY 1
        TO_BOOL
        POP_JUMP_IF_FALSE 3 (to L2)
        NOT_TAKEN
        POP_TOP
        LOAD_FAST 0 (a)
        L2: RETURN_VALUE
        ",
    );
}

#[test]
fn variables_come_in_pairs_and_are_checked() {
    check(
        "
        LOAD_FAST 0
        LOAD_FAST 1
        BINARY_OP 0
        POP_TOP
        LOAD_FAST 2
        STORE_FAST 1
        LOAD_FAST 1
        LOAD_FAST 2
        BUILD_TUPLE 2
        RETURN_VALUE
        ",
        &[],
        "
        1 LOAD_FAST_BORROW_LOAD_FAST_BORROW 1 (a, b)
        BINARY_OP 0
        POP_TOP
        LOAD_FAST_CHECK 2 (c)
        STORE_FAST_LOAD_FAST 17 (b, b)
        LOAD_FAST_BORROW 2 (c)
        BUILD_TUPLE 2
        RETURN_VALUE
        ",
    );
}

#[test]
fn handlers_go_to_the_end() {
    check(
        "
        1 SETUP_FINALLY handler
        2 LOAD_GLOBAL 0
        POP_TOP
        POP_BLOCK
        JUMP end
        handler:
        3 PUSH_EXC_INFO
        POP_TOP
        POP_EXCEPT
        JUMP end
        end:
        4 LOAD_CONST 0
        RETURN_VALUE
        ",
        &[Constant::None],
        "
        1 NOP
        2 L1: LOAD_GLOBAL 0 (x)
        POP_TOP
        4 L2: LOAD_CONST 0 (None)
        RETURN_VALUE
        3 L3: PUSH_EXC_INFO
        POP_TOP
        POP_EXCEPT
        4 LOAD_CONST 0 (None)
        RETURN_VALUE
        ExceptionTable:
        L1 to L2 -> L3 [0]
        ",
    );
}

#[test]
fn generators_start_by_returning_themselves() {
    let text = "
        RESUME 0
        LOAD_CONST 0
        YIELD_VALUE 0
        RESUME 1
        POP_TOP
        LOAD_CONST 0
        RETURN_VALUE
        ";
    let listing = disassemble(&assembled(text, &[Constant::None], CO_GENERATOR));
    let opcodes: Vec<&str> = listing.split_whitespace().filter(|word| word.contains('_')).collect();
    assert_eq!(opcodes[..2], ["RETURN_GENERATOR", "POP_TOP"]);
}

#[test]
fn long_jumps_get_extended_arguments() {
    let body = "LOAD_GLOBAL 0\nPOP_TOP\n".repeat(200);
    let text = format!(
        "loop:\nLOAD_FAST 0\nTO_BOOL\nPOP_JUMP_IF_FALSE end\n{body}JUMP loop\nend:\nLOAD_CONST 0\nRETURN_VALUE"
    );
    let code = assembled(&text, &[Constant::None], 0);
    let instructions: Vec<_> = bytecode::dis::instructions(&code.code).collect();
    let jumps: Vec<_> = instructions.iter().filter_map(|instr| instr.target()).collect();
    assert_eq!(jumps.len(), 2);
    assert_eq!(jumps[1], 0);
    assert!(instructions.iter().any(|instr| instr.start == jumps[0]));
}

#[test]
fn bad_sequences_are_errors() {
    for text in [
        "POP_TOP\nLOAD_CONST 0\nRETURN_VALUE",
        "JUMP nowhere",
        "POP_BLOCK\nLOAD_CONST 0\nRETURN_VALUE",
    ] {
        let mut unit = UnitMetadata { firstlineno: 1, ..UnitMetadata::default() };
        unit.add_const(Constant::None);
        assert!(optimize_and_assemble(unit, sequence(text), 0, &"f.py".into()).is_err(), "{text}");
    }
}
