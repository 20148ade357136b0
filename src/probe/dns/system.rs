//! What this machine knows about names without asking: the servers of `resolv.conf`, the
//! hosts file, and `localhost`.
//!
//! Both files are read again as soon as they change; whether they did is asked before every
//! use (one `stat` each), so a DHCP lease or a VPN needs no reload. There is no search list:
//! names are fully qualified. Of the servers the first three count, as in the C library. Where
//! the C library falls back to a server on this machine because the file is missing or names
//! none, this reader says so instead: a prober that asks nobody must not blame a network.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hickory_resolver::proto::op::ResponseCode;

use super::hosts::Hosts;
use super::wire::{MAX_RECORDS, Question, Reply, family_type};
use super::{fault, text};
use crate::model::{Cause, DnsRecord, Family, Reason};

/// Servers that are used.
const MAX_SERVERS: usize = 3;

/// How much of a file is read. Hosts files that block advertisements have megabytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The two files, and what they said when they last changed.
#[derive(Debug)]
pub(super) struct SystemFiles {
    port: u16,
    resolv_conf: Watched<Vec<SocketAddr>>,
    hosts: Watched<Hosts>,
}

impl SystemFiles {
    /// The files at these places; the servers are asked at `port`.
    pub(super) const fn new(resolv_conf: PathBuf, hosts: PathBuf, port: u16) -> Self {
        Self {
            port,
            resolv_conf: Watched::new(resolv_conf),
            hosts: Watched::new(hosts),
        }
    }

    /// The same files with the servers at another port.
    pub(super) fn at_port(&self, port: u16) -> Self {
        Self::new(self.resolv_conf.path.clone(), self.hosts.path.clone(), port)
    }

    /// The servers to ask, in order; never none.
    pub(super) fn servers(&self) -> Result<Arc<Vec<SocketAddr>>, Cause> {
        let servers = self
            .resolv_conf
            .read(|content| servers(&String::from_utf8_lossy(&content), self.port));
        let complaint = match servers {
            Ok(list) if !list.is_empty() => return Ok(list),
            Ok(_) => "names no server".to_owned(),
            Err(error) => format!("cannot be read: {}", fault::quote(&error)),
        };
        Err(Cause::new(
            Reason::LocalResolver,
            format!("{} {complaint}", self.resolv_conf.path.display()),
        ))
    }

    /// What the hosts file says, or what `localhost` always is; `None`: a server must be asked.
    ///
    /// A name that the file knows in one family has no address in the other one: whoever
    /// overrides a name does not want half of the answer from elsewhere.
    pub(super) fn known(&self, question: &Question) -> Result<Option<Reply>, Cause> {
        if question.family().is_none() {
            return Ok(None);
        }
        Ok(listed(&*self.hosts()?, question))
    }

    /// What the hosts file says. Where it cannot be read just now, it is what it said last: asking a
    /// server instead would pass over somebody's override. A file that is not there, or not for this
    /// user, overrides nothing, as in the C library.
    fn hosts(&self) -> Result<Arc<Hosts>, Cause> {
        let error = match self.hosts.read(|content| Hosts::read(&content)) {
            Ok(hosts) => return Ok(hosts),
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Ok(Arc::default()),
            _ => self
                .hosts
                .last()
                .ok_or_else(|| fault::unread(&self.hosts.path, &error)),
        }
    }
}

/// What is listed for a name, or what `localhost` always is.
pub(super) fn listed(hosts: &Hosts, question: &Question) -> Option<Reply> {
    let family = question.family()?;
    let name = question.name();
    let listed = |family| hosts.of(name, family);
    let addresses = match (listed(Family::Ipv4), listed(Family::Ipv6)) {
        (None, None) if name.is_localhost() => match family {
            Family::Ipv4 => vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            Family::Ipv6 => vec![IpAddr::V6(Ipv6Addr::LOCALHOST)],
        },
        (None, None) => return None,
        (v4, v6) => match family {
            Family::Ipv4 => v4,
            Family::Ipv6 => v6,
        }
        .unwrap_or_default(),
    };
    Some(reply(family, addresses))
}

/// As if a server had said it, with no time to live.
fn reply(family: Family, addresses: Vec<IpAddr>) -> Reply {
    let record_type = text::record_type(family_type(family));
    let answers: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    Reply {
        code: ResponseCode::NoError,
        authenticated: false,
        edns: false,
        records: answers
            .iter()
            .take(MAX_RECORDS)
            .map(|data| DnsRecord {
                record_type: record_type.clone(),
                ttl: 0,
                data: data.clone(),
            })
            .collect(),
        answers,
        addresses,
    }
}

/// The `nameserver` lines. Nothing else of the file matters here, and what is wrong elsewhere
/// in it must not cost us the servers.
pub(super) fn servers(text: &str, port: u16) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            match (words.next(), words.next()) {
                (Some("nameserver"), Some(address)) => server(address, port),
                _ => None,
            }
        })
        .take(MAX_SERVERS)
        .collect()
}

/// `192.0.2.53`, `2001:db8::53` or, with the name or number of an interface, `fe80::1%eth0`.
fn server(text: &str, port: u16) -> Option<SocketAddr> {
    let Some((address, zone)) = text.split_once('%') else {
        return text.parse().ok().map(|ip| SocketAddr::new(ip, port));
    };
    let zone = zone.parse().ok().or_else(|| interface(zone))?;
    let address = address.parse().ok()?;
    Some(SocketAddrV6::new(address, port, 0, zone).into())
}

fn interface(name: &str) -> Option<u32> {
    if name.contains('/') {
        return None;
    }
    let path = Path::new("/sys/class/net").join(name).join("ifindex");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// A file whose meaning is remembered until it changes.
struct Watched<T> {
    path: PathBuf,
    seen: Mutex<Option<(Stamp, Arc<T>)>>,
}

impl<T> Watched<T> {
    const fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: Mutex::new(None),
        }
    }

    fn read(&self, parse: impl FnOnce(Vec<u8>) -> T) -> io::Result<Arc<T>> {
        let stamp = Stamp::of(&std::fs::metadata(&self.path)?);
        let mut seen = self.seen();
        if let Some((known, meaning)) = seen.as_ref()
            && stamp == *known
        {
            return Ok(Arc::clone(meaning));
        }
        let (stamp, content) = load(&self.path)?;
        let meaning = Arc::new(parse(content));
        *seen = Some((stamp, Arc::clone(&meaning)));
        Ok(meaning)
    }

    /// What was read last.
    fn last(&self) -> Option<Arc<T>> {
        self.seen().as_ref().map(|(_, meaning)| Arc::clone(meaning))
    }

    fn seen(&self) -> MutexGuard<'_, Option<(Stamp, Arc<T>)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.path).finish()
    }
}

/// Everything about a file that moves when its content does.
#[derive(PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The stamp is of the file that was opened, taken before reading: a change in between is
/// seen at the next use.
fn load(path: &Path) -> io::Result<(Stamp, Vec<u8>)> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut content = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut content)?;
    Ok((stamp, content))
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;

    use super::*;

    fn files(folder: &Path) -> SystemFiles {
        SystemFiles::new(folder.join("resolv.conf"), folder.join("hosts"), 53)
    }

    fn asked(files: &SystemFiles) -> Result<Option<Vec<IpAddr>>, Cause> {
        let name = Name::from_ascii("a.test.").unwrap();
        let known = files.known(&Question::address(name, Family::Ipv4));
        known.map(|reply| reply.map(|reply| reply.addresses))
    }

    #[test]
    fn a_hosts_file_that_cannot_be_read_just_now_overrides_what_it_overrode_before() {
        let folder = tempfile::tempdir().unwrap();
        let (files, hosts) = (files(folder.path()), folder.path().join("hosts"));
        std::fs::write(&hosts, "192.0.2.1 a.test\n").unwrap();
        let listed = Ok(Some(vec![IpAddr::from([192, 0, 2, 1])]));
        assert_eq!(asked(&files), listed);
        std::fs::remove_file(&hosts).unwrap();
        // A link to itself: neither a file nor none.
        std::os::unix::fs::symlink(&hosts, &hosts).unwrap();
        assert_eq!(asked(&files), listed);
        std::fs::remove_file(&hosts).unwrap();
        assert_eq!(asked(&files), Ok(None));
    }

    #[test]
    fn a_hosts_file_that_was_never_read_is_our_own_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let (files, hosts) = (files(folder.path()), folder.path().join("hosts"));
        assert_eq!(asked(&files), Ok(None));
        std::os::unix::fs::symlink(&hosts, &hosts).unwrap();
        let cause = asked(&files).unwrap_err();
        let shown = hosts.display();
        let sentence =
            format!("{shown} cannot be read: Too many levels of symbolic links (os error 40)");
        assert_eq!(cause, Cause::new(Reason::LocalResolver, sentence));
        let exhausted = fault::unread(&hosts, &io::Error::from_raw_os_error(24));
        assert_eq!(exhausted.reason, Reason::LocalResources);
    }

    #[test]
    fn only_the_first_three_usable_servers_count_and_other_lines_do_no_harm() {
        let text = "# nameserver 192.0.2.1\nsearch a..b \u{202e}\nnameserver nonsense\n\
                    nameserver 192.0.2.2\n  nameserver\t2001:db8::53 # ours\nnameserver fe80::1%7\n\
                    nameserver 192.0.2.4\noptions rotate timeout:99\n";
        let expected: Vec<SocketAddr> = vec![
            "192.0.2.2:53".parse().unwrap(),
            "[2001:db8::53]:53".parse().unwrap(),
            "[fe80::1%7]:53".parse().unwrap(),
        ];
        assert_eq!(servers(text, 53), expected);
    }
}
