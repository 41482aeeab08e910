//! Fetches an issuer's keys over HTTP: bounded in time and bytes, and never led elsewhere by a redirect.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::auth::key::KeySet;

/// Time of one document.
const TIME: Duration = Duration::from_secs(3);
/// Bytes of one document.
const MOST: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// What an issuer says of itself, as far as it matters here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    /// # Errors
    /// A text where TLS can't be set up.
    pub(super) fn new() -> Result<Self, String> {
        Self::trusting(authorities())
    }

    fn trusting(authorities: RootCertStore) -> Result<Self, String> {
        let provider = rustls::crypto::ring::default_provider();
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(authorities)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Ok(Self { client })
    }

    /// The keys at this address.
    pub(super) async fn keys(&self, url: &Uri) -> Result<KeySet, String> {
        let json = self.document(url).await.map_err(|why| format!("{url}: {why}"))?;
        KeySet::read(&json).map_err(|why| format!("{url}: {why}"))
    }

    /// The keys at the address that the issuer's own document names. It must be this issuer's.
    pub(super) async fn discovered_keys(&self, issuer: &str, document: &Uri) -> Result<KeySet, String> {
        let at = |why: String| format!("{document}: {why}");
        let json = self.document(document).await.map_err(at)?;
        let found: Discovery = serde_json::from_slice(&json).map_err(|error| at(error.to_string()))?;
        if found.issuer != issuer {
            return Err(at(format!("it is of the issuer {:?}, not of {issuer:?}", found.issuer)));
        }
        let url: Uri = found
            .jwks_uri
            .parse()
            .map_err(|_| at("its jwks_uri is no URL".into()))?;
        if document.scheme_str() == Some("https") && url.scheme_str() != Some("https") {
            return Err(at("its jwks_uri has no TLS".into()));
        }
        self.keys(&url).await
    }

    async fn document(&self, url: &Uri) -> Result<Bytes, String> {
        let reading = tokio::time::timeout(TIME, self.read(url));
        reading.await.unwrap_or_else(|_| Err("no answer in time".into()))
    }

    async fn read(&self, url: &Uri) -> Result<Bytes, String> {
        let request = Request::get(url)
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(USER_AGENT, concat!("nam-needs/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let answer = self.client.request(request).await.map_err(|error| causes(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await;
        Ok(body.map_err(|error| error.to_string())?.to_bytes())
    }
}

/// The authorities that browsers trust, which are part of the program, and those of this machine, where an operator can
/// add one's own.
fn authorities() -> RootCertStore {
    let mut authorities = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    authorities
}

/// An error with what lies behind it, which it does not tell by itself.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;

    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    const JWKS: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// A server with TLS that gives this answer to all, its address, and its certificate.
    fn server(answer: String) -> (Uri, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
                if stream.read(&mut [0; 4_096]).is_ok() {
                    drop(stream.write_all(answer.as_bytes()));
                    stream.conn.send_close_notify();
                    drop(stream.flush());
                }
            }
        });
        (format!("https://localhost:{port}/jwks").parse().unwrap(), certificate)
    }

    fn with_body(status: &str, body: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    async fn fetched(answer: String) -> Result<KeySet, String> {
        let (url, certificate) = server(answer);
        let mut authorities = RootCertStore::empty();
        authorities.add(certificate).unwrap();
        Fetcher::trusting(authorities)?.keys(&url).await
    }

    #[tokio::test]
    async fn keys_are_fetched_from_whom_the_authorities_vouch_for() {
        assert_eq!(fetched(with_body("200 OK", JWKS)).await, KeySet::read(JWKS.as_bytes()));
        let (url, _) = server(with_body("200 OK", JWKS));
        let error = Fetcher::new().unwrap().keys(&url).await.unwrap_err();
        assert!(error.contains("certificate"), "{error}");
    }

    #[tokio::test]
    async fn an_answer_is_one_of_bounded_size_from_there() {
        let (elsewhere, _) = server(with_body("200 OK", JWKS));
        let head = format!("302 Found\r\nLocation: {elsewhere}");
        for (answer, why) in [
            (with_body(&head, ""), "302"),
            (with_body("500 Internal Server Error", JWKS), "500"),
            (with_body("200 OK", &" ".repeat(MOST + 1)), "length limit"),
        ] {
            let error = fetched(answer).await.unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
