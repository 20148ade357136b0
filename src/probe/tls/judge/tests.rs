//! Chains that were made to take long.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

/// An authority, or a server if it may not sign.
fn params(name: &str, signs: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    if signs {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

/// The first certificate of a chain, and others that have signed each other: `width` of each
/// of these names, each signed by each of the next name, and the last by the first.
fn ring(names: &[&str], width: usize) -> Vec<CertificateDer<'static>> {
    let keys: Vec<Vec<KeyPair>> = names
        .iter()
        .map(|_| (0..width).map(|_| KeyPair::generate().unwrap()).collect())
        .collect();
    let own = KeyPair::generate().unwrap();
    let issuer = Issuer::new(params(names[0], true), &keys[0][0]);
    let first = params("server", false).signed_by(&own, &issuer).unwrap();
    let mut chain = vec![first.der().clone()];
    for (at, name) in names.iter().enumerate() {
        let next = (at + 1) % names.len();
        for (number, key) in keys[at].iter().enumerate() {
            let signer = &keys[next][(number + 1) % width];
            let issuer = Issuer::new(params(names[next], true), signer);
            let signed = params(name, true).signed_by(key, &issuer).unwrap();
            chain.push(signed.der().clone());
        }
    }
    chain
}

fn judged(chain: &[CertificateDer<'static>], roots: &Roots, now: SystemTime) -> Cause {
    let presented = Presented {
        end_entity: &chain[0],
        intermediates: &chain[1..],
        staple: &[],
    };
    let name = ServerName::try_from("a.example").unwrap();
    presented
        .judge(roots, &name, now)
        .fault
        .expect("nobody trusts it")
}

#[test]
fn namesakes_that_have_signed_each_other_do_not_hold_up_the_search() {
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let nowhere = "certificate is signed by \"CN=a\", which leads to no trusted authority";
    let deep = "certificate is not acceptable: its chain is too long or too tangled";
    let rings = [
        (&["a"][..], 16, untrusted(nowhere.to_owned())),
        (&["a", "b"], 8, untrusted(nowhere.to_owned())),
        (
            &["a", "b", "c", "d", "e"],
            3,
            Cause::new(Reason::TlsBadCertificate, deep),
        ),
    ];
    for (names, width, cause) in rings {
        let chain = ring(names, width);
        // In a time in which they are valid, and in one in which they are not. The library gives
        // up a search that takes long with a fault of its own.
        for now in [now, now + Duration::from_secs(1 << 40)] {
            assert_eq!(judged(&chain, &Roots::none(), now), cause, "{names:?}");
        }
    }
}

#[test]
fn forgeries_in_the_name_of_an_authority_are_tried_a_hundred_times_and_not_at_every_moment() {
    let root_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let root = params("a", true).self_signed(&root_key).unwrap();
    let roots = Roots::none().with_pem(root.pem().as_bytes()).unwrap();
    let chain = ring(&["a", "b", "c", "d", "e"], 3);
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let cause = judged(&chain, &roots, now);
    let detail = "certificate is not acceptable: its chain is too long or too tangled";
    assert_eq!(cause, Cause::new(Reason::TlsBadCertificate, detail));
    let cause = judged(&chain, &roots, now + Duration::from_secs(1 << 40));
    assert_eq!(cause, Cause::new(Reason::TlsBadCertificate, detail));
}

#[test]
fn of_the_same_name_three_are_looked_at_and_of_all_sixteen() {
    let looked_at = |chain: &[CertificateDer<'static>]| {
        let presented = Presented {
            end_entity: &chain[0],
            intermediates: &chain[1..],
            staple: &[],
        };
        presented.candidates().len()
    };
    assert_eq!(looked_at(&ring(&["a"], 16)), 3);
    assert_eq!(looked_at(&ring(&["a", "b"], 8)), 6);
    assert_eq!(
        looked_at(&ring(&["a", "b", "c", "d", "e", "f", "g"], 3)),
        16
    );
}
