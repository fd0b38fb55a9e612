//! RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996) of a SHA-256, by which Bitcoin and its kin name a public key.
//!
//! Written for size: the 160 steps of the `ripemd` crate, one by one, are six kilobytes of the module that every request loads, and
//! this is one. The tests hold it against the crate.

/// One of the two lines of steps: which words of the block they take, by how much they turn, and what they add. Of a number a
/// digit is a step.
struct Line {
    words: [u64; 5],
    turns: [u64; 5],
    adds: [u32; 5],
}

const LEFT: Line = Line {
    words: [
        0x0123_4567_89ab_cdef,
        0x74d1_a6f3_c095_2eb8,
        0x3ae4_9f81_2706_db5c,
        0x19ba_08c4_d37f_e562,
        0x4059_7c2a_e138_b6fd,
    ],
    turns: [
        0xbefc_5879_bdef_6798,
        0x768d_b97f_7cf9_b7dc,
        0xbd67_e9df_e8d6_5c75,
        0xbcef_ef98_9e56_865c,
        0x9f5b_68dc_5cde_b856,
    ],
    adds: [0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e],
};
const RIGHT: Line = Line {
    words: [
        0x5e70_92b4_d6f8_1a3c,
        0x6b37_0d5a_ef8c_4912,
        0xf513_7e69_b8c2_a04d,
        0x8641_3bf0_5c2d_97ae,
        0xcfa4_1587_62de_039b,
    ],
    turns: [
        0x899b_dff5_778b_eec6,
        0x9df7_c89b_77c7_6fdb,
        0x97fb_866e_cd5e_dd75,
        0xf58b_ee6e_69c9_c5f8,
        0x85c9_c5e6_8d65_fdbb,
    ],
    adds: [0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0],
};
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

pub fn of(digest: &[u8; 32]) -> [u8; 20] {
    // One block: the digest, a bit that ends it, and its length in bits.
    let mut block = [0; 16];
    for (word, bytes) in block.iter_mut().zip(digest.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    block[8] = 0x80;
    block[14] = 256;
    let left = walk(&LEFT, &block, |round| round);
    let right = walk(&RIGHT, &block, |round| 4 - round);
    let mut hash = [0; 20];
    for (n, bytes) in hash.as_chunks_mut().0.iter_mut().enumerate() {
        let at = |line: &[u32; 5], n: usize| line.get(n % 5).copied().unwrap_or_default();
        let sum = at(&START, n + 1).wrapping_add(at(&left, n + 2)).wrapping_add(at(&right, n + 3));
        *bytes = sum.to_le_bytes();
    }
    hash
}

/// The 80 steps of a line. `mix` says how the words are mixed in a round: the right line does it in the other order.
fn walk(line: &Line, block: &[u32; 16], mix: fn(usize) -> usize) -> [u32; 5] {
    let [mut a, mut b, mut c, mut d, mut e] = START;
    let rounds = line.words.iter().zip(&line.turns).zip(&line.adds).enumerate();
    for (round, ((words, turns), add)) in rounds {
        for step in (0..64).step_by(4).rev() {
            let digit = |number: u64| (number >> step & 15) as usize;
            let mixed = match mix(round) {
                0 => b ^ c ^ d,
                1 => b & c | !b & d,
                2 => (b | !c) ^ d,
                3 => b & d | c & !d,
                _ => b ^ (c | !d),
            };
            let word = block.get(digit(*words)).copied().unwrap_or_default();
            let sum = a.wrapping_add(mixed).wrapping_add(word).wrapping_add(*add);
            let turned = sum.rotate_left(digit(*turns) as u32).wrapping_add(e);
            (a, b, c, d, e) = (e, turned, b, c.rotate_left(10), d);
        }
    }
    [a, b, c, d, e]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ripemd::{Digest, Ripemd160};

    use super::of;

    proptest! {
        #[test]
        fn it_is_what_the_crate_says(digest: [u8; 32]) {
            prop_assert_eq!(of(&digest), <[u8; 20]>::from(Ripemd160::digest(digest)));
        }
    }
}
