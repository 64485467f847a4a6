//! Signatures of webhooks, as Standard Webhooks 1.0 prescribes: HMAC-SHA256 of
//! `id.timestamp.body`, keyed by a secret that is written `whsec_` and base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How a secret begins.
const PREFIX: &str = "whsec_";

/// Bytes of a secret, by the standard.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Secrets that may sign beside each other while one replaces another.
const SECRETS_MAX: usize = 4;

/// The text holds no secrets. Says nothing of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook's secret is `whsec_` and the base64 of {} to {} random bytes; up to {SECRETS_MAX} with \
     spaces between them sign beside each other", BYTES.start(), BYTES.end()
)]
pub struct SecretsError;

/// What webhooks are signed with. [`fmt::Debug`] shows nothing of it.
#[derive(Clone)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Reads secrets with spaces or line ends between them.
    ///
    /// # Errors
    /// There is none, there are too many, or one is not of the form.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        let secret = |word: &str| {
            let bytes = STANDARD.decode(word.strip_prefix(PREFIX)?).ok()?;
            BYTES.contains(&bytes.len()).then_some(bytes)
        };
        let secrets: Option<Vec<_>> = text.split_whitespace().map(secret).collect();
        let secrets = secrets.ok_or(SecretsError)?;
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err(SecretsError);
        }
        Ok(Self(secrets))
    }

    /// The value of the header `webhook-signature`.
    pub fn signature(&self, id: &str, timestamp_s: u64, body: &str) -> String {
        let signed = self.0.iter().map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
            mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signed.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries (`testSecret`, `msg_p5jXN8AQM9LWM0D4loKWxJek`).
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_standards_example_is_signed_as_there() {
        let secrets = Secrets::parse(SECRET).expect("a secret");
        let signed =
            secrets.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_sign_beside_each_other_and_others_are_refused_unseen() {
        let two = Secrets::parse(&format!("{SECRET}\n{SECRET} ")).expect("two secrets");
        let signed = two.signature("a", 1, "{}");
        assert_eq!(signed.split(' ').count(), 2);
        assert_eq!(format!("{two:?}"), "2 secrets");
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"] {
            let refused = Secrets::parse(text).expect_err(text).to_string();
            assert!(text.is_empty() || text == "whsec_" || !refused.contains(text), "{refused}");
        }
        assert!(Secrets::parse(&format!("{SECRET} ").repeat(SECRETS_MAX + 1)).is_err());
    }
}
