//! Server-sent events, each operation by a connection of its own: what the npm package `graphql-sse` calls distinct
//! connections.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, rt, web};
use futures_util::future;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::credential::Credential;
use super::feed::{Stream, What, pull};
use super::flow::{Flow, Lost, Pen};
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
                let body = [&next(&answer)[..], COMPLETE].concat();
                head(answer.standing).body(answer.seated.body(body))
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
    let (pen, body) = flow.written();
    let events = Events {
        credential: Credential::known(&edge, header, answers.actor.clone()),
        request_id: request_id(request),
        edge,
        flow,
        pen,
    };
    let standing = answers.standing;
    let patience = events.edge.time();
    let begun = answers.begun;
    let (answered, answers_already) = oneshot::channel();
    rt::spawn(events.run(answers.stream, answered));
    // Whoever has the head has a subscription: what it writes next, it will be told. Or it is told at once why it has none.
    let begun = future::select(begun, answers_already);
    let _ = tokio::time::timeout(patience, begun).await;
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
    pen: Pen,
}

impl Events {
    /// Sends events until there are no more; says, by dropping it, that there is one.
    async fn run(self, answers: Stream, answered: oneshot::Sender<()>) {
        let told = tokio::select! {
            lost = self.talk(answers, answered) => lost.err(),
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

    /// Tells what comes, and meanwhile that the connection lives. Neither waits for the other.
    async fn talk(&self, answers: Stream, answered: oneshot::Sender<()>) -> Result<(), Lost> {
        tokio::select! {
            told = self.tell(answers, answered) => told,
            lost = self.pulse() => lost,
        }
    }

    async fn tell(&self, answers: Stream, answered: oneshot::Sender<()>) -> Result<(), Lost> {
        let form = form(Media::EventStream, &self.request_id, &self.edge);
        let (mut rest, mut answered) = (Some(answers), Some(answered));
        while let Some(answers) = rest {
            let (what, more) = pull(&self.edge.runner, form, answers).await;
            drop(answered.take());
            self.deliver(&what).await?;
            rest = more;
        }
        Ok(())
    }

    /// Comes back only where nobody takes it any more.
    async fn pulse(&self) -> Result<(), Lost> {
        let mut tick = interval(millis(self.edge.rules.live.ping_ms));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.send(COMMENT.into()).await?;
        }
    }

    async fn deliver(&self, what: &What) -> Result<(), Lost> {
        self.credential.fresh().await;
        self.send(match what {
            What::Answer(answer) => next(answer),
            What::Refused(answer) => [&next(answer)[..], COMPLETE].concat(),
            What::Complete => COMPLETE.into(),
        })
        .await
    }

    /// Says why there is nothing more.
    async fn part(&self, error: Error) -> Result<(), Lost> {
        let refused = form(Media::EventStream, &self.request_id, &self.edge).refused(error);
        self.send([&next(&refused)[..], COMPLETE].concat()).await
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Lost> {
        let within = millis(self.edge.rules.live.stall_ms);
        let push = async { self.pen.write(bytes.into()) };
        self.flow.send(within, push).await
    }
}
