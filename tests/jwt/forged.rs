//! Forged tokens of every known kind: each is refused, and its good twin is not.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ring::hmac;
use serde_json::{Value, json};

use crate::fake::Listener;
use crate::forge::{ISSUER, claims, claims_with, encoded, header, issuer, now, thief};
use crate::{on_each, refusal, viewer};

/// A forged token with its name.
type Forged = (String, String);

fn named(name: impl Into<String>, token: String) -> Forged {
    (name.into(), token)
}

/// Each forged token is refused before and after a good one passed.
fn all_are_refused(forged: Vec<Forged>) {
    let settings = issuer().settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let good = ["rsa", "ec", "ed"].map(|id| issuer().token(id, &claims()));
    on_each(&settings, async |app| {
        for token in &good {
            assert_eq!(viewer(app, token).await["name"], "Ada");
        }
        for (name, token) in &forged {
            let message = refusal(app, token).await;
            let inside = [
                "ring",
                "serde",
                "panicked",
                "line ",
                "column",
                "Error",
                "/tmp",
                "issuer.example",
            ];
            assert!(!inside.iter().any(|word| message.contains(word)), "{name}: {message}");
            println!("{name}: {message}");
        }
        assert_eq!(viewer(app, &good[0]).await["name"], "Ada");
    });
}

/// Header, claims and signature of a good token.
fn parts(id: &str) -> [String; 3] {
    let token = issuer().token(id, &claims());
    let parts: Vec<&str> = token.split('.').collect();
    [parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned()]
}

#[test]
fn no_algorithm_is_none() {
    let claims = encoded(claims().to_string());
    let [_, _, signature] = parts("rsa");
    let mut forged = Vec::new();
    for name in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        for kid in [json!("rsa"), Value::Null] {
            let header = encoded(json!({ "alg": name, "kid": kid, "typ": "JWT" }).to_string());
            forged.push(named(format!("{name:?} unsigned"), format!("{header}.{claims}.")));
            forged.push(named(
                format!("{name:?} signed"),
                format!("{header}.{claims}.{signature}"),
            ));
        }
    }
    for header in [
        r#"{"alg":null}"#,
        "{}",
        r#"{"alg":0}"#,
        r#"{"alg":["none"]}"#,
        r#"{"typ":"JWT"}"#,
    ] {
        forged.push(named(header, format!("{}.{claims}.", encoded(header))));
    }
    all_are_refused(forged);
}

#[test]
fn a_public_key_is_no_secret() {
    let jwk = &issuer().rsa_jwk;
    let modulus = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(jwk["n"].as_str().unwrap())
        .unwrap();
    let pem = &issuer().rsa_pem;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let secrets: [(&str, Vec<u8>); 7] = [
        ("PEM", pem.clone().into_bytes()),
        ("PEM without its last line end", pem.trim_end().as_bytes().to_vec()),
        ("DER", STANDARD.decode(body).unwrap()),
        ("JWK", jwk.to_string().into_bytes()),
        ("modulus", modulus),
        ("modulus as text", jwk["n"].as_str().unwrap().as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ];
    let mut forged = Vec::new();
    for (name, secret) in secrets {
        for (algorithm, hash) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            for kid in ["rsa", "ec", "ed"] {
                let header = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" });
                let message = format!("{}.{}", encoded(header.to_string()), encoded(claims().to_string()));
                let tag = hmac::sign(&hmac::Key::new(hash, &secret), message.as_bytes());
                forged.push(named(
                    format!("{algorithm} by {name}"),
                    format!("{message}.{}", encoded(tag)),
                ));
            }
        }
    }
    all_are_refused(forged);
}

#[test]
fn a_key_signs_by_its_own_algorithm_alone() {
    let text = claims().to_string();
    let mut forged = Vec::new();
    for id in ["rsa", "ec", "ed"] {
        for algorithm in [
            "RS256", "ES256", "EdDSA", "RS384", "RS512", "PS256", "ES384", "ES512", "ES256K", "Ed448", "rs256",
        ] {
            for kid in ["rsa", "ec", "ed"] {
                let right = header(id);
                if right["alg"] == algorithm && right["kid"] == kid {
                    continue;
                }
                let header = json!({ "alg": algorithm, "kid": kid });
                let token = issuer().text(id, &header.to_string(), &text);
                forged.push(named(format!("{algorithm} of {kid} by {id}"), token));
            }
        }
    }
    all_are_refused(forged);
}

#[test]
fn nobody_else_signs() {
    let mut forged = Vec::new();
    for id in ["rsa", "ec", "ed"] {
        forged.push(named(format!("{id} of a thief"), thief().token(id, &claims())));
        let [header, claims, signature] = parts(id);
        let forged_claims = encoded(claims_with("roles", json!(["ADMIN"])).to_string());
        let other = encoded(json!({ "alg": crate::forge::header(id)["alg"], "kid": id }).to_string());
        let half = &signature[..signature.len() / 2];
        let mut flipped = signature.clone().into_bytes();
        flipped[10] = if flipped[10] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        let zeros = encoded([0_u8; 64]);
        for (name, token) in [
            ("without signature", format!("{header}.{claims}.")),
            ("without the last point", format!("{header}.{claims}")),
            ("half a signature", format!("{header}.{claims}.{half}")),
            ("a flipped signature", format!("{header}.{claims}.{flipped}")),
            ("two signatures", format!("{header}.{claims}.{signature}{signature}")),
            ("claims altered", format!("{header}.{forged_claims}.{signature}")),
            ("header altered", format!("{other}.{claims}.{signature}")),
            ("r and s zero", format!("{header}.{claims}.{zeros}")),
            (
                "r and s zero in DER",
                format!("{header}.{claims}.{}", encoded([0x30, 6, 2, 1, 0, 2, 1, 0])),
            ),
            (
                "r and s of the order",
                format!("{header}.{claims}.{}", encoded(order_twice())),
            ),
            ("zeros of RSA", format!("{header}.{claims}.{}", encoded([0_u8; 256]))),
            (
                "one of RSA",
                format!("{header}.{claims}.{}", encoded([&[0_u8; 255][..], &[1]].concat())),
            ),
        ] {
            forged.push(named(format!("{id}: {name}"), token));
        }
    }
    all_are_refused(forged);
}

/// The order of P-256, which is zero for whoever forgets to compare.
fn order_twice() -> [u8; 64] {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut both = [0; 64];
    both[..32].copy_from_slice(&order);
    both[32..].copy_from_slice(&order);
    both
}

#[test]
fn a_key_id_is_only_compared() {
    let mut forged: Vec<Forged> = [
        "ec",
        "",
        "RSA",
        "rsa ",
        "rsa\0",
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "rsa' OR '1'='1",
        "'; DROP TABLE api_key; --",
        "x' UNION SELECT 'secret",
        "$(sleep 5)",
        "|cat",
        "{{7*7}}",
        "http://127.0.0.1:1/jwks",
    ]
    .into_iter()
    .map(|kid| named(kid, thief().token_with("rsa", "kid", kid.into())))
    .collect();
    for kid in [json!(0), json!(["rsa"]), json!({ "$ne": null }), json!(true)] {
        forged.push(named(kid.to_string(), issuer().token_with("rsa", "kid", kid)));
    }
    all_are_refused(forged);
}

#[test]
fn a_header_says_each_thing_once_and_asks_for_nothing() {
    let text = claims().to_string();
    let mut forged = Vec::new();
    for header in [
        r#"{"alg":"RS256","alg":"none","kid":"rsa"}"#,
        r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"ec","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"rsa","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"RS256","kid":"rsa"} "{}""#,
        r#"[{"alg":"RS256","kid":"rsa"}]"#,
        "\u{feff}{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
        "not JSON",
        "",
    ] {
        forged.push(named(header, issuer().text("rsa", header, &text)));
    }
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("secevent+jwt")),
        ("typ", json!(1)),
    ] {
        forged.push(named(
            format!("{name} {value}"),
            issuer().token_with("rsa", name, value),
        ));
    }
    let deep = format!(
        r#"{{"alg":"RS256","kid":"rsa","x":{}1{}}}"#,
        "[".repeat(3_000),
        "]".repeat(3_000)
    );
    forged.push(named("a deep header", thief().text("rsa", &deep, &text)));
    all_are_refused(forged);
}

#[test]
fn a_header_never_says_where_the_key_is() {
    let listener = Listener::start(&thief().jwks().to_string());
    let url = listener.url();
    let mut forged = Vec::new();
    for id in ["rsa", "ec", "ed"] {
        let keys = thief().jwks();
        let jwk = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == id)
            .unwrap();
        for (name, value) in [
            ("jwk", jwk.clone()),
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["MIIB"])),
            ("kid", json!(url)),
        ] {
            forged.push(named(
                format!("{name} of {id}"),
                thief().token_with(id, name, value.clone()),
            ));
            for kid in [Value::Null, json!("new")] {
                let mut header = header(id);
                header["kid"] = kid;
                header[name] = value.clone();
                let token = thief().text(id, &header.to_string(), &claims().to_string());
                forged.push(named(format!("{name} of {id}, kid otherwise"), token));
            }
        }
    }
    let harmless = issuer().token_with("rsa", "jku", json!(url));
    let settings = issuer().settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    on_each(&settings, async |app| {
        assert_eq!(viewer(app, &harmless).await["name"], "Ada")
    });
    all_are_refused(forged);
    assert_eq!(listener.asked(), 0);
}

#[test]
fn a_token_is_of_our_issuer_for_us_and_now() {
    let mut forged = Vec::new();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!(ISSUER.to_uppercase())),
        ("iss", json!(format!("{ISSUER} "))),
        ("iss", json!("https://іssuer.example/realms/nam")),
        ("iss", json!([ISSUER])),
        ("iss", Value::Null),
        ("aud", json!("somebody")),
        ("aud", json!(["somebody", "else"])),
        ("aud", json!([])),
        ("aud", json!([["urn:nam-needs:test"]])),
        ("aud", json!({ "urn:nam-needs:test": 1 })),
        ("aud", json!("urn:nam-needs:test urn:other")),
        ("aud", Value::Null),
        ("exp", json!(now() - 31)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!((now() + 600).to_string())),
        ("exp", json!(1_795_600_000.5)),
        ("exp", json!([now() + 600])),
        ("exp", json!(now() + 400 * 86_400)),
        ("exp", json!(253_402_300_800_i64)),
        ("exp", json!(u64::MAX)),
        ("exp", Value::Null),
        ("nbf", json!(now() + 31)),
        ("nbf", json!("tomorrow")),
        ("nbf", json!(u64::MAX)),
        ("iat", json!(now() + 3_600)),
        ("iat", json!(-5)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("ada\u{0}")),
        ("sub", json!("x".repeat(300))),
        ("sub", json!(["ada"])),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("cnf", json!({ "jkt": "x" })),
        ("roles", json!({ "ADMIN": true })),
        ("roles", json!([["ADMIN"]])),
        ("roles", json!(1)),
    ] {
        forged.push(named(
            format!("{name} {value}"),
            issuer().token("ed", &claims_with(name, value)),
        ));
    }
    for name in ["iss", "aud", "sub", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        forged.push(named(format!("no {name}"), issuer().token("ed", &claims)));
    }
    let header = header("ed").to_string();
    let good = claims().to_string();
    for exp in [
        "1e400",
        "1e10",
        "-0.0",
        "01",
        "0x7fffffff",
        "18446744073709551616",
        "NaN",
        "Infinity",
    ] {
        let text = good.replacen(&format!("\"exp\":{}", now() + 600), &format!("\"exp\":{exp}"), 1);
        assert_ne!(text, good);
        forged.push(named(format!("exp {exp}"), issuer().text("ed", &header, &text)));
    }
    for text in [
        "[]",
        "null",
        "\"ada\"",
        "",
        "not JSON",
        &format!("{good}{good}"),
        &issuer().token("ed", &claims()),
    ] {
        forged.push(named(format!("claims {text:.20}"), issuer().text("ed", &header, text)));
    }
    all_are_refused(forged);
}

#[test]
fn the_good_twins_pass() {
    let good: Vec<Forged> = [
        ("aud", json!(["somebody", "urn:nam-needs:test"])),
        ("exp", json!(now() - 29)),
        ("exp", json!(now() + 365 * 86_400)),
        ("nbf", json!(now() + 30)),
        ("iat", json!(0)),
        ("sub", json!("ада ✓ \" ' ; --")),
        ("typ", json!("Bearer")),
        ("roles", json!("READER")),
        ("roles", json!([])),
        ("roles", json!(["ＡＤＭＩＮ", "READER"])),
        ("azp", json!({ "any": ["thing", 1.5e300] })),
    ]
    .into_iter()
    .map(|(name, value)| {
        named(
            format!("{name} {value}"),
            issuer().token("ed", &claims_with(name, value)),
        )
    })
    .chain([
        named("at+jwt", issuer().token_with("ec", "typ", json!("at+jwt"))),
        named(
            "application/at+jwt",
            issuer().token_with("ec", "typ", json!("application/AT+JWT")),
        ),
        named("no kid", issuer().token_with("rsa", "kid", Value::Null)),
        named("b64 without crit", issuer().token_with("rsa", "b64", json!(true))),
    ])
    .collect();
    let settings = issuer().settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    on_each(&settings, async |app| {
        for (name, token) in &good {
            assert_eq!(viewer(app, token).await["name"], "Ada", "{name}");
        }
    });
}

#[test]
fn a_token_has_one_form() {
    let [header, claims, signature] = parts("rsa");
    let padded = |part: &str| {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        URL_SAFE.encode(bytes)
    };
    // The last letter of 256 bytes has four bits that mean nothing.
    let last = signature.chars().last().unwrap();
    let next = match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    };
    let loose = format!("{}{next}", &signature[..signature.len() - 1]);
    let whole = format!("{header}.{claims}.{signature}");
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(4_000), "]".repeat(4_000));
    let nested = issuer().text("rsa", &crate::forge::header("rsa").to_string(), &whole);
    let forged = vec![
        named("padding", format!("{header}.{claims}.{}", padded(&signature))),
        named("loose bits", format!("{header}.{claims}.{loose}")),
        named("one more letter", format!("{whole}A")),
        named("standard base64", whole.replace('-', "+").replace('_', "/")),
        named("JWE", format!("{header}.{signature}.{claims}.{signature}.{signature}")),
        named("four parts", format!("{whole}.{signature}")),
        named("one part", header.clone()),
        named("points", "..".into()),
        named("a point before", format!(".{whole}")),
        named("white space within", format!("{header}. {claims}.{signature}")),
        named(
            "JSON serialization",
            json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        ),
        named("nested", nested),
        named(
            "claims nest deep",
            issuer().text("rsa", &crate::forge::header("rsa").to_string(), &deep),
        ),
        named(
            "huge claims",
            issuer().token("rsa", &claims_with("x", "x".repeat(20_000).into())),
        ),
        named(
            "huge header",
            issuer().token_with("rsa", "x", "x".repeat(20_000).into()),
        ),
        named("huge signature", format!("{header}.{claims}.{}", "A".repeat(40_000))),
    ];
    all_are_refused(forged);
}
