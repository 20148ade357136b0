//! One hop: a connection, a handshake, a request and its response.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use std::net::SocketAddr;

use super::exchange::{self, Exchange, Protocol, Wanted};
use super::redirect;
use super::request::Step;
use super::wall;
use crate::model::{Cause, Layer, Phases, Reason, TlsFacts, Verdict};
use crate::probe::climb::Climb;
use crate::probe::connect;
use crate::probe::tap::{Tap, Valve};
use crate::probe::target::HttpTarget;
use crate::probe::tls::{self, Handshake};

/// What was measured, and the exchange if there was one.
pub(super) struct Hop {
    pub(super) phases: Phases,
    pub(super) tls: Option<TlsFacts>,
    pub(super) reached: Option<Layer>,
    pub(super) exchange: Result<Exchange, Verdict>,
}

/// Connects, shakes hands, and exchanges a request for a response; with `address`, to which the
/// first address of this climb, `origin`, has led.
pub(super) async fn one_hop(
    climb: &Climb<'_>,
    target: &HttpTarget,
    step: &Step,
    (origin, address): (SocketAddr, SocketAddr),
) -> Hop {
    let limits = &climb.target.limits;
    let mut hop = Hop {
        phases: Phases::default(),
        tls: None,
        reached: Some(Layer::Tcp),
        exchange: Err(Verdict::Pass),
    };
    let stream = match connect::open(address, climb.within(limits.connect)).await {
        Ok((stream, took)) => {
            hop.phases.connect = Some(took);
            climb.passed(origin, Layer::Tcp, Some(took));
            stream
        }
        Err(verdict) => {
            if verdict
                .cause()
                .is_some_and(|cause| cause.reason == Reason::LocalNoRoute)
            {
                hop.reached = None;
            }
            hop.exchange = Err(verdict);
            return hop;
        }
    };
    let (stream, valve) = Tap::new(stream, tls::LONGEST, tls::PART);
    if step.url.scheme() == "https" {
        hop.reached = Some(Layer::Tls);
        let shaken = match handshake(climb, target, step) {
            Ok(handshake) => handshake.run(stream, climb.within(limits.tls)).await,
            Err(verdict) => {
                hop.exchange = Err(verdict);
                return hop;
            }
        };
        hop.phases.tls = shaken.took;
        let h2 = shaken
            .facts
            .as_ref()
            .and_then(|facts| facts.alpn.as_deref())
            == Some("h2");
        hop.tls = shaken.facts;
        match shaken.stream {
            Err(verdict) => hop.exchange = Err(verdict),
            Ok(stream) => {
                climb.passed(origin, Layer::Tls, hop.phases.tls);
                hop.reached = Some(Layer::Http);
                let protocol = if h2 { Protocol::Http2 } else { Protocol::Http1 };
                hop.exchange = talk(climb, (target, origin), step, (stream, valve), protocol).await;
            }
        }
    } else {
        climb.passed(origin, Layer::Tls, None);
        hop.reached = Some(Layer::Http);
        hop.exchange = talk(
            climb,
            (target, origin),
            step,
            (stream, valve),
            Protocol::Http1,
        )
        .await;
    }
    if let Ok(exchange) = &hop.exchange {
        hop.phases.first_byte = exchange.first_byte;
        hop.phases.body = exchange.body_took;
    }
    hop
}

fn handshake<'a>(
    climb: &Climb<'_>,
    target: &'a HttpTarget,
    step: &Step,
) -> Result<Handshake<'a>, Verdict> {
    let name = match target.tls.server_name.as_ref().filter(|_| step.same_host) {
        Some(name) => name.clone(),
        None => tls::server_name(step.url.host_str().unwrap_or_default())?,
    };
    let mut offer = Vec::with_capacity(2);
    if target.http2 {
        offer.push(b"h2".to_vec());
    }
    if target.http1 {
        offer.push(b"http/1.1".to_vec());
    }
    Ok(Handshake {
        tls: &target.tls,
        name,
        identify: step.same_origin,
        offer,
        require: None,
        now: climb.now,
    })
}

async fn talk<S>(
    climb: &Climb<'_>,
    (target, origin): (&HttpTarget, SocketAddr),
    step: &Step,
    (stream, valve): (S, Valve),
    protocol: Protocol,
) -> Result<Exchange, Verdict>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if matches!(protocol, Protocol::Http1) && !target.http1 {
        return Err(Verdict::Fail(Cause::new(
            Reason::HttpVersion,
            "server does not offer HTTP/2, and nothing else is accepted",
        )));
    }
    let request = step.request(target, protocol)?;
    let deadline = climb.within(climb.target.limits.response);
    let asked = climb.watcher.map(|_| Instant::now());
    let wanted = |status: u16| {
        if target.follow_redirects && redirect::is_redirect(status) {
            return Wanted::Nothing;
        }
        climb.passed(origin, Layer::Http, asked.map(|it| it.elapsed()));
        if target.expect.status.contains(status) {
            Wanted::All(target.max_body)
        } else {
            Wanted::Start(target.max_body.min(wall::LOOKED_AT))
        }
    };
    Ok(exchange::run(stream, valve, protocol, request, wanted, deadline).await)
}
