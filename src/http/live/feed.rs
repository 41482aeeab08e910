//! What one operation answers, on its way to its connection: pulled, never pushed.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot};

use crate::http::answer::{Answer, Form};
use crate::http::call::{Call, Outcome, form};
use crate::http::metrics::Protocol;
use crate::http::run::Runner;

/// What an operation tells.
pub(super) enum What {
    /// An answer; another one or the end will follow.
    Answer(Answer),
    /// It was not executed, or can't go on. Nothing will follow.
    Refused(Answer),
    /// There is nothing more.
    Complete,
}

/// What a subscription answers from now on.
pub(super) type Stream = BoxStream<'static, Answer>;

/// What a subscription tells next, and what it answers after that, where there is more.
pub(super) async fn pull(runner: &Runner, form: Form<'_>, mut answers: Stream) -> (What, Option<Stream>) {
    let next = runner.wait(async move { (answers.next().await, answers) });
    match next.await {
        Ok((Some(answer), _)) if answer.refused => (What::Refused(answer), None),
        Ok((Some(answer), rest)) => (What::Answer(answer), Some(rest)),
        Ok((None, _)) => (What::Complete, None),
        Err(error) => (What::Refused(form.refused(error)), None),
    }
}

/// What an operation tells, on its way. The operation goes on once this is dropped.
pub(super) struct Event {
    /// Which operation of the connection tells it.
    pub serial: u64,
    /// What it tells.
    pub what: What,
    _sent: oneshot::Sender<()>,
}

/// Takes what operations tell to their connection. Boxed, because a channel makes room for 32 at once.
pub(super) type Sender = mpsc::Sender<Box<Event>>;

/// The way from one operation to its connection.
pub(super) struct Feed {
    serial: u64,
    events: Sender,
}

impl Feed {
    pub(super) const fn new(serial: u64, events: Sender) -> Self {
        Self { serial, events }
    }

    /// Executes a call, and tells all that it answers.
    pub(super) async fn run(self, call: Call) {
        let (edge, media, request_id) = (call.edge.clone(), call.media, call.request_id.clone());
        let form = form(media, &request_id, &edge);
        let begun = Instant::now();
        // Boxed, because a subscription would keep room for it.
        let outcome = Box::pin(edge.runner.run(edge.time(), |fate| call.answer(Some(fate)))).await;
        let (status, code, operation) = match &outcome {
            Ok((Outcome::Answer(answer), note)) => (answer.status.as_u16(), answer.code.as_str(), note.operation()),
            Ok((Outcome::Answers(_), note)) => (200, "", note.operation()),
            Err(error) => (503, error.code(), None),
        };
        edge.metrics
            .answered(Protocol::WebSocket, operation.as_deref(), status, code, begun.elapsed());
        match outcome {
            Ok((Outcome::Answers(answers), _)) => self.follow(&edge.runner, form, answers.stream).await,
            Ok((Outcome::Answer(answer), _)) if answer.refused => self.end(What::Refused(answer)).await,
            Ok((Outcome::Answer(answer), _)) => {
                if self.tell(What::Answer(answer)).await {
                    self.end(What::Complete).await;
                }
            }
            Err(error) => self.end(What::Refused(form.refused(error))).await,
        }
    }

    /// Tells what a subscription answers, asking for each answer when the one before has been sent.
    async fn follow(self, runner: &Runner, form: Form<'_>, answers: Stream) {
        let mut rest = Some(answers);
        while let Some(answers) = rest {
            let (what, more) = pull(runner, form, answers).await;
            rest = if self.tell(what).await { more } else { None };
        }
    }

    async fn end(self, what: What) {
        self.tell(what).await;
    }

    /// Comes back once it was sent; false where there is no connection any more.
    async fn tell(&self, what: What) -> bool {
        let (mark, sent) = oneshot::channel();
        let event = Event {
            serial: self.serial,
            what,
            _sent: mark,
        };
        if self.events.send(Box::new(event)).await.is_err() {
            return false;
        }
        // The mark is only ever dropped.
        let _ = sent.await;
        true
    }
}
