use clap::Parser;

use super::*;

#[derive(Parser)]
struct Just {
    #[command(flatten)]
    config: Config,
}

fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
    Just::try_parse_from([&["test"], arguments].concat()).map(|just| just.config)
}

#[test]
fn a_bad_setting_is_named() {
    for (argument, name) in [
        ("--bind=nowhere", "--bind"),
        ("--pool-size=0", "--pool-size"),
        ("--anonymous-read=perhaps", "--anonymous-read"),
        ("--allowed-origins=example.org/x", "--allowed-origins"),
        ("--trusted-proxies=10.0.0.0/33", "--trusted-proxies"),
        ("--rate-exempt=localhost", "--rate-exempt"),
        ("--confirm-every-days=-1", "--confirm-every-days"),
        ("--jwt-leeway-seconds=301", "--jwt-leeway-seconds"),
        ("--jwt-refresh-seconds=0", "--jwt-refresh-seconds"),
    ] {
        let error = parse(&[argument]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = parse(&["--admin-key=short"]).unwrap().check().unwrap_err();
    assert!(error.contains("ADMIN_KEY") && !error.contains("short"), "{error}");
    let error = parse(&["--metrics-token="]).unwrap().check().unwrap_err();
    assert!(error.starts_with("METRICS_TOKEN must not be empty"), "{error}");
}

#[test]
fn figures_come_with_the_default_database_only() {
    let config = parse(&[]).unwrap();
    assert!(config.real_figures() && config.examples());
    let config = parse(&["--database-url=sqlite://other.sqlite", "--examples=true"]).unwrap();
    assert!(!config.real_figures() && config.examples());
    assert_eq!(config.migrate_database_url(), "sqlite://other.sqlite");
}

#[test]
fn a_line_of_the_file_that_is_no_setting_is_refused() {
    let path = std::env::temp_dir().join(format!("{}.env", uuid::Uuid::now_v7()));
    std::fs::write(&path, "BNID=127.0.0.1:1\n").unwrap();
    let error = load_env_file::<Just>(&path).unwrap_err();
    assert!(error.contains("BNID") && error.contains("POOL_SIZE"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(load_env_file::<Just>(&path), Ok(()));
}
