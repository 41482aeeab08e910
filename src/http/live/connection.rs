//! One WebSocket: what is said on it, and when it ends.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::str::Utf8Error;
use std::time::{Duration, Instant};

use actix_web::error::PayloadError;
use actix_web::{rt, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::close::Close;
use super::credential::{self, Credential};
use super::feed::{Event, Feed, Sender, What};
use super::flow::{Flow, Lost};
use super::message::{self, Message};
use super::millis;
use super::seat::Guest;
use crate::domain::limits::LiveLimits;
use crate::error::Error;
use crate::http::Edge;
use crate::http::accept::Media;
use crate::http::call::{Call, Source, form};
use crate::http::client;
use crate::http::params::Params;
use crate::http::rate::Visitor;

/// A WebSocket that is open.
pub(super) struct Connection {
    pub edge: web::Data<Edge>,
    pub request_id: String,
    /// The header of the upgrade.
    pub authorization: Option<String>,
    /// What the client calls itself.
    pub client: Option<String>,
    pub address: Option<IpAddr>,
    pub flow: Flow,
    pub session: Session,
    pub messages: AggregatedMessageStream,
}

/// How it ends.
enum End {
    /// By us, or by the client that said so.
    Close(Close),
    /// The client is gone.
    Lost(Lost),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// An operation under way; it ends when this is dropped, unless it writes.
struct Operation {
    serial: u64,
    task: rt::task::JoinHandle<()>,
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The operations under way, and the ends by which they tell what they answer.
struct Operations {
    by_id: HashMap<String, Operation>,
    ids: HashMap<u64, String>,
    begun: u64,
    events: Sender,
}

impl Connection {
    /// Talks until it ends.
    pub(super) async fn run(mut self) {
        let (edge, begun) = (self.edge.clone(), Instant::now());
        let end = tokio::select! {
            end = self.talk() => end,
            () = edge.house.closed() => Close::away().into(),
        };
        let code = match &end {
            End::Close(close) => close.code,
            End::Lost(Lost::Stalled) => Close::stalled().code,
            End::Lost(Lost::Gone) => 1006,
        };
        tracing::info!(
            target: "nam_needs::live",
            id = self.request_id,
            transport = "websocket",
            code,
            seconds = begun.elapsed().as_secs(),
            "ended"
        );
        // Where it fails, nobody is there to be told.
        let _ = match end {
            End::Close(close) => self.session.close(Some(close.into())).await,
            End::Lost(Lost::Stalled) if !self.flow.is_within() => {
                self.session.close(Some(Close::stalled().into())).await
            }
            End::Lost(_) => {
                self.flow.cut();
                Ok(())
            }
        };
    }

    /// Ends it before anything was said.
    pub(super) async fn refuse(self, close: Close) {
        let _ = self.session.close(Some(close.into())).await;
    }

    fn limits(&self) -> &LiveLimits {
        &self.edge.rules.live
    }

    async fn talk(&mut self) -> End {
        let edge = self.edge.clone();
        let introduced = tokio::time::timeout(millis(self.limits().init_ms), self.greet()).await;
        let credential = match introduced {
            Ok(Ok(credential)) => credential,
            Ok(Err(end)) => return end,
            Err(_) => return Close::no_init().into(),
        };
        tokio::select! {
            end = self.serve(&credential) => end.err().unwrap_or(End::Lost(Lost::Gone)),
            error = credential.lost(&edge) => Close::from(error).into(),
        }
    }

    /// Waits for the introduction, and answers it.
    async fn greet(&mut self) -> Result<Credential, End> {
        loop {
            let frame = self.messages.recv().await;
            match self.understand(frame).await? {
                Some(Message::Init(payload)) => {
                    let credential = self.introduce(&payload).await?;
                    self.client = client::of_payload(&payload).or_else(|| self.client.take());
                    self.say(message::ack()).await?;
                    return Ok(credential);
                }
                Some(Message::Subscribe { .. }) => return Err(Close::unauthorized().into()),
                Some(Message::Ping(payload)) => self.say(message::pong(payload.as_ref())).await?,
                Some(Message::Pong | Message::Complete { .. }) | None => {}
            }
        }
    }

    async fn introduce(&self, payload: &Map<String, Value>) -> Result<Credential, Close> {
        let header = credential::given(self.authorization.as_deref(), payload)?;
        let visitor = self
            .edge
            .rates
            .enter(self.address, header.is_some())
            .map_err(Error::from)?;
        let credential = Credential::read(&self.edge, header, &visitor).await?;
        let guest = Guest::new(&credential.actor, self.address);
        self.flow.seat().pass_to(guest).map_err(|error| Close::later(&error))?;
        Ok(credential)
    }

    /// Answers operations. Comes back only when the connection ends.
    async fn serve(&mut self, credential: &Credential) -> Result<(), End> {
        let (sender, mut events) = mpsc::channel(1);
        let mut operations = Operations {
            by_id: HashMap::new(),
            ids: HashMap::new(),
            begun: 0,
            events: sender,
        };
        let every = millis(self.limits().ping_ms);
        let mut heard = Instant::now();
        let mut tick = interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                frame = self.messages.recv() => {
                    heard = Instant::now();
                    if let Some(message) = self.understand(frame).await? {
                        self.take(message, credential, &mut operations).await?;
                    }
                }
                Some(event) = events.recv() => {
                    credential.fresh().await;
                    self.deliver(*event, &mut operations).await?;
                    // Whoever took so long to take a message heard no ping meanwhile, and is there.
                    heard = Instant::now();
                }
                _ = tick.tick() => {
                    if heard.elapsed() >= every.saturating_mul(2) {
                        return Err(Close::deaf().into());
                    }
                    self.ping().await?;
                }
            }
        }
    }

    async fn take(&mut self, message: Message, by: &Credential, operations: &mut Operations) -> Result<(), End> {
        match message {
            Message::Init(_) => Err(Close::second_init().into()),
            Message::Ping(payload) => self.say(message::pong(payload.as_ref())).await,
            Message::Pong => Ok(()),
            Message::Complete { id } => {
                operations.end(&id);
                Ok(())
            }
            Message::Subscribe { id, .. } if operations.by_id.contains_key(&id) => Err(Close::duplicate(&id).into()),
            Message::Subscribe { id, .. } if operations.by_id.len() >= self.limits().operations => {
                let most = self.limits().operations;
                let error = Error::Unavailable(format!(
                    "At most {most} operations run at once on one connection: complete one, or open another connection."
                ));
                let refused = form(Media::Json, &self.request_id, &self.edge).refused(error);
                self.say(message::answer(&id, &refused)).await
            }
            Message::Subscribe { id, params, bytes } => {
                match self.edge.rates.enter(self.address, by.header.is_some()) {
                    Ok(visitor) => operations.begin(id, self.call(params, bytes, by, visitor)),
                    Err(dry) => {
                        let refused = form(Media::Json, &self.request_id, &self.edge).refused(dry.into());
                        self.say(message::answer(&id, &refused)).await?;
                    }
                }
                Ok(())
            }
        }
    }

    fn call(&self, params: Params, bytes: usize, by: &Credential, visitor: Visitor) -> Call {
        Call {
            edge: self.edge.clone(),
            media: Media::Json,
            streams: true,
            request_id: self.request_id.clone(),
            authorization: by.header.clone(),
            visitor,
            client: self.client.clone(),
            source: Source::Message(bytes),
            params: Some(params),
        }
    }

    /// Sends what an operation tells, unless the client is done with it.
    async fn deliver(&mut self, event: Event, operations: &mut Operations) -> Result<(), End> {
        let Some(id) = operations.ids.get(&event.serial).cloned() else {
            return Ok(());
        };
        match &event.what {
            What::Answer(answer) => self.say(message::answer(&id, answer)).await,
            What::Refused(answer) => {
                operations.end(&id);
                self.say(message::answer(&id, answer)).await
            }
            What::Complete => {
                operations.end(&id);
                self.say(message::complete(&id)).await
            }
        }
    }

    /// What a frame says, if anything.
    async fn understand(
        &mut self,
        frame: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<Option<Message>, End> {
        match frame {
            None => Err(End::Lost(Lost::Gone)),
            Some(Err(error)) => Err(self.broken(&error)),
            Some(Ok(AggregatedMessage::Text(text))) => {
                let read = Message::read(&text, self.edge.rules.limits.nesting);
                read.map(Some).map_err(|why| Close::invalid(&why).into())
            }
            Some(Ok(AggregatedMessage::Binary(_))) => Err(Close::invalid("it must be text").into()),
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                let mut session = self.session.clone();
                self.send(async move { session.pong(&bytes).await.is_ok() }).await?;
                Ok(None)
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(None),
            Some(Ok(AggregatedMessage::Close(_))) => Err(Close::normal().into()),
        }
    }

    fn broken(&self, error: &ProtocolError) -> End {
        let most = self.edge.rules.limits.body_bytes;
        let inner = match error {
            ProtocolError::Io(error) => error.get_ref(),
            ProtocolError::Overflow => return Close::too_large(most).into(),
            _ => return Close::protocol().into(),
        };
        match inner.and_then(|inner| inner.downcast_ref::<PayloadError>()) {
            Some(PayloadError::Overflow) => return Close::too_large(most).into(),
            Some(_) => return End::Lost(Lost::Gone),
            None => {}
        }
        match error {
            _ if inner.is_some_and(|inner| inner.is::<Utf8Error>()) => Close::no_text().into(),
            ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::Other => Close::too_large(most).into(),
            _ => Close::protocol().into(),
        }
    }

    async fn say(&mut self, text: String) -> Result<(), End> {
        let mut session = self.session.clone();
        self.send(async move { session.text(text).await.is_ok() }).await
    }

    async fn ping(&mut self) -> Result<(), End> {
        let mut session = self.session.clone();
        self.send(async move { session.ping(b"").await.is_ok() }).await
    }

    async fn send(&self, push: impl Future<Output = bool>) -> Result<(), End> {
        let within: Duration = millis(self.limits().stall_ms);
        self.flow.send(within, push).await.map_err(End::Lost)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Close::from(error).into()
    }
}

impl Operations {
    fn begin(&mut self, id: String, call: Call) {
        self.begun += 1;
        let serial = self.begun;
        let feed = Feed::new(serial, self.events.clone());
        let task = rt::spawn(feed.run(call));
        self.ids.insert(serial, id.clone());
        self.by_id.insert(id, Operation { serial, task });
    }

    fn end(&mut self, id: &str) {
        if let Some(operation) = self.by_id.remove(id) {
            self.ids.remove(&operation.serial);
        }
    }
}
