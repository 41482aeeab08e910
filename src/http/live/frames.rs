//! What a client sends over a WebSocket, bounded before it is kept: the reader of frames would first collect a frame of
//! any length, and look at its length then.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::stream::Stream;

/// Bytes before the length in two or eight bytes.
const SHORT: usize = 2;
/// Bytes of the mask.
const MASK: usize = 4;

/// The bytes of a connection, up to a frame that announces too much.
pub(super) struct Frames {
    bytes: Payload,
    gauge: Gauge,
}

impl Frames {
    pub(super) const fn new(bytes: Payload, most: usize) -> Self {
        Self {
            bytes,
            gauge: Gauge::new(most),
        }
    }

    /// The same as a payload.
    pub(super) fn into_payload(self) -> Payload {
        Payload::Stream {
            payload: Box::pin(self),
        }
    }
}

impl Stream for Frames {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.bytes).poll_next(cx);
        match &next {
            Poll::Ready(Some(Ok(bytes))) if !self.gauge.admits(bytes) => Poll::Ready(Some(Err(PayloadError::Overflow))),
            _ => next,
        }
    }
}

/// Reads the heads of frames, and nothing else of them.
struct Gauge {
    most: usize,
    head: Vec<u8>,
    /// What is still to come of the frame.
    left: u64,
}

impl Gauge {
    const fn new(most: usize) -> Self {
        Self {
            most,
            head: Vec::new(),
            left: 0,
        }
    }

    /// Whether no frame that begins in these bytes is too long.
    fn admits(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            self.head.push(*first);
            bytes = rest;
            if let Some(length) = announced(&self.head) {
                if length > self.most as u64 {
                    return false;
                }
                self.left = length;
                self.head.clear();
            }
        }
        true
    }
}

/// The length that a whole head announces.
fn announced(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { MASK };
    if head.len() < SHORT + extended + mask {
        return None;
    }
    if extended == 0 {
        return Some(u64::from(second & 0x7f));
    }
    let bytes = head.get(SHORT..SHORT + extended)?;
    Some(bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame of text.
    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match length {
            0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..=65_535 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(vec![0xff; length]);
        frame
    }

    #[test]
    fn frames_are_let_through_however_they_are_cut() {
        let bytes: Vec<u8> = [0, 1, 125, 126, 1_000, 65_535, 65_536, 100_000, 3]
            .into_iter()
            .flat_map(frame)
            .collect();
        for size in [1, 2, 3, 7, 1_000, bytes.len()] {
            let mut gauge = Gauge::new(100_000);
            assert!(bytes.chunks(size).all(|chunk| gauge.admits(chunk)), "{size}");
            assert_eq!((gauge.head.len(), gauge.left), (0, 0));
        }
    }

    #[test]
    fn a_frame_is_refused_by_what_it_announces() {
        for length in [126_u64, 65_536, 1 << 40] {
            let mut gauge = Gauge::new(125);
            let head = if length > 65_535 {
                [&[0x82, 0xff][..], &length.to_be_bytes()].concat()
            } else {
                vec![0x82, 0xfe, 0, 126]
            };
            assert!(gauge.admits(&frame(125)));
            assert!(gauge.admits(&head));
            assert!(!gauge.admits(&[0; 4]));
        }
        let mut gauge = Gauge::new(usize::MAX);
        assert!(gauge.admits(&[&[0x82, 0xff][..], &[0xff; 8], &[0; 4]].concat()));
        assert_eq!(gauge.left, u64::MAX);
    }
}
