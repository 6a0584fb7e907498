//! Opcodes and what is known of each without executing it.

/// Properties of an opcode, a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpFlags(u16);

macro_rules! op_flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $has:ident;)*) => {
        #[allow(non_upper_case_globals, reason = "spelled as in the table's rows")]
        impl OpFlags {
            $($(#[$doc])* pub const $name: OpFlags = OpFlags(1 << $bit);)*

            const NAMES: &[(&str, OpFlags)] = &[$((stringify!($name), OpFlags::$name)),*];
        }

        impl Op {
            $($(#[$doc])* pub const fn $has(self) -> bool {
                self.flags().contains(OpFlags::$name)
            })*
        }
    };
}

op_flags! {
    /// Uses its argument.
    arg = 0, has_arg;
    /// The argument is an index of `co_consts`.
    constant = 1, has_const;
    /// The argument is, or contains, an index of `co_names`.
    name = 2, has_name;
    /// Can jump; the argument says where.
    jump = 3, has_jump;
    /// The argument is the number of a cell or free variable.
    free = 4, has_free;
    /// The argument is the number of a local variable.
    local = 5, has_local;
    /// Looks for signals and other pending work.
    eval_break = 6, has_eval_break;
    /// Can raise.
    error = 7, has_error;
    /// Can run arbitrary code.
    escapes = 8, has_escapes;
    /// Has no effect but on the stack.
    pure = 9, is_pure;
}

impl OpFlags {
    const fn union(self, other: OpFlags) -> OpFlags {
        OpFlags(self.0 | other.0)
    }

    pub const fn contains(self, other: OpFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        OpFlags::NAMES.iter().filter(move |(_, flag)| self.contains(*flag)).map(|(name, _)| *name)
    }
}

macro_rules! size {
    () => {
        1
    };
    ($size:expr) => {
        $size
    };
}

macro_rules! base {
    ($own:ident) => {
        Op::$own
    };
    ($own:ident $base:ident) => {
        Op::$base
    };
}

macro_rules! metadata {
    ($oparg:ident => $(
        #[doc = $doc:literal]
        $name:ident = $number:literal [$caches:literal]
            ($($input:ident $([$input_size:expr])?),* -- $($output:ident $([$output_size:expr])?),*)
            [$($flag:ident)*] $(of $base:ident)?;
    )*) => {
        /// An opcode, pseudo-ops included.
        #[allow(non_camel_case_types, reason = "opcodes have CPython's names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Op {
            $( #[doc = $doc] $name = $number, )*
        }

        const BY_NUMBER: [Option<Op>; Op::LIMIT] = {
            let mut ops = [None; Op::LIMIT];
            $( ops[$number] = Some(Op::$name); )*
            ops
        };

        const CACHES: [u8; Op::LIMIT] = {
            let mut caches = [0; Op::LIMIT];
            $( caches[$number] = $caches; )*
            caches
        };

        const FLAGS: [OpFlags; Op::LIMIT] = {
            let mut flags = [OpFlags(0); Op::LIMIT];
            $( flags[$number] = OpFlags(0)$(.union(OpFlags::$flag))*; )*
            flags
        };

        const NAMES: [&str; Op::LIMIT] = {
            let mut names = [""; Op::LIMIT];
            $( names[$number] = stringify!($name); )*
            names
        };

        impl Op {
            /// Every opcode, ordered by number.
            pub const ALL: &[Op] = &[$(Op::$name),*];

            /// One more than the largest number.
            pub const LIMIT: usize = Op::STORE_FAST_MAYBE_NULL as usize + 1;

            /// How many items the instruction takes from the stack.
            pub const fn popped(self, oparg: i32) -> i32 {
                let $oparg = oparg;
                let _ = $oparg;
                match self {
                    $( Op::$name => 0 $(+ { let _ = stringify!($input); size!($($input_size)?) })*, )*
                }
            }

            /// How many items the instruction puts on the stack.
            pub const fn pushed(self, oparg: i32) -> i32 {
                let $oparg = oparg;
                let _ = $oparg;
                match self {
                    $( Op::$name => 0 $(+ { let _ = stringify!($output); size!($($output_size)?) })*, )*
                }
            }

            /// The generic form of a specialised or instrumented opcode;
            /// itself for any other.
            pub const fn base(self) -> Op {
                match self {
                    $( Op::$name => base!($name $($base)?), )*
                }
            }

            /// What the instruction does, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self {
                    $( Op::$name => $doc.trim_ascii(), )*
                }
            }
        }
    };
}

crate::for_each_op!(metadata);

impl Op {
    /// Opcodes from this number on, up to 255, are instrumented.
    pub const MIN_INSTRUMENTED: u16 = 234;

    /// Opcodes above this number use their argument.
    pub const HAVE_ARGUMENT: u16 = 43;

    pub const fn from_number(number: u16) -> Option<Op> {
        if (number as usize) < Op::LIMIT { BY_NUMBER[number as usize] } else { None }
    }

    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }

    pub const fn number(self) -> u16 {
        self as u16
    }

    pub const fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// Code units of inline cache after the instruction.
    pub const fn caches(self) -> usize {
        CACHES[self as usize] as usize
    }

    pub const fn flags(self) -> OpFlags {
        FLAGS[self as usize]
    }

    pub const fn is_pseudo(self) -> bool {
        self as u16 > 255
    }

    pub const fn is_instrumented(self) -> bool {
        self as u16 >= Op::MIN_INSTRUMENTED && self as u16 <= Op::INSTRUMENTED_LINE as u16
    }

    pub const fn is_specialized(self) -> bool {
        self.base() as u16 != self as u16 && !self.is_instrumented()
    }

    /// A specialised form that CPython does not have. Python code never sees its number.
    pub const fn is_own(self) -> bool {
        self as u16 >= Op::FOR_ITER_PAIR as u16 && (self as u16) < Op::MIN_INSTRUMENTED
    }

    /// How much the stack grows; `jump` says whether the jump is taken.
    ///
    /// COMPAT: CPython counts the exception that a handler finds on its stack
    /// as the effect of the instruction that starts the handler's range.
    pub const fn stack_effect(self, oparg: i32, jump: bool) -> i32 {
        if self.is_block_push() && !jump {
            return 0;
        }
        self.pushed(oparg) - self.popped(oparg)
    }

    /// Starts the range of an exception handler.
    pub const fn is_block_push(self) -> bool {
        matches!(self, Op::SETUP_FINALLY | Op::SETUP_WITH | Op::SETUP_CLEANUP)
    }

    /// Names another place in the code: a jump, or the start of a handler's range.
    pub const fn has_target(self) -> bool {
        self.has_jump() || self.is_block_push()
    }

    /// Leaves the code object.
    pub const fn is_scope_exit(self) -> bool {
        matches!(self, Op::RETURN_VALUE | Op::RAISE_VARARGS | Op::RERAISE)
    }

    pub const fn is_unconditional_jump(self) -> bool {
        matches!(
            self,
            Op::JUMP
                | Op::JUMP_NO_INTERRUPT
                | Op::JUMP_FORWARD
                | Op::JUMP_BACKWARD
                | Op::JUMP_BACKWARD_NO_INTERRUPT
        )
    }

    pub const fn is_conditional_jump(self) -> bool {
        matches!(
            self,
            Op::POP_JUMP_IF_FALSE
                | Op::POP_JUMP_IF_TRUE
                | Op::POP_JUMP_IF_NONE
                | Op::POP_JUMP_IF_NOT_NONE
        )
    }

    pub const fn is_backward_jump(self) -> bool {
        matches!(self, Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT)
    }

    /// Must be the last instruction of a basic block.
    pub const fn is_terminator(self) -> bool {
        self.has_jump() || self.is_scope_exit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_that_of_cpython() {
        let recorded = include_str!("../tests/opcodes.tsv");
        let mut rows = 0;
        for line in recorded.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, number, caches, effects @ .., flags, base] = &columns[..] else {
                panic!("bad row: {line}");
            };
            let op = Op::from_name(name).unwrap();
            assert_eq!(op.number().to_string(), *number, "{name}");
            assert_eq!(op.caches().to_string(), *caches, "{name}");
            let names: Vec<&str> = op.flags().names().collect();
            assert_eq!(
                if names.is_empty() { "-".to_owned() } else { names.join(",") },
                *flags,
                "{name}"
            );
            assert_eq!(op.base(), Op::from_name(base).unwrap_or(op), "{name}");
            for (oparg, effect) in [2, 3, 7, 259].into_iter().zip(effects) {
                if *effect != "-" {
                    assert_eq!(
                        format!("{}:{}", op.popped(oparg), op.pushed(oparg)),
                        *effect,
                        "{name}"
                    );
                }
            }
            rows += 1;
        }
        assert_eq!(rows, Op::ALL.iter().filter(|op| !op.is_own()).count());
        assert!(Op::ALL.iter().all(|op| !op.is_own() || op.is_specialized()));
    }

    #[test]
    fn numbers_are_ordered_and_found() {
        assert!(Op::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert!(Op::ALL.iter().all(|op| Op::from_number(op.number()) == Some(*op)));
        assert_eq!(Op::from_number(121), None);
        assert_eq!(Op::from_number(999), None);
    }

    #[test]
    fn handlers_push_only_on_the_way_to_them() {
        assert_eq!(Op::SETUP_CLEANUP.stack_effect(0, true), 2);
        assert_eq!(Op::SETUP_CLEANUP.stack_effect(0, false), 0);
        assert_eq!(Op::FOR_ITER.stack_effect(0, true), 1);
    }
}
