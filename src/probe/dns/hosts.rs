//! The hosts file, small enough to be kept: lists that block advertisements have hundreds of
//! thousands of lines.
//!
//! A line is an address and names for it; what is behind `#` and what cannot be read is left
//! out. A name that stands on several lines has all their addresses, in their order.

use std::net::IpAddr;

use hickory_resolver::proto::rr::Name;

use crate::model::Family;

/// Longest name that can be asked for, in bytes.
const LONGEST: usize = 255;

/// Names with their addresses, sorted by name; those of one name in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Hosts(Vec<(Box<str>, IpAddr)>);

impl Hosts {
    /// Reads the file.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut all = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let mut words = line.split_ascii_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else {
                continue;
            };
            let names = words.map(|name| name.strip_suffix('.').unwrap_or(name));
            let names = names.filter(|name| (1..=LONGEST).contains(&name.len()));
            all.extend(names.map(|name| (name.to_ascii_lowercase().into_boxed_str(), address)));
        }
        // Stable: the order of the file decides among the addresses of a name.
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.shrink_to_fit();
        Self(all)
    }

    /// The addresses of a name of one family; `None` if there are none.
    pub(super) fn of(&self, name: &Name, family: Family) -> Option<Vec<IpAddr>> {
        let name = name.to_ascii().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let begin = self.0.partition_point(|(known, _)| **known < *name);
        let own = self.0[begin..]
            .iter()
            .take_while(|(known, _)| **known == *name);
        let mut found: Vec<IpAddr> = Vec::new();
        for (_, address) in own {
            if Family::of(*address) == family && !found.contains(address) {
                found.push(*address);
            }
        }
        (!found.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn names_have_the_addresses_of_all_their_lines_and_other_lines_do_no_harm() {
        let text =
            b"# 192.0.2.9 a.test\n192.0.2.2 a.test B.test. # a.test\n\xff 192.0.2.3 a.test\n\
                     192.0.2.1\ta.TEST\n2001:db8::1 a.test\n192.0.2.2 a.test\nnonsense a.test\n\
                     192.0.2.4\n";
        let hosts = Hosts::read(text);
        let of = |name, family| {
            let found = hosts.of(&Name::from_str(name).unwrap(), family);
            found.map(|all| all.iter().map(IpAddr::to_string).collect::<Vec<_>>())
        };
        let expected = |all: &[&str]| Some(all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            of("A.test.", Family::Ipv4),
            expected(&["192.0.2.2", "192.0.2.1"])
        );
        assert_eq!(of("a.test.", Family::Ipv6), expected(&["2001:db8::1"]));
        assert_eq!(of("b.test", Family::Ipv4), expected(&["192.0.2.2"]));
        assert_eq!(of("b.test", Family::Ipv6), None);
        assert_eq!(of("test.", Family::Ipv4), None);
    }

    #[test]
    fn a_list_of_advertisers_takes_no_more_than_a_few_times_its_size() {
        let lines: String = (0..50_000)
            .map(|n| format!("0.0.0.0 ads{n}.test\n"))
            .collect();
        let Hosts(all) = Hosts::read(lines.as_bytes());
        let names: usize = all.iter().map(|(name, _)| name.len()).sum();
        let kept = names + all.capacity() * size_of::<(Box<str>, IpAddr)>();
        assert!(kept < 3 * lines.len(), "{kept} bytes for {}", lines.len());
    }
}
