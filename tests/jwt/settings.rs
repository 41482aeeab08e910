//! Settings that make no sense stop the start, by name.

use std::process::Command;

use crate::forge::ISSUER;

/// What the program says on standard error, and its exit status.
fn start(settings: &[&str]) -> (String, Option<i32>) {
    let folder = std::env::temp_dir();
    let output = Command::new(env!("CARGO_BIN_EXE_nam-needs"))
        .args(["--bind=127.0.0.1:0", "--database-url=sqlite::memory:"])
        .args(settings)
        .current_dir(folder)
        .output()
        .unwrap();
    (
        String::from_utf8_lossy(&output.stderr).into_owned(),
        output.status.code(),
    )
}

#[test]
fn a_bad_setting_of_tokens_stops_the_start_by_its_name() {
    let issuer = format!("--jwt-issuer={ISSUER}");
    let issuer = issuer.as_str();
    for (settings, name) in [
        (&["--jwt-issuer=nowhere", "--jwt-audience=x"][..], "JWT_ISSUER"),
        (&["--jwt-issuer=https://a.example/?x", "--jwt-audience=x"], "JWT_ISSUER"),
        (&[issuer], "JWT_AUDIENCE"),
        (&["--jwt-audience=x"], "JWT_AUDIENCE"),
        (&["--jwt-jwks=x"], "JWT_JWKS"),
        (&[issuer, "--jwt-audience=x", "--jwt-jwks=/nowhere.json"], "JWT_JWKS"),
        (&[issuer, "--jwt-audience=x", "--jwt-jwks=/dev/null"], "JWT_JWKS"),
        (
            &[issuer, "--jwt-audience=x", "--jwt-jwks=https://u:p@a.example"],
            "JWT_JWKS",
        ),
        (&[issuer, "--jwt-audience=x", "--jwt-roles=desk=EMPEROR"], "JWT_ROLES"),
        (&[issuer, "--jwt-audience=x", "--jwt-roles-claim= "], "JWT_ROLES_CLAIM"),
        (
            &[issuer, "--jwt-audience=x", "--jwt-leeway-seconds=9999"],
            "--jwt-leeway-seconds",
        ),
        (
            &[issuer, "--jwt-audience=x", "--jwt-refresh-seconds=0"],
            "--jwt-refresh-seconds",
        ),
    ] {
        let (said, status) = start(settings);
        assert!(said.contains(name), "{settings:?}: {said}");
        assert_eq!(status, Some(2), "{settings:?}: {said}");
    }
}
