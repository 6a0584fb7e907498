//! The Mersenne Twister MT19937, with the draws of `_random.Random`.

use crate::TooLarge;

const N: usize = 624;
const M: usize = 397;

/// Generator state: 624 words and the position of the next one to use.
#[derive(Clone)]
pub struct MersenneTwister {
    state: [u32; N],
    index: usize,
}

impl MersenneTwister {
    /// Seeded with one word.
    pub fn from_word(seed: u32) -> Self {
        let mut state = [0; N];
        let mut previous = seed;
        for (i, slot) in state.iter_mut().enumerate() {
            if i > 0 {
                previous = 1_812_433_253u32
                    .wrapping_mul(previous ^ (previous >> 30))
                    .wrapping_add(i as u32);
            }
            *slot = previous;
        }
        MersenneTwister { state, index: N }
    }

    /// Seeded with an int's magnitude as 32-bit words, least significant
    /// first (zero is one word, 0).
    pub fn from_key(key: &[u32]) -> Self {
        let key = if key.is_empty() { &[0] } else { key };
        let mut generator = Self::from_word(19_650_218);
        let state = &mut generator.state;
        let mut i = 1;
        let mut mix = |state: &mut [u32; N], factor: u32, term: &dyn Fn(usize) -> u32| {
            let before = state[i - 1];
            state[i] =
                (state[i] ^ (before ^ (before >> 30)).wrapping_mul(factor)).wrapping_add(term(i));
            i += 1;
            if i >= N {
                state[0] = state[N - 1];
                i = 1;
            }
        };
        for (j, word) in key.iter().cycle().take(N.max(key.len())).enumerate() {
            let position = (j % key.len()) as u32;
            mix(state, 1_664_525, &|_| word.wrapping_add(position));
        }
        for _ in 1..N {
            mix(state, 1_566_083_941, &|i| (i as u32).wrapping_neg());
        }
        state[0] = 0x8000_0000;
        generator
    }

    /// From `getstate()`'s words and index; `None` if the index is above 624
    /// (`ValueError: invalid state`).
    pub fn from_state(state: [u32; N], index: usize) -> Option<Self> {
        (index <= N).then_some(MersenneTwister { state, index })
    }

    /// The words and index for `getstate()`.
    pub fn state(&self) -> (&[u32; N], usize) {
        (&self.state, self.index)
    }

    fn refill(&mut self) {
        let mt = &mut self.state;
        for i in 0..N {
            let y = (mt[i] & 0x8000_0000) | (mt[(i + 1) % N] & 0x7fff_ffff);
            let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            mt[i] = mt[(i + M) % N] ^ (y >> 1) ^ twist;
        }
        self.index = 0;
    }

    /// The next 32 random bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.index >= N {
            self.refill();
        }
        let mut y = self.state.get(self.index).copied().unwrap_or(0);
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `random()`: 53 bits in [0, 1).
    #[inline]
    pub fn random(&mut self) -> f64 {
        let a = f64::from(self.next_u32() >> 5);
        let b = f64::from(self.next_u32() >> 6);
        (a * 67_108_864.0 + b) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// `getrandbits(k)` for `k` ≤ 32 (0 for `k` = 0, drawing nothing).
    #[inline]
    pub fn bits32(&mut self, k: u32) -> u32 {
        if k == 0 { 0 } else { self.next_u32() >> (32 - k.min(32)) }
    }

    /// `getrandbits(k)` as 32-bit words, least significant first.
    pub fn bits(&mut self, k: u64) -> Result<Vec<u32>, TooLarge> {
        let count = usize::try_from(k.div_ceil(32)).map_err(|_| TooLarge)?;
        let mut words = Vec::new();
        words.try_reserve_exact(count).map_err(|_| TooLarge)?;
        let mut left = k;
        while left > 0 {
            words.push(self.bits32(left.min(32) as u32));
            left = left.saturating_sub(32);
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests;
