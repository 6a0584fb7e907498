//! The eight ways to round.

use super::Rest;

/// A rounding mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards infinity.
    Ceiling,
    /// Towards minus infinity.
    Floor,
    /// To nearest, ties away from zero.
    HalfUp,
    /// To nearest, ties towards zero.
    HalfDown,
    /// To nearest, ties to even.
    HalfEven,
    /// Away from zero if the last digit would be 0 or 5, else towards zero.
    ZeroFiveUp,
}

/// Modes and their names.
const NAMES: [(Rounding, &str); 8] = [
    (Rounding::Up, "ROUND_UP"),
    (Rounding::Down, "ROUND_DOWN"),
    (Rounding::Ceiling, "ROUND_CEILING"),
    (Rounding::Floor, "ROUND_FLOOR"),
    (Rounding::HalfUp, "ROUND_HALF_UP"),
    (Rounding::HalfDown, "ROUND_HALF_DOWN"),
    (Rounding::HalfEven, "ROUND_HALF_EVEN"),
    (Rounding::ZeroFiveUp, "ROUND_05UP"),
];

impl Rounding {
    /// All modes.
    pub fn all() -> impl Iterator<Item = Rounding> {
        NAMES.into_iter().map(|(mode, _)| mode)
    }

    /// The name of the mode in module `decimal`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(mode, _)| *mode == self).map_or("", |(_, name)| *name)
    }

    /// The mode of a name.
    pub fn from_name(name: &str) -> Option<Rounding> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(mode, _)| *mode)
    }

    /// Whether what is kept, with this last digit, is to be rounded away from zero,
    /// with `rest` cut off.
    #[inline]
    pub(super) fn is_away(self, rest: Rest, digit: impl Fn() -> u64, negative: bool) -> bool {
        if rest == Rest::Zero {
            return false;
        }
        match self {
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::HalfUp => rest != Rest::Below,
            Rounding::HalfDown => rest == Rest::Above,
            Rounding::HalfEven => rest == Rest::Above || rest == Rest::Half && digit() % 2 == 1,
            Rounding::ZeroFiveUp => matches!(digit(), 0 | 5),
        }
    }

    /// Whether a result that is too large becomes infinite.
    pub(super) fn overflows_to_infinity(self, negative: bool) -> bool {
        match self {
            Rounding::Down | Rounding::ZeroFiveUp => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            _ => true,
        }
    }
}
