//! Which addresses lie beyond our own network, so that they need proof and give it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address lies beyond our own network: not loopback, link-local, private, shared
/// with the provider's other customers, unique local or unspecified. What answers there proves
/// that our own connection works.
#[must_use]
pub const fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_global_v4(v4),
            None => is_global_v6(v6),
        },
    }
}

/// Whether an address can be one host's: not unspecified, and not a group's.
#[must_use]
pub(super) const fn is_host(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || is_broadcast)
}

const fn is_global_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    // RFC 6598: this side of a provider's NAT, and inside of overlay networks.
    let is_shared = octets[0] == 100 && octets[1] & 0xc0 == 64;
    !(octets[0] == 0
        || address.is_loopback()
        || address.is_link_local()
        || address.is_private()
        || is_shared)
}

const fn is_global_v6(address: Ipv6Addr) -> bool {
    // RFC 6052: what a translator takes for an address of IPv4.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        let bits = (high as u32) << 16 | low as u32;
        return is_global_v4(Ipv4Addr::from_bits(bits));
    }
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_unicast_link_local()
        || address.is_unique_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_and_everybody_are_no_host() {
        let none = [
            "0.0.0.0",
            "::",
            "::ffff:0.0.0.0",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "ff02::1",
        ];
        for text in none {
            assert!(!is_host(text.parse().unwrap()), "{text}");
        }
        for text in ["0.0.0.1", "127.0.0.1", "223.255.255.255", "::1", "fe80::1"] {
            assert!(is_host(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_lies_beyond_our_own_network_is_global() {
        let near = [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.53",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fc00::1",
            "fdff::1",
            "::ffff:10.0.0.1",
            "64:ff9b::127.0.0.1",
        ];
        let beyond = [
            "1.1.1.1",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.2.7",
            "192.169.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "2001:db8::7",
            "2606:4700::1111",
            "fec0::1",
            "::ffff:192.0.2.7",
            "64:ff9b::192.0.2.7",
        ];
        for text in near {
            assert!(!is_global(text.parse().unwrap()), "{text}");
        }
        for text in beyond {
            assert!(is_global(text.parse().unwrap()), "{text}");
        }
    }
}
