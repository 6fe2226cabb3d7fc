//! Addresses that we send to: which web addresses an operator may name as an endpoint.

use std::net::{Ipv4Addr, Ipv6Addr};

use thiserror::Error;
use url::{Host, Url};

/// Whether addresses of this machine are allowed, over plain HTTP: only while developing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet over HTTPS
    Public,
    /// That, and loopback over HTTP
    PublicAndLoopback,
}

/// Reads an outgoing address, or says why nothing may be sent there. The `url` crate has normalised decimal, octal and
/// hexadecimal spellings of IPv4 by then (WHATWG URL), so that tricks with literals are seen as what they are.
pub fn outgoing(text: &str, reach: Reach) -> Result<Url, OutgoingError> {
    let url = Url::parse(text).map_err(|_| OutgoingError::NotAnAddress)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutgoingError::HasCredentials);
    }
    let place = match url.host() {
        None => return Err(OutgoingError::NotAnAddress),
        Some(Host::Ipv4(address)) => place_of_v4(address),
        Some(Host::Ipv6(address)) => place_of_v6(address),
        Some(Host::Domain(name)) => place_of_name(name),
    };
    match (place, url.scheme(), reach) {
        (Place::Loopback, "http" | "https", Reach::PublicAndLoopback)
        | (Place::Public, "https", _) => Ok(url),
        (Place::Public, _, _) => Err(OutgoingError::NotHttps),
        _ => Err(OutgoingError::Private),
    }
}

#[derive(PartialEq)]
enum Place {
    Public,
    Loopback,
    Private,
}

fn place_of_name(name: &str) -> Place {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let inner = [".local", ".internal", ".localdomain", ".home.arpa", ".lan"];
    if name == "localhost" || name.ends_with(".localhost") {
        Place::Loopback
    } else if !name.contains('.') || inner.iter().any(|suffix| name.ends_with(suffix)) {
        Place::Private
    } else {
        Place::Public
    }
}

fn place_of_v4(address: Ipv4Addr) -> Place {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598
    let benchmark = a == 198 && (b == 18 || b == 19); // RFC 2544
    let protocol = (a, b, c) == (192, 0, 0); // RFC 6890
    if address.is_loopback() {
        Place::Loopback
    } else if a == 0
        || a >= 224
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || benchmark
        || protocol
    {
        Place::Private
    } else {
        Place::Public
    }
}

fn place_of_v6(address: Ipv6Addr) -> Place {
    if address.is_loopback() {
        return Place::Loopback;
    }
    if let Some(v4) = address.to_ipv4_mapped() {
        return place_of_v4(v4);
    }
    let global = (address.segments()[0] & 0xe000) == 0x2000; // 2000::/3 is all that is handed out (RFC 4291)
    // 6to4 and NAT64 carry an IPv4 address within, documentation leads nowhere.
    let special = matches!(
        address.segments(),
        [0x2002, ..] | [0x64, 0xff9b, ..] | [0x2001, 0 | 0xdb8, ..]
    );
    if global && !special {
        Place::Public
    } else {
        Place::Private
    }
}

/// Why nothing may be sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OutgoingError {
    /// No web address
    #[error(
        "must be a web address such as \"https://crm.example.com/hooks\", with `xn--` for letters of the host outside a to z"
    )]
    NotAnAddress,
    /// Name or password in it
    #[error("must not have a name or password in it")]
    HasCredentials,
    /// Not HTTPS
    #[error("must begin with https://")]
    NotHttps,
    /// A machine that is nobody else's business
    #[error("must be a public address, not a private, local or reserved one")]
    Private,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_over_https_are_sent_to() {
        for good in [
            "https://crm.example.com/hooks",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]:8443/x",
        ] {
            assert!(outgoing(good, Reach::Public).is_ok(), "{good}");
        }
        for (wrong, why) in [
            ("", OutgoingError::NotAnAddress),
            ("crm.example.com", OutgoingError::NotAnAddress),
            ("http://crm.example.com", OutgoingError::NotHttps),
            ("ftp://crm.example.com", OutgoingError::NotHttps),
            (
                "https://me:pw@crm.example.com",
                OutgoingError::HasCredentials,
            ),
            ("https://127.0.0.1", OutgoingError::Private),
            ("https://2130706433", OutgoingError::Private),
            ("https://0177.0.0.1", OutgoingError::Private),
            ("https://0x7f.1", OutgoingError::Private),
            ("https://localhost", OutgoingError::Private),
            ("https://localhost.", OutgoingError::Private),
            ("https://crm", OutgoingError::Private),
            ("https://crm.internal", OutgoingError::Private),
            ("https://10.0.0.1", OutgoingError::Private),
            ("https://172.16.0.1", OutgoingError::Private),
            ("https://192.168.1.1", OutgoingError::Private),
            (
                "https://169.254.169.254/latest/meta-data",
                OutgoingError::Private,
            ),
            ("https://100.64.0.1", OutgoingError::Private),
            ("https://0.0.0.0", OutgoingError::Private),
            ("https://[::1]", OutgoingError::Private),
            ("https://[::ffff:10.0.0.1]", OutgoingError::Private),
            ("https://[fc00::1]", OutgoingError::Private),
            ("https://[fe80::1]", OutgoingError::Private),
            ("https://[64:ff9b::a00:1]", OutgoingError::Private),
        ] {
            assert_eq!(outgoing(wrong, Reach::Public), Err(why), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_reached_in_development_alone() {
        for address in [
            "http://localhost:8789/webhooks",
            "http://127.0.0.1:1",
            "https://[::1]",
        ] {
            assert!(
                outgoing(address, Reach::PublicAndLoopback).is_ok(),
                "{address}"
            );
            assert!(outgoing(address, Reach::Public).is_err(), "{address}");
        }
        assert_eq!(
            outgoing("http://10.0.0.1", Reach::PublicAndLoopback),
            Err(OutgoingError::Private)
        );
    }
}
