//! What a caller accepts, as the headers `Accept` and `Accept-Encoding` say it (RFC 9110 section 12.5).
//!
//! Only what is named counts: `*` asks for nothing in particular, and gets what everybody gets.

/// Whether the header names this, and not with a weight of 0.
#[must_use]
pub fn accepts(header: &str, name: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_named = parts
            .next()
            .is_some_and(|named| named.eq_ignore_ascii_case(name));
        let is_refused = parts.any(|parameter| {
            let weight = parameter
                .split_once('=')
                .filter(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
            weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0))
        });
        is_named && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_accepted_unless_its_weight_is_nought() {
        for (header, accepted) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; Q=0.000, br", false),
            ("gzip;q=0, gzip", true),
            ("identity", false),
            ("*", false),
            ("x-gzip", false),
            ("", false),
        ] {
            assert_eq!(accepts(header, "gzip"), accepted, "{header}");
        }
        assert!(accepts(
            "application/x-ndjson;charset=utf-8, */*;q=0.1",
            "application/x-ndjson"
        ));
    }
}
