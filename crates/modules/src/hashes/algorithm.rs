//! Message digests by name, and HMAC over them.

use blake2b_simd::State as Blake2b;
use blake2s_simd::State as Blake2s;
use digest::{Digest, DynDigest, ExtendableOutput, Update, XofReader};

/// A digest in progress.
#[derive(Clone)]
pub(super) enum State {
    Fixed(Box<dyn DynDigest>),
    Shake128(sha3::Shake128),
    Shake256(sha3::Shake256),
    Md5Sha1(md5::Md5, sha1::Sha1),
    Blake2b(Box<Blake2b>),
    Blake2s(Box<Blake2s>),
}

/// A digest that has a name.
pub(super) struct Algorithm {
    pub(super) name: &'static str,
    /// Other spellings, in capitals.
    aliases: &'static [&'static str],
    pub(super) size: usize,
    pub(super) block: usize,
    make: fn() -> State,
}

fn fixed<D: DynDigest + Default + 'static>() -> State {
    State::Fixed(Box::new(D::default()))
}

macro_rules! algorithms {
    ($($name:literal [$($alias:literal),*] $size:literal $block:literal $make:expr;)*) => {
        pub(super) static ALL: &[Algorithm] = &[$(
            Algorithm { name: $name, aliases: &[$($alias),*], size: $size, block: $block, make: $make },
        )*];
    };
}

algorithms! {
    "md5" ["SSL3-MD5"] 16 64 fixed::<md5::Md5>;
    "sha1" ["SHA-1", "SSL3-SHA1"] 20 64 fixed::<sha1::Sha1>;
    "sha224" ["SHA-224", "SHA2-224"] 28 64 fixed::<sha2::Sha224>;
    "sha256" ["SHA-256", "SHA2-256"] 32 64 fixed::<sha2::Sha256>;
    "sha384" ["SHA-384", "SHA2-384"] 48 128 fixed::<sha2::Sha384>;
    "sha512" ["SHA-512", "SHA2-512"] 64 128 fixed::<sha2::Sha512>;
    "sha512_224" ["SHA512-224", "SHA-512/224", "SHA2-512/224"] 28 128 fixed::<sha2::Sha512_224>;
    "sha512_256" ["SHA512-256", "SHA-512/256", "SHA2-512/256"] 32 128 fixed::<sha2::Sha512_256>;
    "sha3_224" ["SHA3-224"] 28 144 fixed::<sha3::Sha3_224>;
    "sha3_256" ["SHA3-256"] 32 136 fixed::<sha3::Sha3_256>;
    "sha3_384" ["SHA3-384"] 48 104 fixed::<sha3::Sha3_384>;
    "sha3_512" ["SHA3-512"] 64 72 fixed::<sha3::Sha3_512>;
    "shake_128" ["SHAKE-128", "SHAKE128"] 0 168 || State::Shake128(sha3::Shake128::default());
    "shake_256" ["SHAKE-256", "SHAKE256"] 0 136 || State::Shake256(sha3::Shake256::default());
    "blake2b" ["BLAKE2B-512", "BLAKE2B512"] 64 128 || State::Blake2b(Box::new(Blake2b::new()));
    "blake2s" ["BLAKE2S-256", "BLAKE2S256"] 32 64 || State::Blake2s(Box::new(Blake2s::new()));
    "ripemd160" ["RIPEMD-160", "RIPEMD", "RMD160"] 20 64 fixed::<ripemd::Ripemd160>;
    "sm3" [] 32 64 fixed::<sm3::Sm3>;
    "md5-sha1" [] 36 64 || State::Md5Sha1(md5::Md5::default(), sha1::Sha1::default());
}

/// The algorithm of that name, however it is spelled.
pub(super) fn find(name: &str) -> Option<&'static Algorithm> {
    let capitals = name.to_ascii_uppercase();
    ALL.iter()
        .find(|one| one.name.eq_ignore_ascii_case(name) || one.aliases.contains(&capitals.as_str()))
}

impl Algorithm {
    pub(super) fn start(&self) -> State {
        (self.make)()
    }

    /// Whether the output is as long as one likes.
    pub(super) fn is_extendable(&self) -> bool {
        self.size == 0
    }

    fn digest(&self, data: &[u8]) -> Vec<u8> {
        let mut state = self.start();
        state.update(data);
        state.finish(0)
    }
}

impl State {
    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            State::Fixed(state) => DynDigest::update(&mut **state, data),
            State::Shake128(state) => Update::update(state, data),
            State::Shake256(state) => Update::update(state, data),
            State::Md5Sha1(md5, sha1) => {
                Update::update(md5, data);
                Update::update(sha1, data);
            }
            State::Blake2b(state) => drop(state.update(data)),
            State::Blake2s(state) => drop(state.update(data)),
        }
    }

    /// The digest; of extendable ones, that many bytes.
    pub(super) fn finish(&self, length: usize) -> Vec<u8> {
        match self.clone() {
            State::Fixed(state) => state.finalize().into_vec(),
            State::Shake128(state) => squeeze(state, length),
            State::Shake256(state) => squeeze(state, length),
            State::Md5Sha1(md5, sha1) => {
                [md5.finalize().as_slice(), sha1.finalize().as_slice()].concat()
            }
            State::Blake2b(state) => state.finalize().as_bytes().to_vec(),
            State::Blake2s(state) => state.finalize().as_bytes().to_vec(),
        }
    }
}

fn squeeze(state: impl ExtendableOutput, length: usize) -> Vec<u8> {
    let mut output = vec![0; length];
    state.finalize_xof().read(&mut output);
    output
}

/// A keyed digest.
#[derive(Clone)]
pub(super) struct Mac {
    pub(super) algorithm: &'static Algorithm,
    inner: State,
    outer: State,
}

impl Mac {
    pub(super) fn new(algorithm: &'static Algorithm, key: &[u8]) -> Mac {
        let mut block =
            if key.len() > algorithm.block { algorithm.digest(key) } else { key.to_vec() };
        block.resize(algorithm.block, 0);
        let padded = |with: u8| {
            let mut state = algorithm.start();
            let bytes: Vec<u8> = block.iter().map(|byte| byte ^ with).collect();
            state.update(&bytes);
            state
        };
        Mac { algorithm, inner: padded(0x36), outer: padded(0x5c) }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    pub(super) fn finish(&self) -> Vec<u8> {
        let mut outer = self.outer.clone();
        outer.update(&self.inner.finish(0));
        outer.finish(0)
    }

    /// PBKDF2 with this as the keyed function.
    pub(super) fn derive(&self, salt: &[u8], iterations: u64, output: &mut [u8]) {
        for (index, chunk) in (1u32..).zip(output.chunks_mut(self.algorithm.size.max(1))) {
            let mut first = self.clone();
            first.update(salt);
            first.update(&index.to_be_bytes());
            let mut last = first.finish();
            let mut sum = last.clone();
            for _ in 1..iterations {
                let mut next = self.clone();
                next.update(&last);
                last = next.finish();
                sum.iter_mut().zip(&last).for_each(|(a, b)| *a ^= b);
            }
            chunk.iter_mut().zip(&sum).for_each(|(to, from)| *to = *from);
        }
    }
}
