//! Events to a webhook, as Standard Webhooks 1.0 prescribes: a POST with `webhook-id`,
//! `webhook-timestamp` and `webhook-signature`; any answer of 2xx is taken, every other is not.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::signature::Secrets;
use super::{Event, NotTold, Sink};

/// How long a receiver may take, by the standard's advice of 15 to 30 s.
const ANSWER_MAX: Duration = Duration::from_secs(15);
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where a webhook is. Shown without its user, path and query, in which secrets may stand.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(ureq::http::Uri);

/// The text is no address for events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// No URL.
    #[error("a webhook is an https:// URL")]
    NoUrl,
    /// Not protected on its way.
    #[error("a webhook is an https:// URL; plain http is taken for this machine only (localhost, 127.0.0.1)")]
    Plain,
}

impl WebhookUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none, or is plain HTTP to another machine.
    pub fn parse(text: &str) -> Result<Self, WebhookError> {
        let url: ureq::http::Uri = text.parse().map_err(|_| WebhookError::NoUrl)?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(WebhookError::NoUrl)?;
        match url.scheme_str() {
            Some("https") => Ok(Self(url)),
            Some("http") if matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1") => Ok(Self(url)),
            Some("http") => Err(WebhookError::Plain),
            Some(_) | None => Err(WebhookError::NoUrl),
        }
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{}://{}{port}", self.0.scheme_str().unwrap_or_default(), self.0.host().unwrap_or_default())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({self})")
    }
}

/// A webhook.
pub struct WebhookSink {
    url: WebhookUrl,
    secrets: Secrets,
    agent: ureq::Agent,
}

impl WebhookSink {
    /// The webhook at that address, signed with those secrets.
    pub fn new(url: WebhookUrl, secrets: Secrets) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_global(Some(ANSWER_MAX))
            .http_status_as_error(false)
            // An answer that sends elsewhere was not given by the receiver that was named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into();
        Self { url, secrets, agent }
    }
}

impl Sink for WebhookSink {
    fn tell(&self, event: &Event) -> Result<(), NotTold> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp_s = since.as_secs();
        let signature = self.secrets.signature(&event.id, timestamp_s, &event.body);
        let sent = self
            .agent
            .post(&self.url.0)
            .header("content-type", "application/cloudevents+json; charset=utf-8")
            .header("user-agent", concat!("realname/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header("webhook-signature", signature)
            .send(event.body.as_bytes());
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(NotTold(format!("{}: answered {}", self.url, answer.status().as_u16()))),
            Err(error) => Err(NotTold(format!("{}: {error}", self.url))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_this_machine_and_their_secrets_are_not_shown() {
        for (text, shown) in [
            ("https://example.com/hook?token=secret", Ok("https://example.com")),
            ("http://127.0.0.1:8080/hook", Ok("http://127.0.0.1:8080")),
            ("http://localhost/secret", Ok("http://localhost")),
            ("https://me:secret@example.com:444/", Ok("https://example.com:444")),
            ("http://example.com/", Err(WebhookError::Plain)),
            ("ftp://example.com/", Err(WebhookError::NoUrl)),
            ("example.com", Err(WebhookError::NoUrl)),
            ("", Err(WebhookError::NoUrl)),
        ] {
            let url = WebhookUrl::parse(text);
            assert_eq!(url.clone().map(|url| url.to_string()), shown.map(str::to_owned), "{text}");
            assert!(!format!("{url:?}").contains("secret"));
        }
    }
}
