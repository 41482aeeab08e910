//! A PostgreSQL of a test's own, which it may restart under its servers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// How the database goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As an operator restarts it: it ends all sessions and closes its files.
    Fast,
    /// As in a crash: it comes back by recovering from its log.
    Immediate,
}

pub struct Cluster {
    directory: PathBuf,
    pub port: u16,
    pub owner_url: String,
    pub server_url: String,
}

/// A base copy of a cluster, which may run beside it.
pub struct Copy<'a> {
    cluster: &'a Cluster,
    data: String,
    pub port: u16,
}

fn command(arguments: &[&str], directory: &Path) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");
    let mut command = Command::new(script);
    command.arg(arguments[0]).arg(directory).args(&arguments[1..]);
    if let Ok(programs) = std::env::var("TEST_PG_BIN") {
        command.env("PG_BIN", programs);
    }
    command
}

fn script(arguments: &[&str], directory: &Path) -> String {
    let output = command(arguments, directory).output().expect("scripts/postgres runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/postgres {arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// A port that nobody has, below those that Linux gives to clients.
fn free_port() -> u16 {
    let first = u16::try_from(std::process::id() % 8_000).unwrap();
    let mut ports = (0..8_000).map(|number| 12_000 + (first + number) % 8_000);
    let free = ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("a free port")
}

impl Cluster {
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("nam-needs-cluster-{}-{number}", std::process::id()));
        Self::start_at(directory, &[])
    }

    /// In a folder that is not there yet, or empty, made with these options of `initdb`.
    pub fn start_at(directory: PathBuf, options: &[&str]) -> Self {
        script(&[&["start"], options].concat(), &directory);
        let told = script(&["env"], &directory);
        let variable = |name: &str| {
            let line = told
                .lines()
                .find_map(|line| line.strip_prefix(&format!("export {name}=")));
            line.unwrap_or_else(|| panic!("no {name}: {told}")).to_owned()
        };
        let owner_url = variable("TEST_POSTGRES_URL");
        let (_, place) = owner_url.rsplit_once(':').unwrap();
        Self {
            port: place.split('/').next().unwrap().parse().unwrap(),
            owner_url,
            server_url: variable("TEST_POSTGRES_SERVER_URL"),
            directory,
        }
    }

    /// Goes down and comes back. Blocks until it takes connections again.
    pub async fn restart(&self, mode: Mode) {
        let directory = self.directory.clone();
        let mode = match mode {
            Mode::Fast => "fast",
            Mode::Immediate => "immediate",
        };
        let restarted = actix_web::rt::task::spawn_blocking(move || script(&["restart", mode], &directory));
        restarted.await.unwrap();
    }

    /// Runs a program of PostgreSQL as its superuser.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        script(&[&["run"], &[program][..], arguments].concat(), &self.directory)
    }

    fn data(&self) -> String {
        self.directory.join("data").display().to_string()
    }

    pub fn psql(&self, sql: &str) -> String {
        self.run(
            "psql",
            &[
                "-X",
                "-q",
                "-A",
                "-t",
                "-d",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
            ],
        )
    }

    /// Whether it does this.
    pub fn try_psql(&self, sql: &str) -> bool {
        let mut command = command(
            &["run", "psql", "-X", "-q", "-d", "postgres", "-c", sql],
            &self.directory,
        );
        command.output().expect("scripts/postgres runs").status.success()
    }

    /// Whether it is up, or coming up.
    pub fn is_running(&self) -> bool {
        let mut command = command(&["run", "pg_ctl", "--pgdata", &self.data(), "status"], &self.directory);
        command.output().expect("scripts/postgres runs").status.success()
    }

    /// Its processes; the first is the one that starts the others.
    pub fn processes(&self) -> impl Iterator<Item = u32> {
        let id = |text: &str| text.trim().parse::<u32>().expect("a process");
        let file = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).expect("it runs");
        let first = id(file.lines().next().expect("a line"));
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).expect("its children");
        let children: Vec<u32> = children.split_whitespace().map(id).collect();
        std::iter::once(first).chain(children)
    }

    pub fn set(&self, setting: &str, value: &str) {
        self.psql(&format!("ALTER SYSTEM SET {setting} = '{value}'"));
    }

    /// Ends it; `mode` as `pg_ctl` has it.
    pub fn stop(&self, mode: &str) {
        self.run(
            "pg_ctl",
            &["--pgdata", &self.data(), "--mode", mode, "--silent", "stop"],
        );
    }

    /// Starts it again.
    pub fn begin(&self) {
        self.begin_at(&self.data(), self.port);
    }

    fn begin_at(&self, data: &str, port: u16) {
        let (log, options) = (format!("{data}/server.log"), format!("-p {port}"));
        let arguments = [
            "--pgdata",
            data,
            "--log",
            &log,
            "--options",
            &options,
            "--silent",
            "--wait",
            "start",
        ];
        self.run("pg_ctl", &arguments);
    }

    /// A folder that the database may write, removed with it.
    pub fn folder(&self, name: &str) -> String {
        let folder = format!("{}/{name}", self.data());
        self.run(
            "psql",
            &[
                "-X",
                "-q",
                "-d",
                "postgres",
                "-c",
                &format!("COPY (SELECT 1) TO PROGRAM 'mkdir -p {folder}; cat >/dev/null'"),
            ],
        );
        folder
    }

    /// A base copy of it as it runs.
    pub fn copy(&self, more: &[&str]) -> Copy<'_> {
        let data = std::env::temp_dir()
            .join(self.directory.file_name().unwrap())
            .with_extension("copy");
        let data = data.display().to_string();
        let wanted = ["--pgdata", &data, "--checkpoint", "fast", "--wal-method", "stream"];
        self.run("pg_basebackup", &[&wanted[..], more].concat());
        Copy {
            cluster: self,
            data,
            port: free_port(),
        }
    }

    /// What the database wrote into its log.
    pub fn log(&self) -> String {
        let path = self.directory.join("data/server.log");
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script(&["stop"], &self.directory);
    }
}

impl Copy<'_> {
    pub fn begin(&self) {
        self.cluster.begin_at(&self.data, self.port);
    }

    /// A setting, before it runs.
    pub fn set(&self, setting: &str, value: &str) {
        self.write("postgresql.auto.conf", &format!("{setting} = '{value}'\n"));
    }

    /// A file that tells it how to begin.
    pub fn signal(&self, name: &str) {
        self.write(name, "");
    }

    /// Adds to a file of its own, or makes it.
    fn write(&self, name: &str, text: &str) {
        use std::io::Write;
        let path = format!("{}/{name}", self.data);
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub fn psql(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let (host, port) = (["-h", &self.data], ["-p", &port]);
        let what = [
            "-X",
            "-q",
            "-A",
            "-t",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ];
        self.cluster.run("psql", &[&host[..], &port, &what].concat())
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        if Path::new(&self.data).join("postmaster.pid").exists() {
            self.cluster.run(
                "pg_ctl",
                &["--pgdata", &self.data, "--mode", "immediate", "--silent", "stop"],
            );
        }
        drop(std::fs::remove_dir_all(&self.data));
    }
}
