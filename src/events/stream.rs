//! Events into the stream that a queue on NATS has for them.

use super::{Event, NotTold, Sink};
use crate::queue::Queue;

/// The queue's own stream of events.
pub struct StreamSink<'a> {
    queue: &'a dyn Queue,
}

impl<'a> StreamSink<'a> {
    /// The stream of that queue.
    pub fn new(queue: &'a dyn Queue) -> Self {
        Self { queue }
    }
}

impl Sink for StreamSink<'_> {
    fn tell(&self, event: &Event) -> Result<(), NotTold> {
        match self.queue.publish(&event.change, &event.id, event.body.as_bytes()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotTold("a queue in a file has no stream of events".to_owned())),
            Err(error) => Err(NotTold(error.to_string())),
        }
    }
}
