//! Why a WebSocket is closed, by the codes of `graphql-transport-ws` and, beside those, of WebSockets in general.

use actix_ws::{CloseCode, CloseReason};

use crate::error::Error;

/// Bytes of a reason, at most: the frame of a control message holds 125 with the code (RFC 6455, section 5.5), and who
/// gets a longer one takes it for a broken connection.
const REASON: usize = 123;

/// A code with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub code: u16,
    pub reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { code, reason }
    }

    /// The client said goodbye.
    pub(super) fn normal() -> Self {
        Self::new(1000, "")
    }

    /// The server goes away.
    pub(super) fn away() -> Self {
        Self::new(1001, "Going away")
    }

    /// What came is no WebSocket.
    pub(super) fn protocol() -> Self {
        Self::new(1002, "Protocol error")
    }

    /// A text that is none.
    pub(super) fn no_text() -> Self {
        Self::new(1007, "Text is UTF-8")
    }

    /// A message is longer than is read.
    pub(super) fn too_large(most: usize) -> Self {
        Self::new(1009, format!("A message has at most {most} bytes"))
    }

    /// There is no room now.
    pub(super) fn later(error: &Error) -> Self {
        Self::new(1013, error.message())
    }

    /// A message that is none of the protocol.
    pub(super) fn invalid(why: &str) -> Self {
        Self::new(4400, format!("Invalid message: {why}"))
    }

    /// An operation before the introduction.
    pub(super) fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    /// A credential that is not good, or no longer.
    pub(super) fn forbidden(why: &str) -> Self {
        Self::new(4403, format!("Forbidden: {why}"))
    }

    /// Another protocol was asked for.
    pub(super) fn other_protocol() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    /// No introduction in time.
    pub(super) fn no_init() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// No sign of life.
    pub(super) fn deaf() -> Self {
        Self::new(4408, "No answer to pings")
    }

    /// The same id twice.
    pub(super) fn duplicate(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// Messages are not read.
    pub(super) fn stalled() -> Self {
        Self::new(4410, "Messages are read too slowly: resume by cursor")
    }

    /// A second introduction.
    pub(super) fn second_init() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    /// A fault of ours.
    pub(super) fn fault() -> Self {
        Self::new(4500, "Internal server error")
    }
}

impl From<Error> for Close {
    /// What the credential was refused with.
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(why) => Self::forbidden(&why),
            Error::Unavailable(_) | Error::Timeout | Error::RateLimited(_) => Self::later(&error),
            _ => Self::fault(),
        }
    }
}

impl From<Close> for CloseReason {
    fn from(close: Close) -> Self {
        let mut reason = close.reason;
        reason.truncate(reason.floor_char_boundary(REASON));
        Self {
            code: CloseCode::from(close.code),
            description: Some(reason).filter(|reason| !reason.is_empty()),
        }
    }
}
