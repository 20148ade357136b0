//! Connections that are begun and never completed. The kernel has them, not the daemon: beyond its
//! queue it answers with cookies and keeps nothing.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::time::Instant;

use super::crowd::{LASTS, Losses};
use super::victim::Victim;
use crate::support::child::alone_in_own_network;

/// Where the daemon listens; answers to anybody else get lost on the way.
const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const NETWORK: &str = "ip link set lo up
ip link add nowhere type veth peer name lost
ip link set nowhere arp off
ip link set lost arp off
ip link set nowhere up
ip link set lost up
ip address add 192.0.2.1/24 dev nowhere
ip route add default dev nowhere
for which in all default lo; do echo 0 >/proc/sys/net/ipv4/conf/$which/rp_filter; done
test $(cat /proc/sys/net/ipv4/tcp_syncookies) != 0";

#[test]
fn half_open_connections_are_answered_with_cookies_and_delay_nothing() {
    let name =
        "abuse::half_open::half_open_connections_are_answered_with_cookies_and_delay_nothing";
    if !alone_in_own_network(name, NETWORK) {
        return;
    }
    let victim = Victim::start(&format!("{HERE}:0"), "", None);
    let before = cookies();
    victim.during("half-open connections", flood);
    let sent = cookies() - before;
    assert!(sent > 1000, "{sent} cookies");
}

/// Begins connections from strangers' addresses as fast as one thread can.
fn flood(to: SocketAddr) -> Losses {
    let raw = socket2::Type::from(SOCK_RAW);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, raw, Some(RAW.into())).unwrap();
    let began = Instant::now();
    let mut made = 0_usize;
    while began.elapsed() < LASTS {
        let number = u32::try_from(made).unwrap();
        let from =
            Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | (number & 0x1_ffff));
        let packet = syn(from, to.port(), number);
        socket.send_to(&packet, &to.into()).unwrap();
        made += 1;
    }
    Losses {
        made,
        cut: 0,
        let_in: 0,
    }
}

/// The kernel takes packets of this protocol with their IP header.
const RAW: i32 = 255;

/// Sockets of whole packets.
const SOCK_RAW: i32 = 3;

/// The first packet of a connection. The kernel adds the sum of the IP header.
fn syn(from: Ipv4Addr, port: u16, number: u32) -> Vec<u8> {
    let [low, high, ..] = number.to_le_bytes();
    let mut tcp = vec![4 | (high & 0x7f), low];
    tcp.extend(port.to_be_bytes());
    tcp.extend(number.to_be_bytes());
    // No acknowledgement; five words of header, SYN, window, no sum yet, nothing urgent.
    tcp.extend([0, 0, 0, 0, 5 << 4, 2, 0xff, 0xff, 0, 0, 0, 0]);
    let mut summed = [from.octets(), HERE.octets()].concat();
    summed.extend([0, 6, 0, 20]);
    summed.extend(&tcp);
    let sum: u32 = summed
        .chunks(2)
        .map(|pair| (u32::from(pair[0]) << 8) | u32::from(pair[1]))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let sum = !u16::try_from(folded).unwrap();
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    packet.extend(from.octets());
    packet.extend(HERE.octets());
    packet.extend(tcp);
    packet
}

/// How many cookies this network's kernel has sent.
fn cookies() -> u64 {
    let text = std::fs::read_to_string("/proc/net/netstat").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let names = lines.next().unwrap().split(' ');
    let numbers = lines.next().unwrap().split(' ');
    let mut all = names.zip(numbers);
    let found = all.find(|(name, _)| *name == "SyncookiesSent").unwrap();
    found.1.parse().unwrap()
}
