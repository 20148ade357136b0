//! What protects the listeners otherwise than before, in words: for the log, at a reload.

use super::tls::Tls;
use super::users::Users;
use super::{Access, ClientAuth};
use crate::report::words::{count, timestamp};

/// What a reload has changed in what protects the listeners. No name and no hash is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is otherwise, one after the other.
    pub words: String,
    /// Somebody may come in, or listen in, who could not before.
    pub weaker: bool,
}

impl Change {
    /// `None` if everything that protects is as it was.
    pub(super) fn between(before: &Access, after: &Access) -> Option<Self> {
        let (was, is) = (before.tls.as_ref(), after.tls.as_ref());
        let parts = [
            encryption(was, is),
            clients(was, is),
            users(&before.users, &after.users),
        ];
        let words: Vec<String> = parts.into_iter().flatten().collect();
        let asked = |access: &Access| {
            let knows = access.tls.as_ref().is_some_and(Tls::knows_its_clients);
            let named = knows && access.tls.as_ref().is_some_and(Tls::names_its_clients);
            [access.tls.is_some(), knows, named, !access.users.is_empty()]
        };
        let mut walls = asked(before).into_iter().zip(asked(after));
        (!words.is_empty()).then(|| Self {
            words: words.join("; "),
            weaker: walls.any(|(before, after)| before && !after),
        })
    }
}

fn encryption(was: Option<&Tls>, is: Option<&Tls>) -> Option<String> {
    match (was, is) {
        (None, Some(is)) => Some(format!("TLS on, certificate {}", until(is))),
        (Some(_), None) => Some("TLS off".to_owned()),
        (Some(was), Some(is)) if was.certificate() != is.certificate() => {
            Some(format!("another certificate, {}", until(is)))
        }
        _ => None,
    }
}

fn until(tls: &Tls) -> String {
    format!("valid until {}", timestamp(tls.validity().1))
}

fn clients(was: Option<&Tls>, is: Option<&Tls>) -> Option<String> {
    let kind = |tls: Option<&Tls>| tls.map_or(ClientAuth::NoClientCert, Tls::client_auth);
    if kind(was) != kind(is) {
        let name = |tls| kind(tls).name();
        return Some(format!("client_auth_type {}, was {}", name(is), name(was)));
    }
    let (was, is) = (was?, is?);
    if was.names_its_clients() && !is.names_its_clients() {
        return Some("client certificates with any name, was client_allowed_sans".to_owned());
    }
    let other = was.clients() != is.clients();
    other.then(|| "client certificates of others than before".to_owned())
}

/// `2 users added, 1 removed, 1 with another hash`.
fn users(was: &Users, is: &Users) -> Option<String> {
    let added = is.names().filter(|name| was.hash_of(name).is_none());
    let removed = was.names().filter(|name| is.hash_of(name).is_none());
    let changed = is.names().filter(|name| {
        let before = was.hash_of(name);
        before.is_some() && before != is.hash_of(name)
    });
    let parts = [
        (added.count(), "added"),
        (removed.count(), "removed"),
        (changed.count(), "with another hash"),
    ];
    let mut words = String::new();
    for (number, what) in parts.into_iter().filter(|(number, _)| *number > 0) {
        if words.is_empty() {
            words = format!("{} {what}", count(number, "user"));
        } else {
            words += &format!(", {number} {what}");
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::access::Hash;

    fn access(users: &[(&str, &str)]) -> Access {
        let hash = |salt: &str| {
            let text = format!("$2b$05${salt}cdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe");
            Hash::new(&text).expect("it is a hash")
        };
        let users = users
            .iter()
            .map(|(name, it)| ((*name).to_owned(), hash(it)));
        Access {
            users: Users::new(users.collect()),
            ..Access::default()
        }
    }

    #[test]
    fn users_are_counted_and_not_named() {
        let told = |before: &[_], after: &[_]| {
            let change = Change::between(&access(before), &access(after));
            change.map(|it| (it.words, it.weaker))
        };
        let (a, b, other_a) = (("alice", "ab"), ("bob", "ab"), ("alice", "xy"));
        assert_eq!(told(&[a, b], &[b, a]), None);
        let words = |words: &str, weaker| Some((words.to_owned(), weaker));
        assert_eq!(told(&[], &[a, b]), words("2 users added", false));
        assert_eq!(told(&[a, b], &[b]), words("1 user removed", false));
        assert_eq!(told(&[a, b], &[]), words("2 users removed", true));
        assert_eq!(
            told(&[a], &[other_a, b]),
            words("1 user added, 1 with another hash", false)
        );
    }
}
