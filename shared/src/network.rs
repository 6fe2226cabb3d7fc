//! Networks: what is kept of a client's address. Enough to tell two networks apart, too little to tell one person from another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of an address: of IPv4 the first 24 bits, of IPv6 the first 48; `None` when it is no address.
#[must_use]
pub fn network(address: &str) -> Option<String> {
    match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{}/24", Ipv4Addr::new(a, b, c, 0)))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_network_only() {
        for (address, kept) in [
            ("203.0.113.77", Some("203.0.113.0/24")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1::/48")),
            ("::ffff:203.0.113.77", Some("203.0.113.0/24")),
            ("203.0.113.77, 10.0.0.1", None),
            ("", None),
            ("unknown", None),
        ] {
            assert_eq!(network(address).as_deref(), kept, "{address}");
        }
    }
}
