//! Ids: UUIDs of version 7, which sort by the moment they were made. Made by whoever begins something: the visitor's browser
//! for a submission, the collector for the rest.
//!
//! The id of a person in a site of several shards ends in six bits that say which shard, so that it is found by its id alone.

use uuid::{Builder, Uuid};

use crate::time::Timestamp;

/// The most shards that a site may have: what six bits tell apart.
pub const MOST_SHARDS: u16 = 1 << 6;

/// The bits of the last byte that mark the shard.
const MARK: u8 = 0b0011_1111;

/// A UUIDv7 of this moment (RFC 9562 section 5.7); of the random bytes 74 bits are used.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.unix_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The same, with the shard in its last six bits: 68 bits of chance are left.
#[must_use]
pub fn uuid_v7_marked(shard: u16, now: Timestamp, mut random: [u8; 10]) -> Uuid {
    let mark = u8::try_from(shard % MOST_SHARDS).unwrap_or_default();
    random[9] = random[9] & !MARK | mark;
    uuid_v7(now, random)
}

/// The last six bits. Where there is one shard they are chance and mean nothing.
#[must_use]
pub fn shard_mark(id: Uuid) -> u16 {
    u16::from(id.as_bytes()[15] & MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_9562_a6_is_made_alike() {
        let now = Timestamp::from_unix_millis(1_645_557_742_000);
        // rand_a is 0xCC3; rand_b is 0b01 and 0x8C4DC0C0C07398F, of whose first byte two bits are the variant's.
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let expected = Uuid::try_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").expect("a UUID");
        assert_eq!(uuid_v7(now, random), expected);
        assert_eq!(expected.get_version_num(), 7);
    }

    #[test]
    fn a_marked_id_differs_in_its_last_six_bits_alone() {
        let (now, random) = (Timestamp::from_unix_millis(1_645_557_742_000), [0xff; 10]);
        let plain = uuid_v7(now, random);
        for shard in 0..MOST_SHARDS {
            let marked = uuid_v7_marked(shard, now, random);
            assert_eq!(shard_mark(marked), shard);
            assert_eq!(marked.as_u128() | 0b11_1111, plain.as_u128());
            assert_eq!(marked.get_version_num(), 7);
        }
    }
}
