//! The numbers of the code format (`re/_constants.py`).

macro_rules! numbered {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($item:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        $vis enum $name { $($item),* }

        impl $name {
            const ALL: &[$name] = &[$($name::$item),*];

            /// The item with this number.
            pub(crate) fn from_code(code: u32) -> Option<$name> {
                Self::ALL.get(usize::try_from(code).ok()?).copied()
            }
        }
    };
}

numbered! {
    /// Operators, `OPCODES`.
    pub(crate) enum Op {
        Failure, Success, Any, AnyAll, Assert, AssertNot, At, Branch, Category, Charset,
        Bigcharset, Groupref, GrouprefExists, In, Info, Jump, Literal, Mark, MaxUntil, MinUntil,
        NotLiteral, Negate, Range, Repeat, RepeatOne, Subpattern, MinRepeatOne, AtomicGroup,
        PossessiveRepeat, PossessiveRepeatOne, GrouprefIgnore, InIgnore, LiteralIgnore,
        NotLiteralIgnore, GrouprefLocIgnore, InLocIgnore, LiteralLocIgnore, NotLiteralLocIgnore,
        GrouprefUniIgnore, InUniIgnore, LiteralUniIgnore, NotLiteralUniIgnore, RangeUniIgnore,
    }
}

numbered! {
    /// Positions, `ATCODES`.
    pub(crate) enum At {
        Beginning, BeginningLine, BeginningString, Boundary, NonBoundary, End, EndLine, EndString,
        LocBoundary, LocNonBoundary, UniBoundary, UniNonBoundary,
    }
}

numbered! {
    /// Character categories, `CHCODES`.
    pub(crate) enum Category {
        Digit, NotDigit, Space, NotSpace, Word, NotWord, Linebreak, NotLinebreak, LocWord,
        LocNotWord, UniDigit, UniNotDigit, UniSpace, UniNotSpace, UniWord, UniNotWord,
        UniLinebreak, UniNotLinebreak,
    }
}

/// `SRE_INFO_PREFIX`.
pub(crate) const INFO_PREFIX: u32 = 1;
/// `SRE_INFO_LITERAL`.
pub(crate) const INFO_LITERAL: u32 = 2;
/// `SRE_INFO_CHARSET`.
pub(crate) const INFO_CHARSET: u32 = 4;
