//! Hash values equal to CPython's on 64-bit builds.
//!
//! Numbers hash modulo the Mersenne prime 2⁶¹ − 1, so that equal numbers of
//! different types hash alike. Tuples use an xxHash variant, frozensets a
//! commutative mix, text and bytes SipHash-1-3 under the process secret.
//! −1 is never a hash (it is C's error mark): each public function here
//! returns −2 instead.

/// `sys.hash_info.modulus`.
pub const MODULUS: u64 = (1 << BITS) - 1;
/// `sys.hash_info.inf`.
pub const INF: i64 = 314_159;
/// `sys.hash_info.imag`.
pub const IMAG: u64 = 1_000_003;
const BITS: u32 = 61;

/// Replaces the reserved value −1.
#[inline]
pub fn not_minus_one(hash: i64) -> i64 {
    if hash == -1 { -2 } else { hash }
}

#[inline]
fn reduce(x: u64) -> u64 {
    let x = (x & MODULUS) + (x >> BITS);
    if x >= MODULUS { x - MODULUS } else { x }
}

#[inline]
fn rotate(x: u64, count: u32) -> u64 {
    ((x << count) & MODULUS) | (x >> (BITS - count))
}

#[inline]
fn signed(magnitude: u64, negative: bool) -> i64 {
    let hash = magnitude as i64;
    not_minus_one(if negative { -hash } else { hash })
}

/// Hash of a machine integer.
#[inline]
pub fn int(value: i64) -> i64 {
    signed(reduce(value.unsigned_abs()), value < 0)
}

/// Hash of an int given as 30-bit digits, least significant first.
pub fn int_digits(digits: &[u32], negative: bool) -> i64 {
    let magnitude =
        digits.iter().rev().fold(0, |x, &digit| reduce(rotate(x, 30) + u64::from(digit)));
    signed(magnitude, negative)
}

/// Hash of a float; `None` for NaN, whose hash is its object's address (see
/// [`pointer`]).
pub fn float(value: f64) -> Option<i64> {
    if !value.is_finite() {
        if value.is_nan() {
            return None;
        }
        return Some(if value > 0.0 { INF } else { -INF });
    }
    let (mantissa, exponent) = crate::math::frexp(value.abs());
    // mantissa · 2⁵³ is an integer; multiplying by a power of two rotates.
    let bits = reduce((mantissa * (1u64 << 53) as f64) as u64);
    let shift = (exponent - 53).rem_euclid(BITS as i32) as u32;
    let magnitude = if shift == 0 { bits } else { rotate(bits, shift) };
    Some(signed(magnitude, value < 0.0))
}

/// Hash of a complex number from the hashes of its parts.
pub fn complex(real: i64, imag: i64) -> i64 {
    not_minus_one((real as u64).wrapping_add(IMAG.wrapping_mul(imag as u64)) as i64)
}

/// Hash of an address.
#[inline]
pub fn pointer(address: usize) -> i64 {
    not_minus_one((address as u64).rotate_right(4) as i64)
}

const XX1: u64 = 11_400_714_785_074_694_791;
const XX2: u64 = 14_029_467_366_897_019_727;
const XX5: u64 = 2_870_177_450_012_600_261;

/// The running hash of a tuple's items.
#[derive(Clone, Copy, Debug)]
pub struct TupleHasher(u64);

impl Default for TupleHasher {
    fn default() -> Self {
        TupleHasher(XX5)
    }
}

impl TupleHasher {
    /// Mixes in the hash of the next item.
    #[inline]
    pub fn push(&mut self, item: i64) {
        let mixed = self.0.wrapping_add((item as u64).wrapping_mul(XX2));
        self.0 = mixed.rotate_left(31).wrapping_mul(XX1);
    }

    /// The hash of a slice's three fields.
    #[inline]
    pub fn finish_without_len(self) -> i64 {
        if self.0 == u64::MAX { 1_546_275_796 } else { self.0 as i64 }
    }

    /// The hash of the tuple of `len` items.
    #[inline]
    pub fn finish(self, len: usize) -> i64 {
        let hash = self.0.wrapping_add(len as u64 ^ (XX5 ^ 3_527_539));
        if hash == u64::MAX { 1_546_275_796 } else { hash as i64 }
    }
}

/// The running, order-independent hash of a frozenset's items.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrozensetHasher(u64);

impl FrozensetHasher {
    /// Mixes in the hash of one item.
    #[inline]
    pub fn push(&mut self, item: i64) {
        let h = item as u64;
        self.0 ^= ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167);
    }

    /// The hash of the frozenset of `len` items.
    #[inline]
    pub fn finish(self, len: usize) -> i64 {
        let mut hash = self.0 ^ (len as u64).wrapping_add(1).wrapping_mul(1_927_868_237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
        if hash == u64::MAX { 590_923_713 } else { hash as i64 }
    }
}

/// The process's key for hashing text and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    k0: u64,
    k1: u64,
}

impl Secret {
    /// The key for `PYTHONHASHSEED=seed`.
    pub fn from_seed(seed: u32) -> Self {
        let mut bytes = [0; 16];
        if seed != 0 {
            let mut x = seed;
            for byte in &mut bytes {
                x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
                *byte = (x >> 16) as u8;
            }
        }
        Self::from_bytes(bytes)
    }

    /// A key from 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Secret { k0: both as u64, k1: (both >> 64) as u64 }
    }

    /// Hash of bytes, or of a str's storage (1, 2 or 4 bytes per character).
    #[inline]
    pub fn hash(&self, data: &[u8]) -> i64 {
        if data.is_empty() {
            return 0;
        }
        not_minus_one(self.siphash13(data) as i64)
    }

    /// SipHash-1-3.
    pub fn siphash13(&self, data: &[u8]) -> u64 {
        let mut v = [
            self.k0 ^ 0x736f_6d65_7073_6575,
            self.k1 ^ 0x646f_7261_6e64_6f6d,
            self.k0 ^ 0x6c79_6765_6e65_7261,
            self.k1 ^ 0x7465_6462_7974_6573,
        ];
        let (words, tail) = data.as_chunks::<8>();
        for word in words {
            let m = u64::from_le_bytes(*word);
            v[3] ^= m;
            sip_round(&mut v);
            v[0] ^= m;
        }
        let mut last = (data.len() as u64) << 56;
        for (i, &byte) in tail.iter().enumerate() {
            last |= u64::from(byte) << (8 * i);
        }
        v[3] ^= last;
        sip_round(&mut v);
        v[0] ^= last;
        v[2] ^= 0xff;
        sip_round(&mut v);
        sip_round(&mut v);
        sip_round(&mut v);
        v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}

#[inline(always)]
fn sip_round(v: &mut [u64; 4]) {
    let [mut a, mut b, mut c, mut d] = *v;
    a = a.wrapping_add(b);
    c = c.wrapping_add(d);
    b = b.rotate_left(13) ^ a;
    d = d.rotate_left(16) ^ c;
    a = a.rotate_left(32);
    c = c.wrapping_add(b);
    a = a.wrapping_add(d);
    b = b.rotate_left(17) ^ c;
    d = d.rotate_left(21) ^ a;
    c = c.rotate_left(32);
    *v = [a, b, c, d];
}

#[cfg(test)]
mod tests;
