//! A real SQLite database with the reference data, and the store of a PostgreSQL that is never asked: its statements
//! are only written.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::DateTime;
use clap::Parser;
use nam_needs::app;
use nam_needs::config::Config;
use nam_needs::domain::actor::Actor;
use nam_needs::domain::reference::Reference;
use nam_needs::store::reference::Files;
use nam_needs::store::{self, Clock, Consistency, Reader, Store};
use tokio::runtime::{Builder, Runtime};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

#[derive(Clone, Copy)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct World {
    runtime: Runtime,
    sqlite: Store,
    postgres: Store,
    folder: PathBuf,
}

thread_local! {
    static WORLD: World = World::new();
}

/// Works in the world of this thread.
pub fn world<T>(work: impl FnOnce(&World) -> T) -> T {
    WORLD.with(work)
}

pub fn reference() -> Reference {
    Reference::new(Files::BUNDLED.rows(DateTime::UNIX_EPOCH).unwrap())
}

impl World {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("nam-needs-fuzz-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("--database-url=sqlite://{}/fuzz.sqlite?mode=rwc", folder.display());
        let config = Settings::parse_from(["nam-needs", &url]).config;
        let clock = Clock::fixed(DateTime::UNIX_EPOCH);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let sqlite = runtime.block_on(app::open(&config, clock.clone())).unwrap();
        let postgres = {
            let _within = runtime.enter();
            store::unreached(clock, sqlite.rules())
        };
        postgres.set_reference(reference());
        Self {
            runtime,
            sqlite,
            postgres,
            folder,
        }
    }

    /// Of someone who sees everything, or only what is public.
    pub fn reader(&self, database: Database, everything: bool) -> Reader {
        let store = match database {
            Database::Sqlite => &self.sqlite,
            Database::Postgres => &self.postgres,
        };
        let actor = if everything {
            Actor::system()
        } else {
            Actor::anonymous()
        };
        store.reader(Arc::new(actor), Consistency::Statement)
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Whoever looks for what went wrong finds the input elsewhere.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
