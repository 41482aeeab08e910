//! Several servers, one database.

use clap::Parser;
use nam_needs::app::Application;
use nam_needs::config::Config;
use nam_needs::store::Clock;
use nam_needs::store::{Consistency, api_key};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

#[test]
fn several_that_start_at_once_on_an_empty_database_migrate_once_and_mint_one_key() {
    let path = std::env::temp_dir().join(format!("nam-needs-start-{}.sqlite", std::process::id()));
    let url = format!("--database-url=sqlite://{}?mode=rwc", path.display());
    let config = Settings::parse_from(["nam-needs", "--bind=127.0.0.1:0", &url]).config;
    actix_web::rt::System::new().block_on(async {
        let build = || Application::build(&config, Clock::System);
        let (one, two, three) = tokio::join!(build(), build(), build());
        let servers = [one.unwrap(), two.unwrap(), three.unwrap()];
        let store = servers[0].store();
        let reader = store.reader(nam_needs::domain::actor::Actor::system().into(), Consistency::Statement);
        assert_eq!(api_key::list(&reader).await.unwrap().len(), 1);
        for server in servers {
            server.run_until(async {}).await.unwrap();
        }
    });
    for end in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{end}", path.display())));
    }
}
