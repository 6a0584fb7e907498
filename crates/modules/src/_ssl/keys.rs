//! Private keys in PEM, with or without a password.

use cipher::{BlockDecrypt, KeyInit, generic_array::GenericArray};
use digest::Digest;
use pbkdf2::pbkdf2_hmac;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::{
    der::{self, Reader, tag},
    pem::{Block, Blocks},
};

/// Why there is no key.
pub(super) enum Failure<E> {
    /// None was found, or it cannot be read.
    Invalid,
    /// Asking for the password failed.
    Password(E),
}

/// The first private key of a PEM text; `password` is asked if it needs one.
pub(super) fn private_key<E>(
    text: &[u8],
    mut password: impl FnMut() -> Result<Option<Vec<u8>>, E>,
) -> Result<PrivateKeyDer<'static>, Failure<E>> {
    let mut blocks = Blocks::new(text);
    loop {
        let block = blocks.next().map_err(|_| Failure::Invalid)?;
        if !block.label.ends_with("PRIVATE KEY") {
            continue;
        }
        let mut ask = || match password() {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(Failure::Invalid),
            Err(error) => Err(Failure::Password(error)),
        };
        if block.label == "ENCRYPTED PRIVATE KEY" {
            let key = decrypt_pkcs8(&block.data, &ask()?).ok_or(Failure::Invalid)?;
            return Ok(PrivatePkcs8KeyDer::from(key).into());
        }
        let label = block.label.clone();
        let data = if block.headers.iter().any(|header| header.starts_with("DEK-Info:")) {
            decrypt_traditional(&block, &ask()?).ok_or(Failure::Invalid)?
        } else {
            block.data
        };
        return match label.as_str() {
            "PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(data).into()),
            "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(data).into()),
            "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(data).into()),
            _ => Err(Failure::Invalid),
        };
    }
}

/// A block cipher in CBC mode.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des3,
}

impl Cipher {
    fn key_size(self) -> usize {
        match self {
            Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::Des3 => 24,
            Cipher::Aes256 => 32,
        }
    }

    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        match self {
            Cipher::Aes128 => cbc::<aes::Aes128>(key, iv, data),
            Cipher::Aes192 => cbc::<aes::Aes192>(key, iv, data),
            Cipher::Aes256 => cbc::<aes::Aes256>(key, iv, data),
            Cipher::Des3 => cbc::<des::TdesEde3>(key, iv, data),
        }
    }
}

/// Decrypt, and take the padding off.
fn cbc<C: BlockDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let size = C::block_size();
    if iv.len() != size || data.is_empty() || !data.len().is_multiple_of(size) {
        return None;
    }
    let (mut out, mut previous) = (Vec::with_capacity(data.len()), iv);
    for block in data.chunks_exact(size) {
        let mut plain = GenericArray::clone_from_slice(block);
        cipher.decrypt_block(&mut plain);
        out.extend(plain.iter().zip(previous).map(|(a, b)| a ^ b));
        previous = block;
    }
    let padding = usize::from(*out.last()?);
    let length = out.len().checked_sub(padding)?;
    let is_padded = (1..=size).contains(&padding)
        && out.get(length..)?.iter().all(|byte| usize::from(*byte) == padding);
    is_padded.then(|| out.truncate(length))?;
    Some(out)
}

/// What `openssl rsa -aes256` writes: the key is a chain of MD5 sums.
fn decrypt_traditional(block: &Block, password: &[u8]) -> Option<Vec<u8>> {
    let info = block.headers.iter().find_map(|header| header.strip_prefix("DEK-Info:"))?;
    let (name, iv) = info.trim().split_once(',')?;
    let iv = iv
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    let cipher = match name {
        "AES-128-CBC" => Cipher::Aes128,
        "AES-192-CBC" => Cipher::Aes192,
        "AES-256-CBC" => Cipher::Aes256,
        "DES-EDE3-CBC" => Cipher::Des3,
        _ => return None,
    };
    let (mut key, mut last): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    while key.len() < cipher.key_size() {
        let mut md5 = md5::Md5::new();
        md5.update(&last);
        md5.update(password);
        md5.update(iv.get(..8)?);
        last = md5.finalize().to_vec();
        key.extend(&last);
    }
    let plain = cipher.decrypt(key.get(..cipher.key_size())?, &iv, &block.data)?;
    der::single(&plain)?;
    Some(plain)
}

/// PKCS #8 with PBES2.
fn decrypt_pkcs8(data: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let mut fields = der::single(data)?.inside();
    let mut algorithm = fields.required(tag::SEQUENCE)?.inside();
    let encrypted = fields.required(tag::OCTET_STRING)?.value;
    if oid(&mut algorithm)? != "1.2.840.113549.1.5.13" {
        return None;
    }
    let mut parameters = algorithm.required(tag::SEQUENCE)?.inside();
    let mut derivation = parameters.required(tag::SEQUENCE)?.inside();
    let mut scheme = parameters.required(tag::SEQUENCE)?.inside();
    let cipher = match oid(&mut scheme)?.as_str() {
        "2.16.840.1.101.3.4.1.2" => Cipher::Aes128,
        "2.16.840.1.101.3.4.1.22" => Cipher::Aes192,
        "2.16.840.1.101.3.4.1.42" => Cipher::Aes256,
        "1.2.840.113549.3.7" => Cipher::Des3,
        _ => return None,
    };
    let iv = scheme.required(tag::OCTET_STRING)?.value;
    let mut key = vec![0; cipher.key_size()];
    derive(&mut derivation, password, &mut key)?;
    let plain = cipher.decrypt(&key, iv, encrypted)?;
    der::single(&plain)?;
    Some(plain)
}

fn oid(reader: &mut Reader<'_>) -> Option<String> {
    der::dotted(reader.required(tag::OBJECT_ID)?.value)
}

/// Most rounds that are worth waiting for.
const MAX_ROUNDS: u32 = 10_000_000;

/// A key from a password, by PBKDF2 or scrypt.
fn derive(fields: &mut Reader<'_>, password: &[u8], key: &mut [u8]) -> Option<()> {
    let kind = oid(fields)?;
    let mut parameters = fields.required(tag::SEQUENCE)?.inside();
    let salt = parameters.required(tag::OCTET_STRING)?.value;
    match kind.as_str() {
        "1.2.840.113549.1.5.12" => {
            let rounds = parameters.next()?.small().filter(|rounds| *rounds <= MAX_ROUNDS)?;
            parameters.optional(tag::INTEGER);
            let hash = match parameters.optional(tag::SEQUENCE) {
                Some(hash) => oid(&mut hash.inside())?,
                None => "1.2.840.113549.2.7".to_owned(),
            };
            match hash.as_str() {
                "1.2.840.113549.2.7" => pbkdf2_hmac::<sha1::Sha1>(password, salt, rounds, key),
                "1.2.840.113549.2.8" => pbkdf2_hmac::<sha2::Sha224>(password, salt, rounds, key),
                "1.2.840.113549.2.9" => pbkdf2_hmac::<sha2::Sha256>(password, salt, rounds, key),
                "1.2.840.113549.2.10" => pbkdf2_hmac::<sha2::Sha384>(password, salt, rounds, key),
                "1.2.840.113549.2.11" => pbkdf2_hmac::<sha2::Sha512>(password, salt, rounds, key),
                _ => return None,
            }
            Some(())
        }
        "1.3.6.1.4.1.11591.4.11" => {
            let (n, r, p) = (
                parameters.next()?.small()?,
                parameters.next()?.small()?,
                parameters.next()?.small()?,
            );
            let log = n.is_power_of_two().then(|| n.trailing_zeros() as u8)?;
            // OpenSSL's limit on memory.
            (u64::from(n) * u64::from(r) * 128 <= 32 << 20).then_some(())?;
            let parameters = scrypt::Params::new(log, r, p, key.len()).ok()?;
            scrypt::scrypt(password, salt, &parameters, key).ok()
        }
        _ => None,
    }
}
