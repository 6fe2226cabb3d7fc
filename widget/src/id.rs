//! The id of a submission: a UUID of version 7 (RFC 9562 section 5.7), by which the collector knows a repeat from a new act.

/// How many random bytes an id takes.
pub const RANDOM_BYTES: usize = 10;

/// Writes the id for a moment, in milliseconds since 1970, and random bytes.
#[must_use]
pub fn submission_id(unix_millis: u64, random: [u8; RANDOM_BYTES]) -> String {
    let mut bytes = [0; 16];
    // The lowest 48 bits: enough until the year 10889.
    bytes[..6].copy_from_slice(&unix_millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;

    let mut id = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        for half in [byte >> 4, byte & 15] {
            id.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_9562_appendix_a_6_is_written() {
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        assert_eq!(
            submission_id(0x017f_22e2_79b0, random),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
        );
    }
}
