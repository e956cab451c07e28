//! Incompressible bytes from a seed.

/// `len` bytes that no compressor shortens, the same for the same seed. 60 MB take a tenth of a second or so,
/// without optimisation too.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    // SplitMix64: every seed, 0 as well, starts a different sequence, and it needs no warming up.
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len.next_multiple_of(8));
    while bytes.len() < len {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        assert_eq!(noise(1, 1003), noise(1, 1003));
        assert_eq!(noise(1, 1003)[..900], noise(1, 900)[..]);
        assert_ne!(noise(1, 64), noise(2, 64));
        assert_eq!(noise(0, 0), Vec::<u8>::new());
    }

    #[test]
    fn no_compressor_shortens_it() {
        let bytes = noise(3, 1 << 16);
        let packed = zstd::encode_all(&bytes[..], 3).unwrap();
        assert!(packed.len() >= bytes.len(), "{} bytes became {}", bytes.len(), packed.len());
    }
}
