//! A formatted value before padding is spelled out.
//!
//! Kept in parts because the fill may be any code point, surrogates included,
//! which a `String` cannot hold: `fill×left, head, fill×inner, body,
//! fill×right`.

use crate::TooLarge;

/// Where the padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    Center,
    /// Between the sign (and base prefix) and the digits: `=`.
    AfterSign,
}

/// A formatted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub left: usize,
    /// Sign and base prefix.
    pub head: String,
    pub inner: usize,
    pub body: String,
    pub right: usize,
    pub fill: u32,
}

impl Rendered {
    /// Pads `head` + `body` to `width` code points.
    pub fn pad(head: String, body: String, width: usize, align: Align, fill: u32) -> Self {
        let length = head.chars().count() + body.chars().count();
        let (left, inner, right) = padding(length, width, align);
        Rendered { left, head, inner, body, right, fill }
    }

    /// How many code points the text has.
    pub fn len(&self) -> usize {
        let text = self.head.chars().count() + self.body.chars().count();
        text.saturating_add(self.left).saturating_add(self.inner).saturating_add(self.right)
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code points.
    pub fn code_points(&self) -> impl Iterator<Item = u32> + '_ {
        let fill = |count| std::iter::repeat_n(self.fill, count);
        fill(self.left)
            .chain(self.head.chars().map(u32::from))
            .chain(fill(self.inner))
            .chain(self.body.chars().map(u32::from))
            .chain(fill(self.right))
    }

    /// The text; `Ok(None)` if it needs a fill that is not a `char`, in which
    /// case [`Rendered::code_points`] has it.
    pub fn text(self) -> Result<Option<String>, TooLarge> {
        if self.left == 0 && self.inner == 0 && self.right == 0 {
            if self.head.is_empty() {
                return Ok(Some(self.body));
            }
            return Ok(Some(self.head + &self.body));
        }
        let Some(fill) = char::from_u32(self.fill) else { return Ok(None) };
        let count = self.len().checked_mul(fill.len_utf8()).ok_or(TooLarge)?;
        let size = count.checked_add(self.head.len() + self.body.len()).ok_or(TooLarge)?;
        let mut out = String::new();
        out.try_reserve_exact(size).map_err(|_| TooLarge)?;
        out.extend(std::iter::repeat_n(fill, self.left));
        out.push_str(&self.head);
        out.extend(std::iter::repeat_n(fill, self.inner));
        out.push_str(&self.body);
        out.extend(std::iter::repeat_n(fill, self.right));
        Ok(Some(out))
    }
}

/// How much padding goes left of, inside and right of `length` code points.
pub fn padding(length: usize, width: usize, align: Align) -> (usize, usize, usize) {
    let missing = width.saturating_sub(length);
    match align {
        Align::Left => (0, 0, missing),
        Align::Right => (missing, 0, 0),
        Align::Center => (missing / 2, 0, missing - missing / 2),
        Align::AfterSign => (0, missing, 0),
    }
}
