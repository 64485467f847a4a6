//! Small states beside the bucket, each under its subject and replaced only as it was read: how far
//! each sink has been told, and the queue's rule of retention.

use async_nats::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::told::{Put, is_absent};
use super::{Attempted, NatsQueue, Trouble};
use crate::queue::retention::Retention;
use crate::queue::sink::{SinkName, SinkState};

impl NatsQueue {
    pub(super) async fn read_sink(&self, name: &SinkName) -> Attempted<(SinkState, u64)> {
        self.read_state(&self.names.sink(name), "a sink is not of the form this version reads").await
    }

    pub(super) async fn write_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Attempted<Option<u64>> {
        self.write_state(&self.names.sink(name), state, revision).await
    }

    pub(super) async fn read_retention(&self) -> Attempted<(Retention, u64)> {
        let of_another_form = "the rule of retention is not of the form this version reads";
        self.read_state(&self.names.retention(), of_another_form).await
    }

    pub(super) async fn write_retention(
        &self,
        retention: &Retention,
        revision: u64,
    ) -> Attempted<Option<u64>> {
        self.write_state(&self.names.retention(), retention, revision).await
    }

    /// A state and its revision; the first one, of revision 0, where there is none.
    async fn read_state<T: DeserializeOwned + Default>(
        &self,
        subject: &str,
        of_another_form: &str,
    ) -> Attempted<(T, u64)> {
        match self.sinks().await?.get_last_raw_message_by_subject(subject).await {
            Ok(message) => {
                let state = serde_json::from_slice(&message.payload)
                    .map_err(|_| self.broken(of_another_form.to_owned()))?;
                Ok((state, message.sequence))
            }
            Err(error) if is_absent(error.kind()) => Ok((T::default(), 0)),
            Err(error) => Err(Trouble::Away(error.to_string())),
        }
    }

    async fn write_state<T: Serialize>(
        &self,
        subject: &str,
        state: &T,
        revision: u64,
    ) -> Attempted<Option<u64>> {
        let stream = self.sinks().await?;
        let payload = serde_json::to_vec(state).expect("plain data always serialises");
        // Several nodes compare a revision that is not 0 when a message comes in and not when it is
        // stored, so that of those who replace it at once each would be told that it was the one. Of
        // messages of one id they store the first.
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{subject}:after:{revision}").as_str());
        match self.put(subject, revision, headers, &payload).await {
            Put::Stored(revision) => Ok(Some(revision)),
            Put::There(_) | Put::Other | Put::Away(_) => {
                // An earlier try whose answer was lost may have been the one.
                match stream.get_last_raw_message_by_subject(subject).await {
                    Ok(there) if there.payload == payload => Ok(Some(there.sequence)),
                    Ok(there) if there.sequence != revision => Ok(None),
                    Ok(_) => Err(Trouble::Away("a small state was not stored".to_owned())),
                    Err(error) => Err(Trouble::Away(error.to_string())),
                }
            }
        }
    }
}
