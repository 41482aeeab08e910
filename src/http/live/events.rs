//! Server-sent events, each operation by a connection of its own: what the npm package `graphql-sse` calls distinct
//! connections.

use std::convert::Infallible;

use actix_web::body::{BodyStream, BoxBody};
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, rt, web};
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::credential::Credential;
use super::feed::{Event, Feed, What};
use super::flow::{Flow, Lost};
use super::millis;
use super::seat::Guest;
use crate::error::Error;
use crate::http::accept::Media;
use crate::http::answer::Answer;
use crate::http::call::{Answers, Call, Outcome, form};
use crate::http::rate::Standing;
use crate::http::trace::{Note, request_id};
use crate::http::{Edge, operation};

/// Tells whoever waits for a first byte, and whatever stands between, that the connection lives.
const COMMENT: &[u8] = b":\n\n";
/// The last event. Browsers pass an event on only where it has data.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// Answers a request for events. What HTTP has a word for is told by a status, and everything else by an event: clients
/// take a status for a broken connection, and try again.
pub async fn answer(request: &HttpRequest, edge: web::Data<Edge>, call: Call) -> HttpResponse {
    let (authorization, address) = (call.authorization.clone(), call.visitor.address);
    let id = request_id(request);
    match edge.runner.run(edge.time(), |fate| call.answer(Some(fate))).await {
        Ok((Outcome::Answer(answer), note)) => {
            note.leave(request);
            Note::tell(request, &answer);
            if answer.status == StatusCode::OK {
                head(answer.standing).body([&next(&answer)[..], COMPLETE].concat())
            } else {
                operation::respond(request, answer)
            }
        }
        Ok((Outcome::Answers(answers), note)) => {
            Note { events: true, ..note }.leave(request);
            let guest = Guest::new(&answers.actor, address);
            begin(request, edge, authorization, guest, answers).await
        }
        Err(error) => operation::respond(request, form(Media::EventStream, &id, &edge).refused(error)),
    }
}

async fn begin(
    request: &HttpRequest,
    edge: web::Data<Edge>,
    header: Option<String>,
    guest: Guest,
    answers: Answers,
) -> HttpResponse {
    let id = request_id(request);
    let refused = |error| operation::respond(request, form(Media::EventStream, &id, &edge).refused(error));
    if edge.house.is_closing() {
        return refused(closing());
    }
    let seat = match edge.house.hall.sit(guest) {
        Ok(seat) => seat,
        Err(error) => return refused(error),
    };
    let flow = Flow::new(seat);
    let (sender, receiver) = mpsc::channel(1);
    let bytes = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Bytes>| {
        let bytes = receiver.recv().await?;
        Some((Ok::<_, Infallible>(bytes), receiver))
    });
    let body = flow.body(BoxBody::new(BodyStream::new(bytes)));
    let events = Events {
        credential: Credential::known(&edge, header, answers.actor.clone()),
        request_id: request_id(request),
        edge,
        flow,
        sender,
    };
    let standing = answers.standing;
    let patience = events.edge.time();
    rt::spawn(events.run(answers.stream));
    // Whoever has the head has a subscription: what it writes next, it will be told.
    let _ = tokio::time::timeout(patience, answers.begun).await;
    head(standing).body(body)
}

/// The head of every stream of events. Nothing on the way may keep it, collect it or compress it.
fn head(standing: Option<Standing>) -> HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.content_type(Media::EventStream.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header((header::HeaderName::from_static("x-accel-buffering"), "no"))
        .append_header((header::VARY, "Accept"));
    if let Some(standing) = standing {
        standing.tell(&mut head);
    }
    head
}

fn next(answer: &Answer) -> Vec<u8> {
    [b"event: next\ndata: ", &answer.body[..], b"\n\n"].concat()
}

fn closing() -> Error {
    Error::Unavailable("The server is shutting down: connect again in a moment, and resume by cursor.".into())
}

/// A stream of events that is open.
struct Events {
    edge: web::Data<Edge>,
    request_id: String,
    credential: Credential,
    flow: Flow,
    sender: mpsc::Sender<Bytes>,
}

impl Events {
    /// Sends events until there are no more.
    async fn run(self, answers: BoxStream<'static, Answer>) {
        let told = tokio::select! {
            lost = self.talk(answers) => lost.err(),
            error = self.credential.lost(&self.edge) => self.part(error).await.err(),
            () = self.edge.house.closed() => self.part(closing()).await.err(),
            () = self.flow.gone() => Some(Lost::Gone),
        };
        if told == Some(Lost::Stalled) {
            self.flow.cut();
        }
        let end = match told {
            None => "complete",
            Some(Lost::Gone) => "gone",
            Some(Lost::Stalled) => "stalled",
        };
        tracing::info!(target: "nam_needs::live", id = self.request_id, transport = "events", end, "ended");
    }

    async fn talk(&self, answers: BoxStream<'static, Answer>) -> Result<(), Lost> {
        let (sender, mut events) = mpsc::channel(1);
        let form = form(Media::EventStream, &self.request_id, &self.edge);
        let follow = Feed::new(0, sender).follow(&self.edge.runner, form, answers);
        let mut follow = std::pin::pin!(follow);
        let mut followed = false;
        let mut tick = interval(millis(self.edge.rules.live.ping_ms));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut follow, if !followed => followed = true,
                event = events.recv() => match event {
                    Some(event) => if self.deliver(event).await? { return Ok(()) },
                    None => return Ok(()),
                },
                _ = tick.tick() => self.send(COMMENT.into()).await?,
            }
        }
    }

    /// Sends an event; true where it was the last.
    async fn deliver(&self, event: Event) -> Result<bool, Lost> {
        self.credential.fresh().await;
        match &event.what {
            What::Answer(answer) => self.send(next(answer)).await.map(|()| false),
            What::Refused(answer) => {
                let last = [&next(answer)[..], COMPLETE].concat();
                self.send(last).await.map(|()| true)
            }
            What::Complete => self.send(COMPLETE.into()).await.map(|()| true),
        }
    }

    /// Says why there is nothing more.
    async fn part(&self, error: Error) -> Result<(), Lost> {
        let refused = form(Media::EventStream, &self.request_id, &self.edge).refused(error);
        self.send([&next(&refused)[..], COMPLETE].concat()).await
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Lost> {
        let within = millis(self.edge.rules.live.stall_ms);
        let push = async { self.sender.send(bytes.into()).await.is_ok() };
        self.flow.send(within, push).await
    }
}
