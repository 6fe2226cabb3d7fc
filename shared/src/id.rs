//! Ids: UUIDs of version 7, which sort by the moment they were made. Made by whoever begins something: the visitor's browser
//! for a submission, the collector for the rest.

use uuid::{Builder, Uuid};

use crate::time::Timestamp;

/// A UUIDv7 of this moment (RFC 9562 section 5.7); of the random bytes 74 bits are used.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.unix_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
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
}
