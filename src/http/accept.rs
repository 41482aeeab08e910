//! In what form an answer is given: what the client asks for with `Accept` and we can give.

/// The forms of answers at /graphql.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: what every client understands. A well-formed request is 200, whatever became of it.
    Json,
    /// `application/graphql-response+json`: the status tells whether the request was answered.
    GraphqlResponse,
    /// `text/html`: a person with a browser, who gets the explorer.
    Html,
    /// `text/event-stream`: answers as they come, one or many.
    EventStream,
}

impl Media {
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::Html => ("text", "html"),
            Self::EventStream => ("text", "event-stream"),
        }
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }
}

/// One range of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    /// None for what is malformed, and for another charset than ours.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1_000;
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => quality = thousandths(value.trim())?,
                "charset" if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") => return None,
                _ => {}
            }
        }
        Some(Self { kind, subtype, quality })
    }

    /// How exactly the range names a form: 2 wholly, 1 by its kind, 0 as anything; none where it does not.
    fn names(&self, media: Media) -> Option<u8> {
        let (kind, subtype) = media.name();
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (one, "*") if one.eq_ignore_ascii_case(kind) => Some(1),
            (one, other) if one.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

/// `0.85` as 850; none for what is no quality.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let value = match whole {
        "1" => 1_000,
        "0" => 0,
        _ => return None,
    };
    let part: u16 = format!("{part:0<3}").parse().ok().filter(|_| digits)?;
    Some(value + part).filter(|value| *value <= 1_000)
}

/// The form among those offered that the client likes best: by its quality, then by how exactly it was named, then by
/// its place in the header, then by its place in the offer. None where the client takes none of them.
pub fn negotiate(accept: Option<&str>, offered: &[Media]) -> Option<Media> {
    let accept = accept.filter(|accept| !accept.trim().is_empty()).unwrap_or("*/*");
    let ranges: Vec<Range<'_>> = accept.split(',').filter_map(|text| Range::read(text.trim())).collect();
    let mut best: Option<((u16, u8, usize), Media)> = None;
    for media in offered {
        // The range that names it most exactly decides.
        let decisive = ranges
            .iter()
            .enumerate()
            .filter_map(|(place, range)| Some((range.names(*media)?, ranges.len() - place, range.quality)))
            .max();
        if let Some((exactness, place, quality)) = decisive.filter(|(_, _, quality)| *quality > 0) {
            let rank = (quality, exactness, place);
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, *media));
            }
        }
    }
    best.map(|(_, media)| media)
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: [Media; 2] = [Media::Json, Media::GraphqlResponse];
    const ALL: [Media; 4] = [Media::Json, Media::GraphqlResponse, Media::Html, Media::EventStream];

    #[test]
    fn whoever_takes_anything_gets_json() {
        for accept in [None, Some(""), Some("*/*"), Some("application/*"), Some("*/*;q=0.1")] {
            assert_eq!(negotiate(accept, &ALL), Some(Media::Json), "{accept:?}");
        }
    }

    #[test]
    fn qualities_decide_then_exactness_then_order() {
        for (accept, expected) in [
            ("application/graphql-response+json", Media::GraphqlResponse),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Media::GraphqlResponse,
            ),
            (
                "application/json;q=0.9, application/graphql-response+json",
                Media::GraphqlResponse,
            ),
            (
                "application/json;q=0.4, application/graphql-response+json;q=0.39",
                Media::Json,
            ),
            (
                "application/graphql-response+json, application/json",
                Media::GraphqlResponse,
            ),
            ("application/json, application/graphql-response+json", Media::Json),
            ("*/*, application/graphql-response+json", Media::GraphqlResponse),
            ("*/*;q=0.9, application/json;q=0", Media::GraphqlResponse),
            ("APPLICATION/JSON; Charset=\"UTF-8\"", Media::Json),
        ] {
            assert_eq!(negotiate(Some(accept), &API), Some(expected), "{accept}");
        }
    }

    #[test]
    fn a_browser_gets_html() {
        let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(negotiate(Some(accept), &ALL), Some(Media::Html));
        assert_eq!(negotiate(Some(accept), &API), Some(Media::Json));
    }

    #[test]
    fn events_are_given_to_whoever_asks_for_them() {
        assert_eq!(negotiate(Some("text/event-stream"), &ALL), Some(Media::EventStream));
        assert_eq!(negotiate(Some("text/*"), &ALL), Some(Media::Html));
        assert_eq!(
            negotiate(Some("text/event-stream, */*;q=0.1"), &ALL),
            Some(Media::EventStream)
        );
    }

    #[test]
    fn what_we_cannot_give_is_not_given() {
        for accept in [
            "text/plain",
            "image/*",
            "application/json;q=0",
            "application/json;charset=utf-16",
            "application/json;q=2",
            "application/json;q=0.5000",
            "*/*;q=0",
            "nonsense",
        ] {
            assert_eq!(negotiate(Some(accept), &API), None, "{accept}");
        }
    }
}
