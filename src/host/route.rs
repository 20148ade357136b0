//! The default gateways, as the kernel's routing tables in `/proc/self/net` tell them.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

/// How much of a table is read: a machine with more routes has no gateway that matters.
const MAX_TABLE: u64 = 1024 * 1024;

/// Flags of a route.
const UP: u32 = 0x1;
const GATEWAY: u32 = 0x2;
const REJECT: u32 = 0x200;

/// The default gateway of each family that has one, IPv4 first; of several, the preferred one.
/// The port is 0; a link-local address has its interface.
#[must_use]
pub fn default_gateways() -> Vec<SocketAddr> {
    let v4 = table("/proc/self/net/route").and_then(|text| gateway_v4(&text));
    let v4 = v4.map(|address| SocketAddr::new(IpAddr::V4(address), 0));
    let v6 = table("/proc/self/net/ipv6_route").and_then(|text| {
        let (address, interface) = gateway_v6(&text)?;
        let scope = if address.is_unicast_link_local() {
            index_of(interface)?
        } else {
            0
        };
        Some(SocketAddr::V6(SocketAddrV6::new(address, 0, 0, scope)))
    });
    v4.into_iter().chain(v6).collect()
}

fn table(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_TABLE).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Interface, destination, gateway, flags, two counters, metric, mask: addresses are numbers in
/// the byte order of this machine.
fn gateway_v4(table: &str) -> Option<Ipv4Addr> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().take(8).collect();
        let &[_, destination, gateway, flags, _, _, metric, mask] = words.as_slice() else {
            return None;
        };
        let is_default = hexadecimal(destination)? == 0 && hexadecimal(mask)? == 0;
        let address = Ipv4Addr::from(hexadecimal(gateway)?.to_ne_bytes());
        let is_usable = leads_to_a_gateway(hexadecimal(flags)?);
        (is_default && is_usable).then_some((metric.parse::<u32>().ok()?, address))
    });
    let (_, address) = routes.min_by_key(|(metric, _)| *metric)?;
    Some(address)
}

/// Destination and its length, source and its length, gateway, metric, two counters, flags,
/// interface.
fn gateway_v6(table: &str) -> Option<(Ipv6Addr, &str)> {
    let routes = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
        let &[_, length, _, from, gateway, metric, _, _, flags, interface] = words.as_slice()
        else {
            return None;
        };
        let is_default = hexadecimal(length)? == 0 && hexadecimal(from)? == 0;
        let address = Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?);
        let is_usable = leads_to_a_gateway(hexadecimal(flags)?) && !address.is_unspecified();
        (is_default && is_usable).then_some((hexadecimal(metric)?, (address, interface)))
    });
    let (_, gateway) = routes.min_by_key(|(metric, _)| *metric)?;
    Some(gateway)
}

const fn leads_to_a_gateway(flags: u32) -> bool {
    flags & UP != 0 && flags & GATEWAY != 0 && flags & REJECT == 0
}

fn hexadecimal(word: &str) -> Option<u32> {
    u32::from_str_radix(word, 16).ok()
}

fn index_of(interface: &str) -> Option<u32> {
    if interface.contains('/') {
        return None;
    }
    let path = Path::new("/sys/class/net").join(interface).join("ifindex");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The gateways of a text, taken for the table of one family and of the other.
#[cfg(any(test, fuzzing))]
pub(super) fn gateways(table: &str) -> (Option<Ipv4Addr>, Option<Ipv6Addr>) {
    let v6 = gateway_v6(table).map(|(address, _)| address);
    (gateway_v4(table), v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_preferred_default_gateway_of_ipv4_is_found() {
        let table = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
lo\t00000000\t00000000\t0201\t0\t0\t1\t00000000\t0\t0\t0
tun0\t00000000\t090200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t50\t00FFFFFF\t0\t0\t0
eth0\t00000000\tnonsense
";
        assert_eq!(gateway_v4(table), Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(gateway_v4(table.lines().next().unwrap()), None);
        assert_eq!(gateway_v4(""), None);
    }

    #[test]
    fn the_preferred_default_gateway_of_ipv6_is_found_with_its_interface() {
        let zero = "00000000000000000000000000000000";
        let far = "fe800000000000000000000000000009";
        let near = "fe800000000000000000000000000001";
        let host = "20010db8000000000000000000000007";
        let table = format!(
            "{host} 80 {zero} 00 {zero} 00000100 00000001 00000000 00000001 eth0\n\
             {zero} 00 {zero} 00 {far} 00000400 00000001 00000000 00450003 wlan0\n\
             {zero} 00 {zero} 00 {near} 00000064 00000001 00000000 00450003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n\
             {zero} 00 {zero}"
        );
        let gateway = "fe80::1".parse().unwrap();
        assert_eq!(gateway_v6(&table), Some((gateway, "eth0")));
        assert_eq!(gateway_v6("nonsense"), None);
    }
}
