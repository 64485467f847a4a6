//! `/metrics`, `/healthz` and `/readyz` over HTTP, for whoever watches a worker.
//!
//! Only GET and HEAD, no body is read, at most [`CONNECTIONS_MAX`] at a time, each within a named
//! time. No TLS and no password: the address belongs to an inner network.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

use super::metrics::Metrics;
use crate::queue::Queue;

/// Connections that are served at once; more wait.
const CONNECTIONS_MAX: usize = 16;

/// How long a caller may take to say what it wants, and how long a connection lives.
const HEAD_MAX: Duration = Duration::from_secs(5);
const CONNECTION_MAX: Duration = Duration::from_secs(60);

/// The wait after a connection could not be taken, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Whether a worker can be given work.
#[derive(Debug)]
pub struct Health {
    is_waiting: AtomicBool,
    stop: &'static AtomicBool,
}

impl Health {
    /// Ready, until `stop` is set.
    pub fn new(stop: &'static AtomicBool) -> Self {
        Self { is_waiting: AtomicBool::new(false), stop }
    }

    /// The queue, or the photos, cannot be used now.
    pub fn set_waiting(&self) {
        self.is_waiting.store(true, Ordering::Relaxed);
    }

    /// It can be used again.
    pub fn set_ready(&self) {
        self.is_waiting.store(false, Ordering::Relaxed);
    }

    fn word(&self) -> (StatusCode, &'static str) {
        if self.stop.load(Ordering::Relaxed) {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        } else if self.is_waiting.load(Ordering::Relaxed) {
            (StatusCode::SERVICE_UNAVAILABLE, "waiting for the queue or the photos\n")
        } else {
            (StatusCode::OK, "ready\n")
        }
    }
}

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("metrics at {address}: {source}; give --metrics another address")]
pub struct EndpointError {
    address: SocketAddr,
    source: io::Error,
}

/// An open address. It is served until the process ends.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
}

impl Endpoint {
    /// Takes the address and serves it from a thread named `metrics`. Port 0 takes any that is free.
    ///
    /// # Errors
    /// Somebody else has the address, or it is none of this machine.
    pub fn open(
        address: SocketAddr,
        queue: Arc<dyn Queue>,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Result<Self, EndpointError> {
        let failed = |source| EndpointError { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            // Counts are read by a thread that may wait; one is enough.
            .max_blocking_threads(1)
            .build()
            .map_err(failed)?;
        let shared = Arc::new(Shared { queue, metrics, health });
        let serve = move || runtime.block_on(serve(listener, shared));
        thread::Builder::new().name("metrics".to_owned()).spawn(serve).map_err(failed)?;
        Ok(Self { address: bound })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

struct Shared {
    queue: Arc<dyn Queue>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let answer = service_fn(move |request| answered(request, Arc::clone(&shared)));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_MAX)
                .serve_connection(TokioIo::new(stream), answer);
            // A caller that went away or was too slow has its connection closed, and that is all.
            tokio::time::timeout(CONNECTION_MAX, connection).await.ok();
            drop(place);
        });
    }
}

async fn answered(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return Ok(refused);
    }
    Ok(match request.uri().path() {
        "/healthz" => reply(StatusCode::OK, TEXT, "alive\n"),
        "/readyz" => {
            let (status, word) = shared.health.word();
            reply(status, TEXT, word)
        }
        "/metrics" => {
            let text = tokio::task::spawn_blocking(move || shared.metrics.text(&*shared.queue)).await;
            match text {
                Ok(text) => reply(StatusCode::OK, Metrics::content_type(), text),
                Err(_) => reply(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "the metrics cannot be read\n"),
            }
        }
        _ => reply(StatusCode::NOT_FOUND, TEXT, "/metrics, /healthz and /readyz are here\n"),
    })
}

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    reply
}
