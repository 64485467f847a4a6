//! Who may use a desk: whoever was told its token, from this machine, on purpose.
//!
//! - The address that is printed holds a random token. It is exchanged for a cookie that scripts
//!   cannot read and other sites cannot send (HttpOnly, SameSite=Strict).
//! - The Host header must name this desk, so that no other name that was made to lead to 127.0.0.1
//!   (DNS rebinding) reaches it.
//! - What changes something must come from a page of this desk: the address holds a second secret
//!   that only its pages know, and the browser must not say that another site asks.
//! - Every answer forbids everything that the pages do not need.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::server::App;

/// Bytes of a secret: as many as nobody guesses.
const SECRET_BYTES: usize = 32;

/// What every page may do: load styles, scripts and pictures of this desk, ask this desk, and send
/// forms to it. Nothing else, and nobody may frame it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The secrets of a desk.
#[derive(Debug)]
pub(super) struct Access {
    hosts: [String; 2],
    cookie: String,
    token: String,
    session: String,
    form: String,
}

impl Access {
    /// New secrets for a desk at a port.
    pub(super) fn new(port: u16) -> std::io::Result<Self> {
        Ok(Self {
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            // Cookies do not keep ports apart: the name does.
            cookie: format!("realname-{port}"),
            token: secret()?,
            session: secret()?,
            form: secret()?,
        })
    }

    /// The address to print.
    pub(super) fn url(&self) -> String {
        format!("http://{}/?token={}", self.hosts[0], self.token)
    }

    /// What the addresses of forms hold.
    pub(super) fn form_secret(&self) -> &str {
        &self.form
    }

    fn is_for_us(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        hosts.next().is_none() && host.is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && is_same(value, &self.session))
    }

    /// Whether a request that changes something comes from a page of this desk.
    fn is_own(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let site = text(HeaderName::from_static("sec-fetch-site"));
        let from_us = match text(ORIGIN) {
            None => true,
            // A page that sends no referrer sends this; then the browser says by `Sec-Fetch-Site`.
            Some("null") => site == Some("same-origin"),
            Some(origin) => {
                self.hosts.iter().any(|host| origin.strip_prefix("http://") == Some(host.as_str()))
            }
        };
        let secret = query.and_then(|query| value_of(query, "form"));
        from_us
            && site.is_none_or(|site| site == "same-origin")
            && secret.is_some_and(|secret| is_same(secret, &self.form))
    }
}

fn secret() -> std::io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares digests, so that the time it takes says nothing of where two texts differ.
fn is_same(given: &str, secret: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(secret)
}

fn value_of<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, v)| v)
}

/// Lets a request through, exchanges the token, or refuses; and adds what every answer forbids.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let access = &app.access;
    let (headers, uri) = (request.headers(), request.uri());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let token = uri.query().filter(|_| uri.path() == "/").and_then(|query| value_of(query, "token"));
    let mut response = if !access.is_for_us(headers) {
        refused(StatusCode::MISDIRECTED_REQUEST, "This desk is at 127.0.0.1 and localhost only.")
    } else if let Some(token) = token.filter(|_| reads) {
        if is_same(token, &access.token) { welcome(access) } else { unknown() }
    } else if !access.has_session(headers) {
        unknown()
    } else if !reads && !access.is_own(headers, uri.query()) {
        refused(
            StatusCode::FORBIDDEN,
            "This request does not come from a page of this desk. Reload the page.",
        )
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Nothing of a case stays in the browser's cache.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    response
}

/// The token is exchanged: the browser goes on without it in the address.
fn welcome(access: &Access) -> Response {
    let cookie = format!("{}={}; HttpOnly; SameSite=Strict; Path=/", access.cookie, access.session);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn unknown() -> Response {
    refused(
        StatusCode::UNAUTHORIZED,
        "Open the address that `realname review` printed when it started; it lets this browser in.",
    )
}

fn refused(status: StatusCode, why: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("{why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
