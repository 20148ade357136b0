//! Name servers that say, byte for byte, what a test wants them to say, or nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bascule::model::{Doubt, Reason, Standing, Verdict};
use bascule::probe::dns::DnsClient;
use bascule::probe::target::{DnsTarget, Resolver};
use bascule::probe::trust::Roots;
use hickory_resolver::proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NS};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Long enough for every answer that does come.
pub(crate) const PLENTY: Duration = Duration::from_secs(10);

/// Long enough for a local answer, short enough to wait out in a test.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

/// One question as it came in.
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) raw: Vec<u8>,
    pub(crate) over_tcp: bool,
    /// How many came before it.
    pub(crate) nth: usize,
}

impl Incoming {
    pub(crate) fn is_control(&self) -> bool {
        self.message.queries[0].name.is_root()
    }

    pub(crate) fn record_type(&self) -> RecordType {
        self.message.queries[0].query_type
    }

    /// An answer without records.
    pub(crate) fn reply(&self, code: ResponseCode) -> Message {
        let mut reply = Message::response(self.message.metadata.id, OpCode::Query);
        reply.metadata.response_code = code;
        reply.metadata.recursion_available = true;
        reply.add_queries(self.message.queries.iter().cloned());
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        reply.set_edns(edns);
        reply
    }

    /// An answer with these data for the name that was asked for.
    pub(crate) fn answer(&self, data: impl IntoIterator<Item = RData>) -> Message {
        let mut reply = self.reply(ResponseCode::NoError);
        for data in data {
            let name = self.message.queries[0].name.clone();
            reply.add_answer(Record::from_rdata(name, 60, data));
        }
        reply
    }

    /// What a healthy resolver says: `192.0.2.7`, `2001:db8::7`, a root server.
    pub(crate) fn healthy(&self) -> Message {
        match self.record_type() {
            RecordType::A => self.answer([v4([192, 0, 2, 7])]),
            RecordType::AAAA => self.answer([v6("2001:db8::7")]),
            RecordType::NS => self.answer([RData::NS(NS(fqdn("a.root-servers.net")))]),
            _ => self.reply(ResponseCode::NoError),
        }
    }
}

pub(crate) fn v4(octets: [u8; 4]) -> RData {
    RData::A(A(Ipv4Addr::from(octets)))
}

pub(crate) fn v6(text: &str) -> RData {
    RData::AAAA(AAAA(text.parse().unwrap()))
}

pub(crate) fn fqdn(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

pub(crate) fn bytes(message: &Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().unwrap()]
}

/// What a responder does with a question: the messages to send, one datagram each. Over TCP,
/// the first one is sent; with none, the connection is closed.
pub(crate) type Script = dyn Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync;

/// A name server on loopback, over UDP and TCP; gone when dropped.
pub(crate) struct Responder {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Responder {
    pub(crate) async fn start(
        script: impl Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), None, script).await
    }

    /// At a given address, and at a given port or any free one.
    pub(crate) async fn start_at(
        ip: IpAddr,
        port: Option<u16>,
        script: impl Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let (udp, tcp) = both(ip, port).await;
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let script: Arc<Script> = Arc::new(script);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&script), Arc::clone(&asked)));
        tasks.spawn(serve_tcp(tcp, script, Arc::clone(&asked)));
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    pub(crate) fn udp(&self) -> Resolver {
        resolver(&format!("udp://{}", self.address))
    }

    pub(crate) fn tcp(&self) -> Resolver {
        resolver(&format!("tcp://{}", self.address))
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A port that is free for both transports.
async fn both(ip: IpAddr, port: Option<u16>) -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((ip, port.unwrap_or(0))).await.unwrap();
        let port = udp.local_addr().unwrap().port();
        if let Ok(tcp) = TcpListener::bind((ip, port)).await {
            return (udp, tcp);
        }
    }
    panic!("no port of {ip} is free for both UDP and TCP");
}

fn incoming(raw: &[u8], over_tcp: bool, asked: &AtomicUsize) -> Incoming {
    Incoming {
        message: Message::from_vec(raw).expect("bascule asks well-formed questions"),
        raw: raw.to_vec(),
        over_tcp,
        nth: asked.fetch_add(1, Ordering::SeqCst),
    }
}

async fn serve_udp(socket: UdpSocket, script: Arc<Script>, asked: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        for datagram in script(&incoming(&buffer[..length], false, &asked)) {
            let _ = socket.send_to(&datagram, peer).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, script: Arc<Script>, asked: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
        connections.spawn(async move {
            let _ = serve_stream(stream, &*script, &asked).await;
        });
    }
}

async fn serve_stream(
    mut stream: TcpStream,
    script: &Script,
    asked: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut raw = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut raw).await?;
    if let Some(message) = script(&incoming(&raw, true, asked)).first() {
        let length = u16::try_from(message.len()).expect("a message fits its length");
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(message).await?;
        stream.flush().await?;
    }
    Ok(())
}

pub(crate) fn resolver(text: &str) -> Resolver {
    Resolver::parse(text).unwrap()
}

/// A client that trusts nobody and knows no system resolver.
pub(crate) fn client() -> DnsClient {
    client_reading(
        Path::new("/nonexistent/resolv.conf"),
        Path::new("/dev/null"),
    )
}

pub(crate) fn client_reading(resolv_conf: &Path, hosts: &Path) -> DnsClient {
    DnsClient::with_system_files(Roots::none(), resolv_conf.to_owned(), hosts.to_owned())
}

/// A target that expects NOERROR with at least one answer.
pub(crate) fn target(name: &str, record_type: RecordType) -> DnsTarget {
    DnsTarget {
        name: fqdn(name),
        record_type,
        rcodes: vec![ResponseCode::NoError],
        min_answers: 1,
        answers_match: vec![],
        agree: false,
    }
}

pub(crate) fn patterns(texts: &[&str]) -> Vec<Regex> {
    texts.iter().map(|text| Regex::new(text).unwrap()).collect()
}

pub(crate) fn reason_of(verdict: &Verdict) -> Option<Reason> {
    verdict.cause().map(|cause| cause.reason)
}

#[track_caller]
pub(crate) fn assert_fails(verdict: &Verdict, reason: Reason) {
    assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
    assert_eq!(reason_of(verdict), Some(reason), "{verdict:?}");
}

#[track_caller]
pub(crate) fn assert_inconclusive(verdict: &Verdict, reason: Reason) {
    assert!(matches!(verdict, Verdict::Inconclusive(_)), "{verdict:?}");
    assert_eq!(reason_of(verdict), Some(reason), "{verdict:?}");
}

/// The failure stands only if one of these resolvers answers something else, or just the uplink
/// if there are none.
#[track_caller]
pub(crate) fn assert_unproven(standing: &Standing, resolvers: &[&Resolver]) {
    let resolvers = resolvers.iter().map(|it| it.label.clone()).collect();
    let doubt = Some(Box::new(Doubt::Resolution { resolvers }));
    assert_eq!(standing.doubt, doubt);
}

/// The verdict where nobody else can be heard, as on the command line.
pub(crate) fn alone(mut verdict: Verdict, standing: &Standing) -> Verdict {
    if let Some(doubt) = &standing.doubt {
        doubt.settle_alone(&mut verdict);
    }
    verdict
}
