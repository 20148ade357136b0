//! Redirects: followed by hand, judged at every hop, and never trusted with secrets.

use bascule::model::{Layer, Reason};
use bascule::probe::target::Resolver;
use bascule::probe::target::What;
use bytes::Bytes;
use hickory_resolver::proto::rr::RecordType;
use hyper::Method;

use crate::support::certificates::{Authority, wish};
use crate::support::dns::{Responder, bytes, v4};
use crate::support::servers::{Log, app, http, https, response, shows};
use crate::support::targets::{
    assert_fails, assert_pass, field, http_at, http_of, https_at, only, probe, probe_http,
    statuses, target,
};

#[tokio::test]
async fn a_redirect_is_followed_and_described() {
    let server = http(app(|request| match request.uri().path() {
        "/" => response(301, &[("location", "/two#part")], "gone"),
        _ => response(200, &[], "here"),
    }))
    .await;
    let round = probe_http(http_at(server)).await;
    assert_pass(&round);
    let facts = http_of(&round);
    assert_eq!((facts.status, facts.body_bytes), (Some(200), Some(4)));
    let [redirect] = &facts.redirects[..] else {
        panic!("{facts:#?}")
    };
    assert_eq!(redirect.url, format!("http://{server}/two"));
    assert_eq!(redirect.status, 301);
    assert_eq!(redirect.address, Some(server));
    assert!(redirect.phases.connect.is_some() && redirect.phases.body.is_some());
    assert_eq!((redirect.layer, redirect.reason), (None, None));
    assert!(only(&round).phases.first_byte.is_some());
}

#[tokio::test]
async fn a_redirect_is_judged_by_its_status_where_it_is_not_followed() {
    let server = http(app(|_| {
        response(301, &[("location", "https://x.example/")], "")
    }))
    .await;
    let mut target = http_at(server);
    target.follow_redirects = false;
    assert_fails(
        &probe_http(target.clone()).await,
        Reason::HttpStatus,
        "status 301, expected 2xx",
    );
    target.expect.status = statuses(&["301"]);
    assert_pass(&probe_http(target).await);
}

#[tokio::test]
async fn the_eleventh_redirect_is_http_redirects() {
    let server = http(app(|request| {
        let step: u32 = request.uri().path()[1..].parse().unwrap_or(0);
        if step == 11 {
            return response(200, &[], "");
        }
        response(302, &[("location", &format!("/{}", step + 1))], "")
    }))
    .await;
    let mut target = http_at(server);
    let round = probe_http(target.clone()).await;
    assert_fails(&round, Reason::HttpRedirects, "more than 10 redirects");
    assert_eq!(http_of(&round).redirects.len(), 10);
    target.url.set_path("/1");
    assert_pass(&probe_http(target).await);
}

#[tokio::test]
async fn redirects_that_cannot_be_followed_are_http_redirects() {
    let cases = [
        ("", "redirect without a Location"),
        (
            "ftp://files.example/",
            "redirect to scheme \"ftp\", only http and https are followed",
        ),
        (
            "javascript:alert(1)",
            "redirect to scheme \"javascript\", only http and https are followed",
        ),
        (
            "http://[::bad/",
            "redirect to \"http://[::bad/\", which is not a URL",
        ),
    ];
    for (location, detail) in cases {
        let server = http(app(move |_| match location {
            "" => response(302, &[], ""),
            there => response(302, &[("location", there)], ""),
        }))
        .await;
        let round = probe_http(http_at(server)).await;
        assert_fails(&round, Reason::HttpRedirects, detail);
        assert_eq!(http_of(&round).status, Some(302));
    }
}

#[tokio::test]
async fn a_hop_that_fails_is_told_at_its_own_layer() {
    let root = Authority::root("root");
    let expired = root.sign(&wish("127.0.0.1").valid(-30, -3));
    let secure = https(shows(&expired), app(|_| response(200, &[], ""))).await;
    let server = http(app(move |_| {
        response(302, &[("location", &format!("https://{secure}/in"))], "")
    }))
    .await;
    let mut target = http_at(server);
    target.tls.roots = root.roots();
    let round = probe_http(target).await;
    assert_fails(&round, Reason::TlsExpired, "certificate expired 3 days ago");
    let address = only(&round);
    assert_eq!(address.reached, Some(Layer::Http), "of the first hop");
    assert_eq!(address.tls, None, "of the first hop");
    let facts = http_of(&round);
    let redirect = &facts.redirects[0];
    assert_eq!(redirect.address, Some(secure));
    assert_eq!(redirect.layer, Some(Layer::Tls));
    assert_eq!(redirect.reason, Some(Reason::TlsExpired));
    assert!(redirect.tls.as_ref().unwrap().certificate.is_some());
}

#[tokio::test]
async fn a_redirect_to_a_name_that_does_not_exist_is_told_at_dns() {
    use hickory_resolver::proto::op::ResponseCode;
    let names = Responder::start(|question| {
        bytes(&if question.is_control() {
            question.healthy()
        } else {
            question.reply(ResponseCode::NXDomain)
        })
    })
    .await;
    let server = http(app(|_| {
        response(302, &[("location", "http://gone.example/")], "")
    }))
    .await;
    let mut target = target(What::Http(Box::new(http_at(server))));
    target.resolvers = vec![names.udp()];
    let round = probe(&target).await;
    let cause = round.verdict.cause().unwrap();
    assert_eq!(cause.reason, Reason::DnsNxdomain, "{round:#?}");
    assert_eq!(http_of(&round).status, Some(302));
    let redirect = &http_of(&round).redirects[0];
    assert_eq!(redirect.url, "http://gone.example/");
    assert_eq!((redirect.address, redirect.layer), (None, Some(Layer::Dns)));
    assert_eq!(round.dns.len(), 2, "the redirect's questions are kept");
}

/// Two servers: the first redirects to the second, and both write down what they get.
async fn two(status: u16) -> (std::net::SocketAddr, Log, Log) {
    let headers = [
        "authorization",
        "cookie",
        "x-open",
        "x-secret",
        "content-length",
    ];
    let (here, there) = (Log::default(), Log::default());
    let other = http({
        let log = there.clone();
        app(move |request| {
            log.write(request, &headers);
            response(200, &[], "")
        })
    })
    .await;
    let home = http({
        let log = here.clone();
        app(move |request| {
            log.write(request, &headers);
            match request.uri().path() {
                "/" => response(status, &[("location", "/again")], ""),
                _ => response(status, &[("location", &format!("http://{other}/away"))], ""),
            }
        })
    })
    .await;
    (home, here, there)
}

#[tokio::test]
async fn credentials_stay_with_their_host_port_and_scheme() {
    let (home, here, there) = two(302).await;
    let mut target = http_at(home);
    target.headers = vec![field("x-open", "1"), field("x-secret", "2")];
    target.headers[1].1.set_sensitive(true);
    target.credentials = vec![field("authorization", "Basic dTpw"), field("cookie", "a=b")];
    assert_pass(&probe_http(target).await);
    assert_eq!(
        here.lines(),
        [
            "GET / authorization=Basic dTpw cookie=a=b x-open=1 x-secret=2",
            "GET /again authorization=Basic dTpw cookie=a=b x-open=1 x-secret=2",
        ]
    );
    assert_eq!(there.lines(), ["GET /away x-open=1"]);
}

#[tokio::test]
async fn method_and_body_survive_307_and_308_but_the_body_stays_with_its_host() {
    for (status, again, away) in [
        (301, "GET /again", "GET /away"),
        (302, "GET /again", "GET /away"),
        (303, "GET /again", "GET /away"),
        (
            307,
            "POST /again content-length=8",
            "POST /away content-length=0",
        ),
        (
            308,
            "POST /again content-length=8",
            "POST /away content-length=0",
        ),
    ] {
        let (home, here, there) = two(status).await;
        let mut target = http_at(home);
        target.method = Method::POST;
        target.body = Bytes::from_static(b"question");
        assert_pass(&probe_http(target).await);
        assert_eq!(here.lines(), ["POST / content-length=8", again], "{status}");
        assert_eq!(there.lines(), [away], "{status}");
    }
}

#[tokio::test]
async fn connect_to_holds_for_redirects_to_the_same_host_only() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let server = https(
        shows(&chain),
        app(|request| match request.uri().path() {
            "/" => response(302, &[("location", "https://good.example/two")], ""),
            "/two" => response(302, &[("location", "https://other.example/")], ""),
            _ => response(200, &[], ""),
        }),
    )
    .await;
    let names = Responder::start(|question| {
        bytes(&match question.record_type() {
            RecordType::A => question.answer([v4([127, 0, 0, 2])]),
            _ => question.answer([]),
        })
    })
    .await;
    let mut target = target(What::Http(Box::new(https_at(server, root.roots()))));
    target.resolvers = vec![Resolver::parse(&format!("udp://{}", names.address)).unwrap()];
    let round = probe(&target).await;
    let redirects = &http_of(&round).redirects;
    assert_eq!(redirects[0].address, Some(server));
    assert_eq!(redirects[1].url, "https://other.example/");
    assert_eq!(redirects[1].address, "127.0.0.2:443".parse().ok());
    assert!(redirects[1].phases.resolve.is_some());
}

#[tokio::test]
async fn a_redirect_with_a_challenge_is_wall_challenge() {
    let challenge = [("location", "/x"), ("cf-mitigated", "challenge")];
    let server = http(app(move |_| response(302, &challenge, ""))).await;
    let round = probe_http(http_at(server)).await;
    assert_eq!(round.verdict.as_str(), "restricted");
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::WallChallenge);
}
