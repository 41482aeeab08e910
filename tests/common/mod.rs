//! The real server on a free port, over a fresh database: SQLite, or PostgreSQL where `TEST_POSTGRES_URL` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

pub mod between;
pub mod cluster;
pub mod data;
pub mod node;
pub mod opening;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use clap::Parser;
use entity::enums::Role;
use nam_needs::app::Application;
use nam_needs::config::Config;
use nam_needs::domain::actor::Actor;
use nam_needs::domain::api_key::ApiKeyDraft;
use nam_needs::store::{Clock, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The key of the administrator in every test.
pub const ADMIN: &str = "nam_test_administrator_0123456789abcdef";

/// On which database a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Declares tests that run once on each database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn body($app: &$crate::common::TestApp) $body
            #[test]
            fn sqlite() {
                $crate::common::run($crate::common::Backend::Sqlite, async |app| body(app).await);
            }
            #[test]
            fn postgres() {
                $crate::common::run($crate::common::Backend::Postgres, async |app| body(app).await);
            }
        }
    )*};
}

/// The same with settings of the server that all of them share: `on_both_with! { &["--x=1"], async fn … }`.
#[macro_export]
macro_rules! on_both_with {
    ($settings:expr, $($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn body($app: &$crate::common::TestApp) $body
            #[test]
            fn sqlite() {
                $crate::common::run_with($crate::common::Backend::Sqlite, $settings, async |app| body(app).await);
            }
            #[test]
            fn postgres() {
                $crate::common::run_with($crate::common::Backend::Postgres, $settings, async |app| body(app).await);
            }
        }
    )*};
}

/// Every role, responders of two organizations, and focal points of two countries.
pub const KEY_HOLDERS: [(Role, Option<&str>, Option<&str>); 7] = [
    (Role::Reader, None, None),
    (Role::Responder, None, Some("WHO")),
    (Role::Responder, None, Some("UNICEF")),
    (Role::FocalPoint, Some("BGD"), None),
    (Role::FocalPoint, Some("KEN"), None),
    (Role::Coordinator, None, None),
    (Role::Admin, None, None),
];

/// Starts a server over a fresh database, runs the test, and stops it.
pub fn run(backend: Backend, test: impl AsyncFnOnce(&TestApp)) {
    run_with(backend, &[], test);
}

/// The same with settings of its own.
pub fn run_with(backend: Backend, settings: &[&str], test: impl AsyncFnOnce(&TestApp)) {
    actix_web::rt::System::new().block_on(async {
        let app = TestApp::start(backend, settings).await;
        test(&app).await;
        app.stop().await;
    });
}

/// The same on each database in turn, for tests whose settings are their own.
pub fn on_each(settings: &[&str], mut test: impl AsyncFnMut(&TestApp)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        println!("on {backend:?}");
        run_with(backend, settings, async |app| test(app).await);
    }
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// A running server.
pub struct TestApp {
    pub url: String,
    pub store: Store,
    pub clock: Clock,
    pub backend: Backend,
    client: reqwest::Client,
    stop: RefCell<Option<oneshot::Sender<()>>>,
    ended: actix_web::rt::task::JoinHandle<()>,
    database: Database,
}

/// What holds others up.
pub enum Held {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Held {
    pub async fn release(self) {
        use sqlx::Connection;
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

/// Another server over the same database.
pub struct Beside {
    pub url: String,
    stop: oneshot::Sender<()>,
    ended: actix_web::rt::task::JoinHandle<()>,
}

impl Beside {
    pub async fn stop(self) {
        drop(self.stop);
        self.ended.await.unwrap();
    }
}

/// The program in a process of its own, which can be ended in any way.
pub struct Program {
    pub url: String,
    arguments: Vec<String>,
    child: std::process::Child,
    /// None where it is another's.
    database: Option<Database>,
}

/// A port for a server that goes and comes back: below those that Linux gives to clients, so that none of them takes it
/// meanwhile.
fn port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id() % 8_000;
    loop {
        let port = 12_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 8_000;
        let port = u16::try_from(port).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A database without a table, and commands of the program over it.
pub struct Ground(Database);

impl Ground {
    pub async fn new(backend: Backend) -> Self {
        Self(match backend {
            Backend::Sqlite => {
                let path = std::env::temp_dir().join(format!("nam-needs-{}.sqlite", Database::name()));
                Database::Sqlite(path)
            }
            Backend::Postgres => {
                let (owner, server) = (postgres("TEST_POSTGRES_URL"), postgres("TEST_POSTGRES_SERVER_URL"));
                Database::empty(&owner, &server).await
            }
        })
    }

    /// One of SQLite, in a place of the test's choice.
    pub const fn file_at(path: PathBuf) -> Self {
        Self(Database::Sqlite(path))
    }

    /// One in a cluster of the test's own.
    pub async fn in_cluster(cluster: &cluster::Cluster) -> Self {
        Self(Database::empty(&cluster.owner_url, &cluster.server_url).await)
    }

    /// The same database, or a copy of it, behind another port.
    pub fn through(&self, port: u16) -> Self {
        let Database::Postgres { name, url, server_url } = &self.0 else {
            panic!("only PostgreSQL has a port");
        };
        let through = |url: &str| {
            let (before, _) = url.rsplit_once(':').unwrap();
            format!("{before}:{port}/{name}")
        };
        Self(Database::Postgres {
            url: through(url),
            server_url: through(server_url),
            name: name.clone(),
        })
    }

    pub const fn backend(&self) -> Backend {
        self.0.backend()
    }

    /// How many rows each table has.
    pub async fn row_counts(&self) -> BTreeMap<String, i64> {
        self.0.row_counts().await
    }

    /// The file of SQLite, which may be there or not.
    pub fn file(&self) -> &std::path::Path {
        let Database::Sqlite(path) = &self.0 else {
            panic!("only SQLite is a file");
        };
        path
    }

    /// A command of the program, not started yet.
    pub fn command(&self, command: &[&str]) -> std::process::Command {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        program.args(command).args(self.0.arguments()).arg("--log=error");
        program
    }

    /// Runs SQL as the role that owns the tables.
    pub async fn alter(&self, sql: &str) {
        self.0.alter(sql).await.expect(sql);
    }

    /// The one text that PostgreSQL answers to its owner.
    pub async fn text(&self, sql: &str) -> String {
        use sqlx::Connection;
        let Database::Postgres { url, .. } = &self.0 else {
            panic!("only PostgreSQL is asked");
        };
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let text = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()));
        let text = text.fetch_one(&mut connection).await.expect(sql);
        connection.close().await.unwrap();
        text
    }

    /// So many servers, all of them started before any is ready.
    pub async fn serve(&self, count: usize) -> Vec<Program> {
        let start = |_| Program::spawned(self.0.arguments(), None);
        let mut programs: Vec<Program> = (0..count).map(start).collect();
        for program in &mut programs {
            program.ready().await;
        }
        programs
    }

    /// A server of PostgreSQL that knows the role that serves, and not the owner.
    pub async fn serve_alone(&self) -> Program {
        let mut arguments = self.0.arguments();
        arguments.retain(|one| !one.starts_with("--migrate-database-url"));
        Program::over(arguments, None).await
    }

    /// Looks at it with a server in this process; it is removed then.
    pub async fn inspect(self, look: impl AsyncFnOnce(&TestApp)) {
        let app = TestApp::over(self.0, &[]).await;
        look(&app).await;
        app.stop().await;
    }

    pub async fn remove(self) {
        self.0.remove().await;
    }
}

impl Program {
    pub async fn start(backend: Backend) -> Self {
        let database = Database::fresh(backend).await;
        Self::over(database.arguments(), Some(database)).await
    }

    /// Over a database of a cluster of the test's own; this program migrates it.
    pub async fn start_in(cluster: &cluster::Cluster) -> Self {
        let database = Database::empty(&cluster.owner_url, &cluster.server_url).await;
        Self::over(database.arguments(), Some(database)).await
    }

    /// Another one over the same database.
    pub async fn beside(&self) -> Self {
        let database = self.database.as_ref().expect("a database");
        Self::over(database.arguments(), None).await
    }

    async fn over(database_arguments: Vec<String>, database: Option<Database>) -> Self {
        let mut program = Self::spawned(database_arguments, database);
        program.ready().await;
        program
    }

    fn spawned(database_arguments: Vec<String>, database: Option<Database>) -> Self {
        let port = port();
        let mut arguments = vec![
            format!("--bind=127.0.0.1:{port}"),
            format!("--admin-key={ADMIN}"),
            "--log=error".into(),
        ];
        arguments.extend(database_arguments);
        Self {
            url: format!("http://127.0.0.1:{port}"),
            child: spawn(&arguments),
            arguments,
            database,
        }
    }

    /// SIGKILL: nothing is put in order before it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: it ends what it has begun, and well.
    pub async fn terminate(&mut self) {
        let id = self.child.id().to_string();
        let told = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap();
        assert!(told.success());
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "told to end, it failed: {status}");
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("told to end, it does not");
    }

    pub async fn restart(&mut self) {
        self.child = spawn(&self.arguments);
        self.ready().await;
    }

    /// Waits until it says that it is ready, which it must do without anybody's help.
    pub async fn ready(&mut self) {
        let client = reqwest::Client::new();
        for _ in 0..600 {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the program has ended by itself"
            );
            if let Ok(answer) = client.get(format!("{}/readyz", self.url)).send().await
                && answer.status().is_success()
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the program does not get ready");
    }

    /// The file of its database of SQLite.
    pub fn file(&self) -> PathBuf {
        match &self.database {
            Some(Database::Sqlite(path)) => path.clone(),
            _ => panic!("no file"),
        }
    }

    /// The arguments of another command over the same database.
    pub fn arguments_of(&self, command: &str) -> Vec<String> {
        [vec![command.to_owned()], self.arguments.clone()].concat()
    }

    /// The process, for what the system can do to it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What becomes of another command of the program, over the same database.
    pub fn attempt(&self, command: &[&str]) -> std::process::Output {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        program.args(command).args(&self.arguments).output().unwrap()
    }

    /// What another command of the program prints, over the same database.
    pub fn run(&self, command: &[&str]) -> String {
        let output = self.attempt(command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub async fn end(mut self) {
        self.kill();
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
    }

    /// Ends it, and looks at its database with a server in this process.
    pub async fn inspect(mut self, look: impl AsyncFnOnce(&TestApp)) {
        self.kill();
        let app = TestApp::over(self.database.take().expect("a database"), &[]).await;
        look(&app).await;
        app.stop().await;
    }
}

impl Drop for Program {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(arguments: &[String]) -> std::process::Child {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
    program.stdout(std::process::Stdio::null());
    program.args(arguments).spawn().expect("the program starts")
}

/// When every test begins.
pub fn start_of_tests() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

impl TestApp {
    pub async fn start(backend: Backend, settings: &[&str]) -> Self {
        Self::over(Database::fresh(backend).await, settings).await
    }

    async fn over(database: Database, settings: &[&str]) -> Self {
        let backend = database.backend();
        let clock = Clock::fixed(start_of_tests());
        let mut arguments = vec![
            "nam-needs".to_owned(),
            "--bind=127.0.0.1:0".into(),
            format!("--admin-key={ADMIN}"),
        ];
        arguments.extend(database.arguments());
        arguments.extend(settings.iter().map(|&setting| setting.to_owned()));
        let config = Settings::parse_from(arguments).config;
        let application = Application::build(&config, clock.clone())
            .await
            .expect("the server starts");
        let url = format!("http://{}", application.address());
        let store = application.store().clone();
        let (stop, stopped) = oneshot::channel();
        let ended = actix_web::rt::spawn(async move {
            application
                .run_until(async { drop(stopped.await) })
                .await
                .expect("the server ends cleanly");
        });
        Self {
            url,
            store,
            clock,
            backend,
            // Idle connections are closed by the client, never by the server while something is sent.
            client: reqwest::Client::builder()
                .pool_idle_timeout(std::time::Duration::from_secs(30))
                .build()
                .unwrap(),
            stop: RefCell::new(Some(stop)),
            ended,
            database,
        }
    }

    /// Tells the server to stop, and does not wait for it.
    pub fn tell_to_stop(&self) {
        drop(self.stop.take());
    }

    /// Whether the server has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.is_finished()
    }

    async fn stop(self) {
        self.tell_to_stop();
        self.ended.await.unwrap();
        self.database.remove().await;
    }

    /// What a program is told to use the same database.
    pub fn database_arguments(&self) -> Vec<String> {
        self.database.arguments()
    }

    /// The URL of the database as the server uses it.
    pub fn database_url(&self) -> String {
        match &self.database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres { server_url, .. } => server_url.clone(),
        }
    }

    /// What the database itself answers to SQL that selects texts, on a connection of its own.
    pub async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        use sqlx::{AssertSqlSafe, Connection, Row};
        let (url, sql) = (self.database_url(), AssertSqlSafe(sql.to_owned()));
        match self.backend {
            Backend::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("SQLite opens");
                let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
                connection.close().await.unwrap();
                rows.iter()
                    .map(|row| (0..row.len()).map(|index| row.get(index)).collect())
                    .collect()
            }
            Backend::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&url).await.expect("PostgreSQL answers");
                let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
                connection.close().await.unwrap();
                rows.iter()
                    .map(|row| (0..row.len()).map(|index| row.get(index)).collect())
                    .collect()
            }
        }
    }

    /// Runs SQL as the role that owns the tables, which no server does.
    pub async fn alter(&self, sql: &str) -> Result<(), sqlx::Error> {
        self.database.alter(sql).await
    }

    /// Runs a statement of PostgreSQL with the role that serves, in the name of an actor or of none, and takes it back. How
    /// many rows it touched, or the code by which it was refused.
    pub async fn as_server(&self, actor: &[(&str, &str)], sql: &str) -> Result<u64, String> {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        let Database::Postgres { server_url, .. } = &self.database else {
            panic!("only PostgreSQL has roles");
        };
        let code = |error: sqlx::Error| match error.as_database_error() {
            Some(error) => error.code().unwrap_or_default().into_owned(),
            None => panic!("{sql}: {error}"),
        };
        let mut connection = sqlx::PgConnection::connect(server_url).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        for (name, value) in actor {
            let set = sqlx::query("SELECT set_config('nam.' || $1, $2, true)")
                .bind(*name)
                .bind(*value);
            set.execute(&mut *transaction).await.unwrap();
        }
        let done = transaction.execute(AssertSqlSafe(sql.to_owned())).await;
        transaction.rollback().await.unwrap();
        connection.close().await.unwrap();
        done.map(|done| done.rows_affected()).map_err(code)
    }

    /// Another server over the same database.
    pub async fn beside(&self) -> Beside {
        self.beside_over(self.database.arguments()).await
    }

    /// Another one, which reaches PostgreSQL through what listens there.
    pub async fn beside_through(&self, address: SocketAddr) -> Beside {
        let direct = self.database_address().to_string();
        let arguments = self.database.arguments().into_iter();
        self.beside_over(
            arguments
                .map(|one| one.replace(&direct, &address.to_string()))
                .collect(),
        )
        .await
    }

    /// Where PostgreSQL listens.
    pub fn database_address(&self) -> SocketAddr {
        let url = self.database_url();
        let (_, rest) = url.rsplit_once('@').expect("a URL of PostgreSQL");
        rest.split('/').next().unwrap().parse().unwrap()
    }

    async fn beside_over(&self, database_arguments: Vec<String>) -> Beside {
        let mut arguments = vec!["nam-needs".to_owned(), "--bind=127.0.0.1:0".into()];
        arguments.extend(database_arguments);
        let config = Settings::parse_from(arguments).config;
        let application = Application::build(&config, self.clock.clone())
            .await
            .expect("another server starts");
        let url = format!("http://{}", application.address());
        let (stop, stopped) = oneshot::channel();
        let ended = actix_web::rt::spawn(async move {
            application
                .run_until(async { drop(stopped.await) })
                .await
                .expect("it ends cleanly");
        });
        Beside { url, stop, ended }
    }

    /// Moves the clock on.
    pub fn pass_days(&self, days: i64) {
        self.clock.set(self.clock.now() + chrono::TimeDelta::days(days));
    }

    /// The HTTP client and the path's address.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Posts a document and gives status and answer.
    pub async fn post(&self, key: Option<&str>, query: &str, variables: Value) -> (u16, Value) {
        let mut request = self
            .request(reqwest::Method::POST, "/graphql")
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// The data of an answer that has no errors.
    pub async fn ask(&self, key: Option<&str>, query: &str, variables: Value) -> Value {
        let (status, answer) = self.post(key, query, variables).await;
        assert!(answer.get("errors").is_none() && status == 200, "{query}\n{answer:#}");
        answer["data"].clone()
    }

    /// The payload of a mutation `field(input: …) { selection }` that has no errors.
    pub async fn mutate(&self, key: &str, field: &str, input: Value, selection: &str) -> Value {
        let input_type = input_type(field);
        let query = format!("mutation($input: {input_type}!) {{ {field}(input: $input) {{ {selection} }} }}");
        self.ask(Some(key), &query, json!({ "input": input })).await[field].clone()
    }

    /// The whole answer of a mutation, whatever became of it.
    pub async fn attempt(&self, key: Option<&str>, field: &str, input: Value, selection: &str) -> Value {
        let input_type = input_type(field);
        let query = format!("mutation($input: {input_type}!) {{ {field}(input: $input) {{ {selection} }} }}");
        self.post(key, &query, json!({ "input": input })).await.1
    }

    /// The code of the first error of a mutation that fails as a whole.
    pub async fn refused(&self, key: Option<&str>, field: &str, input: Value) -> String {
        let query = format!(
            "mutation($input: {}!) {{ {field}(input: $input) {{ __typename }} }}",
            input_type(field)
        );
        let (_, answer) = self.post(key, &query, json!({ "input": input })).await;
        answer["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {answer:#}"))
            .to_owned()
    }

    /// How many rows each table has.
    pub async fn row_counts(&self) -> BTreeMap<String, i64> {
        self.database.row_counts().await
    }

    /// Locks a table of PostgreSQL against everybody else, until what comes back is dropped.
    pub async fn hold(&self, table: &str) -> sqlx::PgConnection {
        self.hold_in(table, "ACCESS EXCLUSIVE").await
    }

    /// The same in a mode that keeps fewer out.
    pub async fn hold_in(&self, table: &str, mode: &str) -> sqlx::PgConnection {
        use sqlx::{Connection, Executor};
        let Database::Postgres { url, .. } = &self.database else {
            panic!("only PostgreSQL locks a table");
        };
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let lock = format!("BEGIN; LOCK TABLE {table} IN {mode} MODE");
        connection.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
        connection
    }

    /// Shuts PostgreSQL's database against the running server, and ends the connections that it has.
    pub async fn take_away(&self) {
        let Database::Postgres { name, .. } = &self.database else {
            panic!("only PostgreSQL can be shut");
        };
        let shut = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        execute(&postgres("TEST_POSTGRES_URL"), &shut).await;
        end_connections(name).await;
    }

    /// Ends all connections that the server has to PostgreSQL. Tells how many of them did not rest.
    pub async fn cut(&self) -> usize {
        let Database::Postgres { name, .. } = &self.database else {
            panic!("only PostgreSQL has connections to cut");
        };
        end_connections(name).await
    }

    /// Lets nobody else write a request until what comes back is released.
    pub async fn hold_writes(&self) -> Held {
        use sqlx::{Connection, Executor};
        match &self.database {
            Database::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                Held::Sqlite(connection)
            }
            Database::Postgres { .. } => {
                let mut connection = self.hold("assistance_request").await;
                connection.execute("SELECT 1").await.unwrap();
                Held::Postgres(connection)
            }
        }
    }

    /// A key with one role.
    pub async fn key(&self, role: Role, country: Option<&str>, organization: Option<&str>) -> String {
        self.key_of(&[role], country, organization).await
    }

    /// A key with several roles.
    pub async fn key_of(&self, roles: &[Role], country: Option<&str>, organization: Option<&str>) -> String {
        let draft = ApiKeyDraft {
            name: format!("test {roles:?} {country:?} {organization:?}"),
            roles: roles.to_vec(),
            country: country.map(Into::into),
            organization: organization.map(Into::into),
            expires_at: None,
        };
        let system = Arc::new(Actor::system());
        let (_, secret) = nam_needs::store::api_key::create(&self.store, system, draft)
            .await
            .expect("a key");
        secret.expect("a secret").expose_secret().to_owned()
    }
}

/// The input type of a mutation.
pub fn input_type(field: &str) -> String {
    let step = ["submit", "withdraw", "close", "confirm", "return", "reject"];
    if step.iter().any(|step| field == format!("{step}AssistanceRequest")) {
        return "RequestStepInput".into();
    }
    if ["commitContribution", "shipContribution", "cancelContribution"].contains(&field) {
        return "ContributionStepInput".into();
    }
    let mut name = field.to_owned();
    name[..1].make_ascii_uppercase();
    format!("{name}Input")
}

/// A database of one test, copied from a migrated template.
enum Database {
    Sqlite(PathBuf),
    Postgres {
        name: String,
        url: String,
        server_url: String,
    },
}

static COUNT: AtomicU32 = AtomicU32::new(0);

fn postgres(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run the tests by scripts/test, which starts PostgreSQL for them")
    })
}

fn with_database(url: &str, name: &str) -> String {
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// Ends what clients have open to a database, and waits for that; what PostgreSQL does there by itself is not ours to end.
/// Tells how many did not rest.
async fn end_connections(name: &str) -> usize {
    use sqlx::Connection;
    let mut connection = sqlx::PgConnection::connect(&postgres("TEST_POSTGRES_SERVER_URL"))
        .await
        .unwrap();
    let end = "SELECT pid, state IS NOT DISTINCT FROM 'idle', pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = $1 AND backend_type = 'client backend'";
    let ended: Vec<(i32, bool, bool)> = sqlx::query_as(end).bind(name).fetch_all(&mut connection).await.unwrap();
    let busy = ended.iter().filter(|(_, rests, _)| !rests).count();
    let ended: Vec<i32> = ended.into_iter().map(|(pid, ..)| pid).collect();
    let there = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY($1))";
    while sqlx::query_scalar(there)
        .bind(&ended)
        .fetch_one(&mut connection)
        .await
        .unwrap()
    {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    connection.close().await.unwrap();
    busy
}

async fn execute(url: &str, sql: &str) {
    use sqlx::{Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(url).await.expect("PostgreSQL answers");
    connection
        .execute(sqlx::AssertSqlSafe(sql.to_owned()))
        .await
        .expect(sql);
    connection.close().await.unwrap();
}

/// Migrates once in the life of this process; every test copies what comes out.
async fn migrate(arguments: Vec<String>) {
    let arguments = [
        "nam-needs".to_owned(),
        "--bind=127.0.0.1:0".into(),
        format!("--admin-key={ADMIN}"),
    ]
    .into_iter()
    .chain(arguments);
    let config = Settings::parse_from(arguments).config;
    let store = nam_needs::app::open(&config, Clock::fixed(start_of_tests()))
        .await
        .expect("the template opens");
    store.close().await;
}

fn on_a_thread<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send) {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap()
                    .block_on(work())
            })
            .join()
            .unwrap();
    });
}

fn sqlite_template() -> &'static PathBuf {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("nam-needs-{}-template.sqlite", std::process::id()));
        let arguments = vec![format!("--database-url=sqlite://{}?mode=rwc", path.display())];
        on_a_thread(|| migrate(arguments));
        path
    })
}

fn postgres_template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("template_{}", std::process::id());
        let (owner, server) = (postgres("TEST_POSTGRES_URL"), postgres("TEST_POSTGRES_SERVER_URL"));
        on_a_thread(|| async {
            execute(&owner, &format!("CREATE DATABASE {name}")).await;
            migrate(vec![
                format!("--database-url={}", with_database(&server, &name)),
                format!("--migrate-database-url={}", with_database(&owner, &name)),
            ])
            .await;
        });
        name
    })
}

impl Database {
    fn name() -> String {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("test_{}_{number}", std::process::id())
    }

    const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres { .. } => Backend::Postgres,
        }
    }

    /// One of PostgreSQL without a table.
    async fn empty(owner: &str, server: &str) -> Self {
        let name = Self::name();
        execute(owner, &format!("CREATE DATABASE {name}")).await;
        Self::Postgres {
            url: with_database(owner, &name),
            server_url: with_database(server, &name),
            name,
        }
    }

    async fn fresh(backend: Backend) -> Self {
        let name = Self::name();
        match backend {
            Backend::Sqlite => {
                let path = std::env::temp_dir().join(format!("nam-needs-{name}.sqlite"));
                std::fs::copy(sqlite_template(), &path).unwrap();
                Self::Sqlite(path)
            }
            Backend::Postgres => {
                let owner = postgres("TEST_POSTGRES_URL");
                execute(
                    &owner,
                    &format!("CREATE DATABASE {name} TEMPLATE {}", postgres_template()),
                )
                .await;
                Self::Postgres {
                    url: with_database(&owner, &name),
                    server_url: with_database(&postgres("TEST_POSTGRES_SERVER_URL"), &name),
                    name,
                }
            }
        }
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Sqlite(path) => vec![format!("--database-url=sqlite://{}?mode=rwc", path.display())],
            Self::Postgres { url, server_url, .. } => {
                vec![
                    format!("--database-url={server_url}"),
                    format!("--migrate-database-url={url}"),
                ]
            }
        }
    }

    /// Runs SQL as the role that owns the tables.
    async fn alter(&self, sql: &str) -> Result<(), sqlx::Error> {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await?;
                connection.execute(sql).await?;
                connection.close().await
            }
            Self::Postgres { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await?;
                connection.execute(sql).await?;
                connection.close().await
            }
        }
    }

    async fn row_counts(&self) -> BTreeMap<String, i64> {
        use sqlx::{AssertSqlSafe, Connection, query_scalar};
        let count = |table: &String| AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{table}\""));
        let mut rows = BTreeMap::new();
        match self {
            Self::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                let tables: Vec<String> = query_scalar(tables).fetch_all(&mut connection).await.unwrap();
                for table in tables {
                    let count = query_scalar(count(&table)).fetch_one(&mut connection).await.unwrap();
                    rows.insert(table, count);
                }
            }
            Self::Postgres { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
                let tables: Vec<String> = query_scalar(tables).fetch_all(&mut connection).await.unwrap();
                for table in tables {
                    let count = query_scalar(count(&table)).fetch_one(&mut connection).await.unwrap();
                    rows.insert(table, count);
                }
                connection.close().await.unwrap();
            }
        }
        assert!(rows.len() > 10, "{rows:?}");
        rows
    }

    async fn remove(&self) {
        match self {
            Self::Sqlite(path) => {
                for end in ["", "-wal", "-shm"] {
                    drop(std::fs::remove_file(format!("{}{end}", path.display())));
                }
            }
            Self::Postgres { name, url, server_url } => {
                // The owner may not end the server's last connections, which may still be closing.
                let end = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = current_user"
                );
                execute(&with_database(server_url, "postgres"), &end).await;
                execute(&with_database(url, "postgres"), &format!("DROP DATABASE {name}")).await;
            }
        }
    }
}

/// A file of a test, removed with it.
pub struct TestFile(PathBuf);

impl TestFile {
    pub fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nam-needs-{}.csv", uuid::Uuid::now_v7()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}
