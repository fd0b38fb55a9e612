//! The files of `public/data/` as bytes, as `scripts/data/shards.mjs` writes them: records of one size, sorted, numbers with
//! their smallest byte first. A file of another form yields nothing, whatever is in it.

use std::net::IpAddr;

// The marks of a network (`scripts/data/networks.mjs`).
pub const HOSTING: u8 = 1;
pub const VPN: u8 = 2;
pub const TOR: u8 = 4;

/// An address as the files have it: of IPv6 the first half, since whoever has one address has its whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    V4(u32),
    V6(u64),
}

impl Key {
    pub fn of(ip: IpAddr) -> Key {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Key::V4(ip.to_bits()),
            IpAddr::V6(ip) => Key::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

/// Bytes of a record of ranges: a start, the index of a network, and a country's letters.
const V4_RECORD: usize = 8;
const V6_RECORD: usize = 12;

/// Bytes of a network: its number, where its name begins and how long it is, its marks.
const NETWORK: usize = 8;

/// The index of a network where there is none.
const NO_NETWORK: u16 = u16::MAX;

/// A file of ranges, each of which ends where the next one begins.
pub struct Ranges<'a> {
    records: &'a [u8],
    networks: &'a [u8],
    names: &'a [u8],
}

/// A range in which an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    pub network: Option<Listed<'a>>,
    pub country: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    pub number: u32,
    pub name: &'a str,
    pub marks: u8,
}

impl<'a> Ranges<'a> {
    /// A file of the addresses that `key` is one of.
    pub fn read(key: Key, bytes: &'a [u8]) -> Option<Ranges<'a>> {
        let (letters, record) = match key {
            Key::V4(_) => (b"PGN4", V4_RECORD),
            Key::V6(_) => (b"PGN6", V6_RECORD),
        };
        let (networks, rest) = length(bytes.strip_prefix(letters)?)?;
        let (records, rest) = length(rest)?;
        let (records, rest) = rest.split_at_checked(records.checked_mul(record)?)?;
        let (networks, names) = rest.split_at_checked(networks.checked_mul(NETWORK)?)?;
        Some(Ranges { records, networks, names })
    }

    /// The range that an address is in. `None`: the file is spoilt.
    pub fn find(&self, key: Key) -> Option<Found<'a>> {
        let record: &[u8] = match key {
            Key::V4(ip) => {
                let start = |[a, b, c, d, ..]: &[u8; V4_RECORD]| u32::from_le_bytes([*a, *b, *c, *d]);
                last(self.records, |record| start(record) <= ip)?
            }
            Key::V6(ip) => {
                let start = |[a, b, c, d, e, f, g, h, ..]: &[u8; V6_RECORD]| {
                    u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
                };
                last(self.records, |record| start(record) <= ip)?
            }
        };
        let [.., low, high, _, _] = record else { return None };
        let (_, country) = record.split_last_chunk::<2>()?;
        let network = match u16::from_le_bytes([*low, *high]) {
            NO_NETWORK => None,
            index => Some(self.network(index)?),
        };
        Some(Found { network, country: letters(country)? })
    }

    fn network(&self, index: u16) -> Option<Listed<'a>> {
        let (networks, _) = self.networks.as_chunks::<NETWORK>();
        let [a, b, c, d, low, high, length, marks] = networks.get(usize::from(index))?;
        let start = usize::from(u16::from_le_bytes([*low, *high]));
        let name = self.names.get(start..)?.get(..usize::from(*length))?;
        let number = u32::from_le_bytes([*a, *b, *c, *d]);
        Some(Listed { number, name: str::from_utf8(name).ok()?, marks: *marks })
    }
}

/// The last record that begins at or before what is looked for.
fn last<const N: usize>(records: &[u8], is_before: impl Fn(&[u8; N]) -> bool) -> Option<&[u8; N]> {
    let (records, _) = records.as_chunks::<N>();
    records.get(records.partition_point(is_before).checked_sub(1)?)
}

/// A country's letters, or zeros for none. `None`: neither.
fn letters(bytes: &[u8]) -> Option<Option<&str>> {
    match bytes {
        [0, 0] => Some(None),
        [b'A'..=b'Z', b'A'..=b'Z'] => str::from_utf8(bytes).ok().map(Some),
        _ => None,
    }
}

/// The marks of a network, which are 0 where it isn't in the file of marked ones. `None`: the file is spoilt.
pub fn marks(bytes: &[u8], number: u32) -> Option<u8> {
    let (records, []) = bytes.strip_prefix(b"PGM1")?.as_chunks::<8>() else { return None };
    let numbered = |[a, b, c, d, ..]: &[u8; 8]| u32::from_le_bytes([*a, *b, *c, *d]);
    Some(match records.binary_search_by_key(&number, numbered) {
        Ok(at) => records.get(at).map_or(0, |[.., marks, _, _, _]| *marks),
        Err(_) => 0,
    })
}

/// Whether a hash is in a file of domains. `None`: the file is spoilt.
pub fn has_domain(bytes: &[u8], hash: [u8; 8]) -> Option<bool> {
    let (hashes, []) = bytes.strip_prefix(b"PGD1")?.as_chunks::<8>() else { return None };
    Some(hashes.binary_search(&hash).is_ok())
}

/// A count of four bytes, and what follows.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*count)).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of ranges: starts with the index of a network and a country's letters, and networks with their names.
    fn ranges(records: &[(u32, u16, &[u8; 2])], networks: &[(u32, &str, u8)]) -> Vec<u8> {
        let count = |count: usize| (count as u32).to_le_bytes();
        let mut bytes = [*b"PGN4", count(networks.len()), count(records.len())].concat();
        for (start, index, country) in records {
            bytes.extend([&start.to_le_bytes()[..], &index.to_le_bytes(), *country].concat());
        }
        let mut names = String::new();
        for (number, name, marks) in networks {
            let (start, length) = (names.len() as u16, name.len() as u8);
            bytes.extend([&number.to_le_bytes()[..], &start.to_le_bytes(), &[length, *marks]].concat());
            names.push_str(name);
        }
        bytes.extend(names.as_bytes());
        bytes
    }

    fn find(bytes: &[u8], ip: u32) -> Option<Found<'_>> {
        Ranges::read(Key::V4(ip), bytes)?.find(Key::V4(ip))
    }

    #[test]
    fn a_file_whose_parts_lie_outside_of_it_is_spoilt() {
        let good = ranges(&[(0, 0, b"SE"), (10, NO_NETWORK, b"\0\0")], &[(64496, "Lines", 0)]);
        let lines = Listed { number: 64496, name: "Lines", marks: 0 };
        assert_eq!(find(&good, 9), Some(Found { network: Some(lines), country: Some("SE") }));
        assert_eq!(find(&good, 10), Some(Found { network: None, country: None }));
        for (why, bytes) in [
            ("no such network", ranges(&[(0, 1, b"SE")], &[(64496, "Lines", 0)])),
            ("no country", ranges(&[(0, 0, b"s1")], &[(64496, "Lines", 0)])),
            ("it begins later", ranges(&[(10, 0, b"SE")], &[(64496, "Lines", 0)])),
            ("no record", ranges(&[], &[])),
            ("a name cut short", good[..good.len() - 1].to_vec()),
            ("a name of no characters", [&good[..good.len() - 1], b"\xff"].concat()),
        ] {
            assert_eq!(find(&bytes, 9), None, "{why}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Each record is found by the first address that it has, by the last one, and by all between.
        #[test]
        fn an_address_is_in_the_last_range_that_begins_before_it(
            starts in proptest::collection::btree_set(1_u32.., 0..40),
            ip in any::<u32>(),
        ) {
            let starts: Vec<u32> = std::iter::once(0).chain(starts).collect();
            let records: Vec<_> = starts.iter().enumerate().map(|(n, start)| (*start, n as u16, b"SE")).collect();
            let networks: Vec<_> = (0..starts.len()).map(|n| (n as u32 + 1, "x", 0)).collect();
            let bytes = ranges(&records, &networks);
            let ends = starts.iter().skip(1).map(|next| next - 1);
            for ip in starts.iter().copied().chain(ends).chain([ip]) {
                let expected = starts.iter().filter(|start| **start <= ip).count() as u32;
                let network = find(&bytes, ip).and_then(|found| found.network);
                prop_assert_eq!(network.map(|network| network.number), Some(expected));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(
            head in prop::sample::select(vec!["PGN4", "PGN6", "PGM1", "PGD1", ""]),
            counts in prop::collection::vec(prop::sample::select(vec![0_u32, 1, 2, 3, 40, u32::MAX]), 0..3),
            rest in prop::collection::vec(any::<u8>(), 0..200),
            ip in any::<u64>(),
        ) {
            let counts: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
            let bytes = [head.as_bytes(), &counts, &rest].concat();
            for key in [Key::V4(ip as u32), Key::V6(ip), Key::V4(u32::MAX), Key::V6(0)] {
                let _ = Ranges::read(key, &bytes).and_then(|ranges| ranges.find(key));
            }
            let _ = (marks(&bytes, ip as u32), has_domain(&bytes, ip.to_le_bytes()));
        }

        /// One byte of a good file is another one: what is found is something or nothing, and never a panic.
        #[test]
        fn a_byte_gone_wrong_does_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>(), ip in 0_u32..50) {
            let mut bytes = ranges(
                &[(0, 0, b"SE"), (10, 1, b"DE"), (20, NO_NETWORK, b"\0\0"), (30, 1, b"\0\0")],
                &[(64496, "Lines", 0), (64497, "Hosting", HOSTING)],
            );
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = find(&bytes, ip);
        }
    }
}
