//! How fast a connection takes what is sent. Whoever sends waits until all that was given so far has left.

use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::watch;

use super::seat::Seat;

/// Bytes that the connection is given at once. With what it keeps itself, that is all that waits for a slow client.
const PIECE: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// So many messages have been taken, of all that were given.
    Taken(u64),
    /// The connection has ended.
    Gone,
}

/// Why nothing more can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The client has gone.
    Gone,
    /// It does not read.
    Stalled,
}

/// What the two ends know of each other.
struct Shared {
    progress: watch::Sender<Progress>,
    /// Messages that were given to the connection.
    given: Cell<u64>,
    /// The rest of a message of which a part has been taken.
    rest: RefCell<Bytes>,
    /// Whom to wake once there is more, where a pen writes.
    waits: RefCell<Option<Waker>>,
    /// Whether the pen was put down.
    is_ended: Cell<bool>,
    cut: Cell<bool>,
    seat: RefCell<Seat>,
}

/// The end of the sender. All clones are one.
#[derive(Clone)]
pub(super) struct Flow(Rc<Shared>);

impl Flow {
    /// A flow by the connection that has this seat, which is taken until the connection has ended.
    pub(super) fn new(seat: Seat) -> Self {
        Self(Rc::new(Shared {
            progress: watch::Sender::new(Progress::Taken(0)),
            given: Cell::default(),
            rest: RefCell::default(),
            waits: RefCell::default(),
            is_ended: Cell::default(),
            cut: Cell::default(),
            seat: RefCell::new(seat),
        }))
    }

    /// The connection's seat.
    pub(super) fn seat(&self) -> std::cell::RefMut<'_, Seat> {
        self.0.seat.borrow_mut()
    }

    /// The body of the answer, whose progress this is.
    pub(super) fn body(&self, inner: BoxBody) -> BoxBody {
        let shared = Rc::clone(&self.0);
        let inner = Some(inner);
        BoxBody::new(Body { inner, shared })
    }

    /// A body of its own for the answer, and what writes it.
    pub(super) fn written(&self) -> (Pen, BoxBody) {
        let shared = Rc::clone(&self.0);
        let body = Body { inner: None, shared };
        (Pen(Rc::clone(&self.0)), BoxBody::new(body))
    }

    /// Sends by `push`, which tells whether there was somebody to send to, and waits until it was taken.
    pub(super) async fn send(&self, within: Duration, push: impl Future<Output = bool>) -> Result<(), Lost> {
        // Counted, because another one may be sent before whoever waits for this one looks.
        let own = self.0.given.get().saturating_add(1);
        self.0.given.set(own);
        let mut progress = self.0.progress.subscribe();
        let sent = async {
            if !push.await {
                return Err(Lost::Gone);
            }
            let is_over = |progress: &Progress| match progress {
                Progress::Taken(count) => *count >= own,
                Progress::Gone => true,
            };
            match progress.wait_for(is_over).await {
                Ok(progress) if *progress != Progress::Gone => Ok(()),
                _ => Err(Lost::Gone),
            }
        };
        tokio::time::timeout(within, sent).await.unwrap_or(Err(Lost::Stalled))
    }

    /// Waits until the connection has ended.
    pub(super) async fn gone(&self) {
        let mut progress = self.0.progress.subscribe();
        let _ = progress.wait_for(|progress| *progress == Progress::Gone).await;
    }

    /// Whether the connection stands within a message, so that nothing else can be said.
    pub(super) fn is_within(&self) -> bool {
        !self.0.rest.borrow().is_empty()
    }

    /// Lets go of what has not been taken, and ends the connection as soon as it asks for more.
    pub(super) fn cut(&self) {
        self.0.cut.set(true);
        self.0.rest.take();
    }
}

/// Writes a body. The body ends once this is dropped.
pub(super) struct Pen(Rc<Shared>);

impl Pen {
    /// Gives bytes to the connection, after what it has not taken yet; false where it has ended.
    pub(super) fn write(&self, bytes: Bytes) -> bool {
        let mut rest = self.0.rest.borrow_mut();
        *rest = match rest.is_empty() {
            true => bytes,
            false => [&rest[..], &bytes].concat().into(),
        };
        drop(rest);
        self.0.wake();
        *self.0.progress.borrow() != Progress::Gone
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.0.is_ended.set(true);
        self.0.wake();
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(waits) = self.waits.take() {
            waits.wake();
        }
    }
}

/// The end of the connection.
struct Body {
    /// What gives the bytes; none where a pen writes them.
    inner: Option<BoxBody>,
    shared: Rc<Shared>,
}

impl Body {
    /// The next message, where nothing is left of the one before.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn StdError>>>> {
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_next(cx),
            None if self.shared.is_ended.get() => Poll::Ready(None),
            None => {
                self.shared.waits.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl MessageBody for Body {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.inner.as_ref().map_or(BodySize::Stream, MessageBody::size)
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.shared.cut.get() {
            return Poll::Ready(Some(Err("the client reads too slowly".into())));
        }
        if this.shared.rest.borrow().is_empty() {
            match this.poll_message(cx) {
                Poll::Ready(Some(Ok(bytes))) => drop(this.shared.rest.replace(bytes)),
                Poll::Pending => {
                    let all = Progress::Taken(this.shared.given.get());
                    this.shared.progress.send_if_modified(|progress| {
                        let is_news = *progress != all;
                        *progress = all;
                        is_news
                    });
                    return Poll::Pending;
                }
                other => return other,
            }
        }
        let mut rest = this.shared.rest.borrow_mut();
        let length = rest.len().min(PIECE);
        Poll::Ready(Some(Ok(rest.split_to(length))))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.shared.progress.send_replace(Progress::Gone);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::limits::LiveLimits;
    use crate::http::live::seat::{Guest, Hall};

    const SOON: Duration = Duration::from_millis(30);

    fn flow() -> Flow {
        let hall = Arc::new(Hall::new(&LiveLimits::default()));
        Flow::new(hall.sit(Guest::Address(None)).unwrap())
    }

    /// A body that gives so many bytes, and then waits for more.
    fn once(bytes: usize) -> BoxBody {
        use futures_util::stream::{self, StreamExt};
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))]);
        BoxBody::new(actix_web::body::BodyStream::new(first.chain(stream::pending())))
    }

    async fn taken(body: &mut BoxBody) -> Option<usize> {
        let next = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_next(cx));
        let piece = tokio::time::timeout(SOON, next).await.ok()?;
        piece.map(|piece| piece.map_or(0, |bytes| bytes.len()))
    }

    #[tokio::test]
    async fn a_message_is_sent_once_the_connection_asks_for_more() {
        let flow = flow();
        let mut body = flow.body(once(40_000));
        assert_eq!(flow.send(SOON, async { true }).await, Err(Lost::Stalled));
        let mut pieces = Vec::new();
        while let Some(piece) = taken(&mut body).await {
            assert_eq!(flow.is_within(), pieces.len() < 2);
            pieces.push(piece);
        }
        assert_eq!(pieces, [PIECE, PIECE, 40_000 - 2 * PIECE]);
        let (sent, _) = tokio::join!(flow.send(SOON, async { true }), taken(&mut body));
        assert_eq!(sent, Ok(()));
    }

    #[tokio::test]
    async fn what_a_pen_writes_is_taken_in_its_order_and_ends_with_the_pen() {
        let flow = flow();
        let (pen, mut body) = flow.written();
        let writes = async {
            assert!(pen.write(Bytes::from(vec![b'x'; PIECE])));
            // Before the first was taken.
            assert!(pen.write(Bytes::from_static(b"yz")));
            true
        };
        let (sent, first) = tokio::join!(flow.send(SOON, writes), taken(&mut body));
        assert_eq!((sent, first), (Err(Lost::Stalled), Some(PIECE)), "the rest waits");
        assert_eq!(taken(&mut body).await, Some(2));
        let (sent, ()) = tokio::join!(flow.send(SOON, async { true }), async {
            assert_eq!(
                taken(&mut body).await,
                None,
                "there is nothing, and whoever sent is told"
            );
        });
        assert_eq!(sent, Ok(()));
        drop(pen);
        let end = std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await;
        assert!(end.is_none());
    }

    #[tokio::test]
    async fn a_pen_writes_to_nobody_once_the_connection_has_ended() {
        let (pen, body) = flow().written();
        drop(body);
        assert!(!pen.write(Bytes::from_static(b"x")));
    }

    #[tokio::test]
    async fn what_is_cut_holds_nothing_and_ends() {
        let flow = flow();
        let mut body = flow.body(once(40_000));
        assert_eq!(taken(&mut body).await, Some(PIECE));
        flow.cut();
        assert!(!flow.is_within());
        assert_eq!(taken(&mut body).await, Some(0));
    }

    #[tokio::test]
    async fn who_has_gone_is_sent_nothing() {
        let flow = flow();
        drop(flow.body(once(1)));
        flow.gone().await;
        assert_eq!(flow.send(SOON, async { true }).await, Err(Lost::Gone));
        assert_eq!(flow.send(SOON, async { false }).await, Err(Lost::Gone));
    }
}
