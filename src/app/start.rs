//! What happens before the first request: the database is opened and migrated, the reference data are loaded, and the
//! first key is minted.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migration::{Direction, RunError, Target};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::error::Error;
use crate::graphql;
use crate::http::documents::Library;
use crate::http::gate::Gate;
use crate::interchange::{examples, figures};
use crate::store::{self, Clock, Connect, ConnectError, Refused, Rules, Store, milestone};

/// Times that figures are tried to be loaded.
const LOADS: u32 = 5;
/// Time before they are tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why the program can't start, or a command can't do its work.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("BIND: {0} can't be listened on: {1}")]
    Bind(std::net::SocketAddr, std::io::Error),
    /// A setting that no other one fits, or that names what is not there.
    #[error("{0}")]
    Setting(String),
    /// The threads or sockets can't be had.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// The database can't be opened.
    #[error("DATABASE_URL: {0}")]
    Connect(#[from] ConnectError),
    /// The migrations failed.
    #[error("DATABASE_URL, or MIGRATE_DATABASE_URL where it is given: the database can't be migrated: {0}")]
    Migrate(RunError),
    /// A file can't be imported or exported.
    #[error(transparent)]
    Interchange(#[from] crate::interchange::command::CommandError),
    /// A copy of the database can't be made or put back.
    #[error(transparent)]
    Copy(#[from] store::backup::CopyError),
    /// Something that was to be written was refused.
    #[error("{0}")]
    Refused(String),
    /// A fault of the program.
    #[error("{0}")]
    Fault(String),
}

impl From<RunError> for StartError {
    fn from(error: RunError) -> Self {
        if !error.is_of_rights() {
            return Self::Migrate(error);
        }
        Self::Refused(format!(
            "the database lacks migrations, and its role may not make them ({error}): run `nam-needs migrate up` with MIGRATE_DATABASE_URL \
             naming the role that owns the tables (docs/security.md, Two roles)"
        ))
    }
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        match error {
            Error::Internal(cause) => Self::Fault(cause.to_string()),
            other => Self::Refused(other.message()),
        }
    }
}

impl From<Refused> for StartError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Error(error) => error.into(),
            Refused::Fault(fault) => Self::Fault(fault.to_string()),
            Refused::Problems(problems) => {
                let lines = problems.0.into_iter().map(|problem| {
                    let at = problem.path.join(".");
                    let separator = if at.is_empty() { "" } else { ": " };
                    format!("{at}{separator}{}", problem.message)
                });
                Self::Refused(lines.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

/// Where migrations are run.
pub fn target(config: &Config) -> Target {
    Target {
        url: config.migrate_database_url().into(),
        serving_url: config.database_url().into(),
    }
}

/// The store, with every migration and the reference data: what `serve` and the commands begin with.
///
/// # Errors
/// Where any of it fails.
pub async fn open(config: &Config, clock: Clock) -> Result<Store, StartError> {
    check_same(config).await?;
    if let Some(file) = absent(config) {
        tracing::info!(file = %file.display(), "there is no database yet: a new one is made");
    }
    let ran = target(config).run(Direction::Up).await?;
    if !ran.steps.is_empty() {
        tracing::info!(steps = ran.steps.join(","), "migrated");
    }
    let store = connect(config, clock).await?;
    if ran.later.is_empty() {
        fill(&store).await?;
    } else {
        // Its own reference data are newer than ours: ours would take them back.
        tracing::warn!(
            later = ran.later.join(","),
            "the database is of a later version; its data stay as that version made them"
        );
        store::reference::load(&store).await?;
    }
    Ok(store)
}

/// That both URLs lead to one database, where there are two.
///
/// # Errors
/// Where they don't, or one can't be opened.
async fn check_same(config: &Config) -> Result<(), StartError> {
    let (serving, migrating) = (config.database_url(), config.migrate_database_url());
    if serving == migrating {
        return Ok(());
    }
    let place = store::place(migrating).await;
    let place = place.map_err(|error| StartError::Setting(format!("MIGRATE_DATABASE_URL: {error}")))?;
    match store::place(serving).await? == place {
        true => Ok(()),
        false => Err(StartError::Setting(
            "MIGRATE_DATABASE_URL names another database, or another schema, than DATABASE_URL. Both must name the same, by two roles".into(),
        )),
    }
}

/// The file of an SQLite database that is not there.
fn absent(config: &Config) -> Option<PathBuf> {
    let file = store::backup::file(config.database_url()).ok()?;
    (!file.exists()).then_some(file)
}

/// That there is a database: what only reads or revokes should not make one where a name is wrong.
///
/// # Errors
/// Names the file that is not there.
pub fn existing(config: &Config) -> Result<(), StartError> {
    match absent(config) {
        None => Ok(()),
        Some(file) => Err(StartError::Refused(format!(
            "DATABASE_URL: there is no database at {}. Is it another file, or another working directory? `nam-needs migrate up` makes a new one",
            file.display()
        ))),
    }
}

/// The store as it is: nothing is migrated and nothing written.
///
/// # Errors
/// Where the database can't be opened.
pub async fn connect(config: &Config, clock: Clock) -> Result<Store, StartError> {
    let connect = Connect {
        url: config.database_url().into(),
        pool_size: config.pool_size,
        statement_timeout_ms: config.timeout_ms,
        lock_timeout_ms: config.timeout_ms / 2,
        slow_query_ms: config.slow_query_ms,
    };
    Ok(store::open(&connect, clock, rules(config)).await?)
}

/// What the operator decides of the rules.
pub fn rules(config: &Config) -> Rules {
    let limits = config.limits();
    Rules {
        confirm_every_days: config.confirm_every_days,
        items: limits.items,
        import_rows: limits.import_rows,
    }
}

/// The documents that the operator registers, each of which the schema can answer.
///
/// # Errors
/// Names those that it can't.
pub fn documents(config: &Config) -> Result<Library, StartError> {
    match &config.trusted_documents {
        Some(path) => {
            let wrong = |why| StartError::Setting(format!("TRUSTED_DOCUMENTS: {why}"));
            let library = library(path, config).map_err(wrong)?;
            let (documents, clients) = library.counts();
            tracing::info!(documents, clients, only = config.trusted_only, "trusted documents");
            Ok(library)
        }
        None => Ok(Library::default()),
    }
}

/// The documents that are registered there, each of which the schema can answer.
///
/// # Errors
/// Says which file or which document is wrong, and why.
pub fn library(path: &Path, config: &Config) -> Result<Library, String> {
    let library = Library::read(path)?;
    let gate = Gate::new(&graphql::sdl())?;
    let checked = library.check(&gate, &config.limits());
    checked.map_err(|faults| format!("{} holds documents that can't be answered:\n{faults}", path.display()))?;
    Ok(library)
}

/// Loads what comes with the program.
async fn fill(store: &Store) -> Result<(), StartError> {
    let report = store::reference::sync(store).await?;
    tracing::debug!(?report, "reference data");
    Ok(())
}

/// Loads the bundled figures and the examples, each once in a database's life; loading twice would change nothing.
///
/// # Errors
/// Where any of it fails.
pub async fn figures(store: &Store, config: &Config) -> Result<(), StartError> {
    if config.real_figures() {
        once(store, FIGURES, || load_figures(store)).await?;
    }
    // They are given towards the figures, and are made once those are there.
    if config.examples() && milestone::is_reached(store, FIGURES).await? {
        once(store, "examples", || load_examples(store)).await?;
    }
    Ok(())
}

/// What is reached once the bundled figures are loaded.
const FIGURES: &str = "real figures";

/// Loads what was never loaded. Of servers that start together each may be at it: what two write at once one of them is refused,
/// so whoever is refused looks again, and goes on from what is there by then.
async fn once<F: Future<Output = Result<(), StartError>>>(
    store: &Store,
    name: &'static str,
    load: impl Fn() -> F,
) -> Result<(), StartError> {
    let load = async || -> Result<(), StartError> {
        if !milestone::is_reached(store, name).await? {
            load().await?;
            milestone::reach(store, name).await?;
        }
        Ok(())
    };
    for _ in 1..LOADS {
        match load().await {
            Err(why) => {
                tracing::warn!(%why, "{name} could not be loaded; looking again");
                tokio::time::sleep(PAUSE).await;
            }
            loaded => return loaded,
        }
    }
    load().await
}

async fn load_figures(store: &Store) -> Result<(), StartError> {
    let fault = |error: figures::FiguresError| StartError::Fault(error.to_string());
    let landings = figures::load(store).await.map_err(fault)?;
    let funded = figures::load_funding(store).await.map_err(fault)?;
    let requests: usize = landings.iter().map(|landing| landing.created).sum();
    tracing::info!(requests, contributions = funded.created, "real figures loaded");
    Ok(())
}

async fn load_examples(store: &Store) -> Result<(), StartError> {
    let made = examples::load(store).await?;
    tracing::info!(contributions = made, "examples loaded; EXAMPLES=false leaves them out");
    Ok(())
}

/// Mints the first key where there is none, and tells it at once: nobody can ask for it again.
///
/// # Errors
/// The database's, or that the key can't be told.
pub async fn first_key(store: &Store, given: Option<&SecretString>) -> Result<(), StartError> {
    match store::api_key::first(store, given).await? {
        Some(_) if given.is_some() => tracing::info!("the first ADMIN key is the one in ADMIN_KEY"),
        Some(secret) => {
            let mut out = std::io::stdout().lock();
            writeln!(
                out,
                "\n  The first ADMIN key, told this once; keep it safe:\n\n    {}\n",
                secret.expose_secret()
            )?;
            out.flush()?;
        }
        None => {}
    }
    Ok(())
}
