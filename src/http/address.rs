//! Whose address a request comes from: the peer's, unless that is a proxy that the operator trusts. Then it is the last
//! hop that no trusted proxy stands behind, read from the right: whatever stands left of it is the client's own text.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use crate::domain::network::Networks;

/// Hops that are looked at, at most.
const HOPS: usize = 32;

/// The address of the client. None where the connection has none.
pub fn client(request: &HttpRequest, proxies: &Networks) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    Some(behind(peer, request.headers(), proxies))
}

fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    if !proxies.contain(peer) {
        return peer;
    }
    let told = |name, read: fn(&str) -> Option<IpAddr>| {
        let hops = hops(headers, name)?;
        Some(last_untrusted(peer, &hops, read, proxies))
    };
    match (
        told(header::FORWARDED, forwarded_for),
        told(header::X_FORWARDED_FOR, node),
    ) {
        (None, None) => peer,
        (Some(client), None) | (None, Some(client)) => client,
        // A proxy writes one of them, and lets the other one pass as the client sent it: only where they agree are
        // they believed.
        (Some(one), Some(other)) if one == other => one,
        _ => peer,
    }
}

/// The hops that a header lists, from the last to the first. None where it is absent.
fn hops(headers: &HeaderMap, name: HeaderName) -> Option<Vec<&str>> {
    let mut values: Vec<_> = headers.get_all(name).collect();
    if values.is_empty() {
        return None;
    }
    values.reverse();
    // A value that is no text tells nothing, and neither does what stands before it.
    let texts = values.into_iter().map_while(|value| value.to_str().ok());
    Some(texts.flat_map(|text| text.rsplit(',')).take(HOPS).collect())
}

fn last_untrusted(peer: IpAddr, hops: &[&str], read: fn(&str) -> Option<IpAddr>, proxies: &Networks) -> IpAddr {
    let mut client = peer;
    for hop in hops {
        if !proxies.contain(client) {
            break;
        }
        match read(hop) {
            Some(address) => client = address,
            // Hidden or unknown: nothing is known of what lies before it.
            None => break,
        }
    }
    client
}

/// The address in one element of `Forwarded` (RFC 7239): `for=192.0.2.60;proto=http`, `for="[2001:db8::1]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| node(value))?
    })
}

/// An address, in quotes or not, with a port or not.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn found(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let proxies: Networks = "10.0.0.0/8,2001:db8:ffff::/48".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        behind(peer.parse().unwrap(), &map, &proxies).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        for name in ["x-forwarded-for", "forwarded"] {
            let value = if name == "forwarded" {
                "for=192.0.2.1"
            } else {
                "192.0.2.1"
            };
            assert_eq!(found("198.51.100.1", &[(name, value)]), "198.51.100.1");
            assert_eq!(found("10.0.0.1", &[(name, value)]), "192.0.2.1");
        }
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_proxy() {
        for (value, client) in [
            ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("203.0.113.9,192.0.2.1:4711,10.0.0.3, 10.0.0.2", "192.0.2.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80, 2001:db8:ffff::2", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.1, ", "10.0.0.1"),
            ("nonsense", "10.0.0.1"),
        ] {
            assert_eq!(found("10.0.0.1", &[("x-forwarded-for", value)]), client, "{value}");
        }
        let apart = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(found("10.0.0.1", &apart), "192.0.2.1");
    }

    #[test]
    fn the_header_of_rfc_7239_is_read() {
        for (value, client) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("proto=https; FOR=\"192.0.2.60:80\"", "192.0.2.60"),
            ("for=203.0.113.9, for=192.0.2.43, for=10.0.0.9", "192.0.2.43"),
            ("for=192.0.2.43, for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(found("10.0.0.1", &[("forwarded", value)]), client, "{value}");
        }
    }

    #[test]
    fn two_headers_that_disagree_are_both_not_believed() {
        let both = |forwarded| {
            found(
                "10.0.0.1",
                &[("x-forwarded-for", "192.0.2.1"), ("forwarded", forwarded)],
            )
        };
        assert_eq!(both("for=192.0.2.1"), "192.0.2.1");
        assert_eq!(both("for=203.0.113.9"), "10.0.0.1");
    }
}
