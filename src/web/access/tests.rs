//! Which rules protect less than others, and which of them a connection outlasts.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;

/// An authority, as PEM.
fn authority(name: &str) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().pem()
}

/// Our own certificate and its key.
fn own() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["bascule.example".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn parts(own: &(String, String), client_auth: ClientAuth, ca: &str, names: &[&str]) -> TlsParts {
    TlsParts {
        certificate: own.0.clone().into(),
        key: own.1.clone().into(),
        client_auth,
        client_ca: client_auth.verifies().then(|| ca.into()),
        client_allowed_sans: names.iter().map(|name| (*name).to_owned()).collect(),
        min_version: Version::V12,
        max_version: Version::V13,
        cipher_suites: Vec::new(),
        prefer_server_cipher_suites: true,
        curve_preferences: Vec::new(),
    }
}

fn encrypted(parts: &TlsParts) -> Access {
    Access {
        tls: Some(Tls::new(parts).unwrap()),
        fingerprint: [1; 32],
        ..Access::default()
    }
}

fn with_a_user(access: Access) -> Access {
    let hash = "$2b$05$abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe";
    let hash = Hash::new(hash).expect("it is a hash");
    Access {
        users: Users::new([("a".to_owned(), hash)].into()),
        ..access
    }
}

#[test]
fn a_connection_outlasts_rules_for_which_its_client_has_shown_enough() {
    use ClientAuth::{
        NoClientCert as Nothing, RequestClientCert as Ask, RequireAndVerifyClientCert as Verify,
        RequireAnyClientCert as Any, VerifyClientCertIfGiven as IfGiven,
    };
    let own = own();
    let (one, other) = (authority("one"), authority("other"));
    let both = format!("# ours\n{other}\n# and theirs\n{one}");
    let of =
        |(kind, ca, names): (ClientAuth, &str, &[&str])| encrypted(&parts(&own, kind, ca, names));
    let (ab, ba): (&[&str], &[&str]) = (&["a", "b"], &["b", "a"]);
    for (met, now, outdated) in [
        ((Verify, &*one, &[][..]), (Verify, &*one, &[][..]), false),
        (
            (Verify, &one, &[]),
            (Verify, &format!("# ours\n{one}"), &[]),
            false,
        ),
        ((Verify, &one, &[]), (Verify, &both, &[]), false),
        ((Verify, &both, &[]), (Verify, &one, &[]), true),
        ((Verify, &one, &[]), (Verify, &other, &[]), true),
        ((Verify, &one, ab), (Verify, &one, ba), false),
        ((Verify, &one, &["a"]), (Verify, &one, ab), false),
        ((Verify, &one, ab), (Verify, &one, &[]), false),
        ((Verify, &one, ab), (Verify, &one, &["a"]), true),
        ((Verify, &one, &[]), (Verify, &one, &["a"]), true),
        ((Verify, &one, &[]), (IfGiven, &one, &[]), false),
        ((Verify, &one, &[]), (IfGiven, &other, &[]), true),
        ((IfGiven, &one, &[]), (IfGiven, &both, &[]), false),
        ((IfGiven, &one, &[]), (Verify, &one, &[]), true),
        ((Nothing, "", &[]), (IfGiven, &one, &[]), false),
        ((Nothing, "", &[]), (Verify, &one, &[]), true),
        ((Ask, "", &[]), (IfGiven, &one, &[]), true),
        ((Any, "", &[]), (Verify, &one, &[]), true),
        ((Verify, &one, ab), (Any, "", &[]), false),
        ((Nothing, "", &[]), (Any, "", &[]), false),
        ((Verify, &one, &[]), (Nothing, "", &[]), false),
    ] {
        assert_eq!(
            of(now).outdates(&of(met)),
            outdated,
            "{met:?}, then {now:?}"
        );
    }
    let clear = Access::default();
    assert!(of((Nothing, "", &[])).outdates(&clear));
    assert!(!clear.outdates(&of((Verify, &one, &[]))));
}

#[test]
fn listeners_that_stay_open_lose_no_wall() {
    let own = own();
    let ca = authority("one");
    let tls = |kind, names: &[&str]| encrypted(&parts(&own, kind, &ca, names));
    let plain = || tls(ClientAuth::NoClientCert, &[]);
    let verified = |names| tls(ClientAuth::RequireAndVerifyClientCert, names);
    let password = || with_a_user(Access::default());
    let kept = |now: Access, wished: Access| {
        let gate = Gate::new(Rules {
            access: Access {
                fingerprint: [0; 32],
                ..now
            },
            ..Rules::default()
        });
        let wished = Rules {
            access: Access {
                fingerprint: [2; 32],
                ..wished
            },
            ..Rules::default()
        };
        gate.no_wider(wished).access.fingerprint == [0; 32]
    };
    assert!(kept(with_a_user(plain()), password()));
    assert!(kept(with_a_user(verified(&[])), with_a_user(plain())));
    assert!(kept(verified(&["a"]), verified(&[])));
    assert!(kept(password(), Access::default()));
    assert!(!kept(password(), with_a_user(plain())));
    assert!(!kept(with_a_user(plain()), with_a_user(verified(&[]))));
    assert!(!kept(verified(&["a"]), verified(&["b"])));
}

#[test]
fn names_of_clients_that_no_longer_count_are_less_protection() {
    let (own, ca) = (own(), authority("one"));
    let with = |names: &[&str]| {
        encrypted(&parts(
            &own,
            ClientAuth::RequireAndVerifyClientCert,
            &ca,
            names,
        ))
    };
    let told = |before: &Access, after: &Access| {
        Change::between(before, after).map(|change| (change.words, change.weaker))
    };
    let words = |words: &str, weaker| Some((words.to_owned(), weaker));
    assert_eq!(
        told(&with(&["a"]), &with(&[])),
        words(
            "client certificates with any name, was client_allowed_sans",
            true
        )
    );
    let others = "client certificates of others than before";
    assert_eq!(told(&with(&["a"]), &with(&["b"])), words(others, false));
    assert_eq!(told(&with(&[]), &with(&["a"])), words(others, false));
    assert_eq!(told(&with(&["a", "b"]), &with(&["b", "a"])), None);
}

#[test]
fn listeners_that_stay_open_show_the_public_no_more_than_before() {
    let rules = |show_targets| Rules {
        show_targets,
        ..Rules::default()
    };
    for (now, wished, shown) in [
        (false, true, false),
        (false, false, false),
        (true, false, false),
        (true, true, true),
    ] {
        let gate = Gate::new(rules(now));
        let change = gate.adopt(gate.no_wider(rules(wished)));
        assert_eq!(change, None);
        assert_eq!(gate.shows_targets(), shown, "{now}, then {wished}");
    }
}

#[test]
fn a_listener_that_others_reach_lacks_something_unless_passwords_are_encrypted() {
    let of = |access: &Access, address: &str| {
        let lack = access.lack_at(address.parse().expect("an address"), "do not");
        lack.map(|it| it.split(" `").next().unwrap_or_default().to_owned())
    };
    let open = Access::default();
    let hash = "$2b$05$abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe";
    let hash = Hash::new(hash).expect("it is a hash");
    let clear = Access {
        users: Users::new([("a".to_owned(), hash)].into()),
        ..Access::default()
    };
    for home in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!((of(&open, home), of(&clear, home)), (None, None));
    }
    let anywhere = "[::]:10110";
    assert_eq!(
        of(&open, anywhere).as_deref(),
        Some("everybody who can reach")
    );
    assert_eq!(of(&clear, anywhere).as_deref(), Some("passwords travel to"));
}
