//! The disk of a database is full: writes are refused, reads go on, and once there is room again all is well.
//!
//! The disk is a small one in memory where this process may mount it; else the system lets the database write no larger files.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Fate, body, client, names, post, readiness, write, write_well};
use crate::common::cluster::Cluster;
use crate::common::{Ground, Program};

const MIB: u64 = 1024 * 1024;
/// Bytes of one file of PostgreSQL's log in the cluster of this test.
const LOG_SEGMENT: u64 = MIB;

struct Disk {
    folder: PathBuf,
    is_mounted: bool,
}

impl Disk {
    /// `room` in bytes.
    fn new(name: &str, room: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("nam-needs-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={room},mode=711"), "tmpfs"])
            .arg(&folder);
        let is_mounted =
            std::env::var_os("NO_MOUNT").is_none() && mount.output().is_ok_and(|output| output.status.success());
        Self { folder, is_mounted }
    }

    fn kind(&self) -> &'static str {
        if self.is_mounted {
            "a full disk"
        } else {
            "a file's limit"
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.join("needs.sqlite")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Until the disk says that it is full.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        for size in [65_536, 4_096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Leaves no room for a server's own file.
    fn fill_for(&self, server: &Program) {
        if self.is_mounted {
            self.fill();
        } else {
            let log = std::fs::metadata(self.log()).map_or(0, |log| log.len());
            limit(server.id(), &log.to_string());
        }
    }

    fn make_room_for(&self, server: &Program) {
        if self.is_mounted {
            self.empty();
        } else {
            limit(server.id(), "unlimited");
        }
    }

    /// What is written first.
    fn log(&self) -> PathBuf {
        Path::new(&format!("{}-wal", self.database().display())).to_owned()
    }
}

/// How large a file a process may write.
fn limit(process: u32, bytes: &str) {
    let mut limit = Command::new("prlimit");
    let owner = std::fs::metadata(format!("/proc/{process}")).unwrap();
    if owner.uid() != std::fs::metadata("/proc/self").unwrap().uid() {
        // PostgreSQL's user, where this one is root.
        limit.uid(owner.uid()).gid(owner.gid());
    }
    let limit = limit.args([&format!("--pid={process}"), &format!("--fsize={bytes}:unlimited")]);
    let output = limit
        .output()
        .expect("the tests need prlimit (Debian: apt-get install util-linux)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            drop(Command::new("umount").arg("--lazy").arg(&self.folder).status());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// What a client wrote.
#[derive(Default)]
struct Written {
    acknowledged: Vec<String>,
    refused: Vec<String>,
}

impl Written {
    async fn before(client: &reqwest::Client, url: &str) -> Self {
        let mut written = Self::default();
        for number in 0..20 {
            let name = format!("before {number}");
            write_well(client, url, &name).await;
            written.acknowledged.push(name);
        }
        written
    }

    /// Writes until five were refused: files may have room left from before, and it is used up sooner or later.
    async fn against_the_end(&mut self, client: &reqwest::Client, url: &str, round: usize) {
        let wanted = self.refused.len() + 5;
        for number in 0..2_000 {
            let name = format!("full {round} {number}");
            match write(client, url, &name).await {
                Fate::Acknowledged => self.acknowledged.push(name),
                Fate::Refused(code) => {
                    assert_eq!(code, "UNAVAILABLE");
                    self.refused.push(name);
                }
                Fate::Cut => panic!("{name}: no answer"),
            }
            if self.refused.len() == wanted {
                return;
            }
        }
        panic!("the disk did not get full");
    }

    async fn until_it_goes_on(&mut self, client: &reqwest::Client, url: &str, name: String, what: &str) {
        let began = Instant::now();
        while !matches!(write(client, url, &name).await, Fate::Acknowledged) {
            assert!(began.elapsed() < Duration::from_secs(10), "does not recover");
        }
        println!("{what}: recovered after {:?}", began.elapsed());
        self.acknowledged.push(name);
    }

    /// Whether what is there is what was acknowledged, and of the rest only what may be.
    async fn is_there(&self, client: &reqwest::Client, url: &str, may_be: &[String]) {
        let there = names(client, url).await;
        let all = self.acknowledged.iter().all(|name| there.contains(name));
        assert!(all, "acknowledged and gone");
        let mut more = there.iter().filter(|name| !self.acknowledged.contains(name));
        assert!(more.all(|name| may_be.contains(name)), "refused, and done");
    }

    /// Writes again what was refused: it is done now, and once only.
    async fn again(&mut self, client: &reqwest::Client, url: &str) {
        for name in std::mem::take(&mut self.refused) {
            write_well(client, url, &name).await;
            self.acknowledged.push(name);
        }
        self.is_there(client, url, &[]).await;
        let body = json!({ "query": "{ assistanceRequests { totalCount } }" });
        let (_, answer) = post(client, url, &body).await.unwrap();
        assert_eq!(
            answer["data"]["assistanceRequests"]["totalCount"],
            self.acknowledged.len()
        );
    }
}

#[test]
fn a_full_disk_refuses_writes_and_answers_reads_until_there_is_room_on_sqlite() {
    actix_web::rt::System::new().block_on(async {
        let disk = Disk::new("disk", 24 * MIB);
        let ground = Ground::file_at(disk.database());
        let server = ground.serve(1).await.remove(0);
        let (client, url) = (client(), server.url.clone());
        let mut written = Written::before(&client, &url).await;
        for round in 0..3 {
            disk.fill_for(&server);
            written.against_the_end(&client, &url, round).await;
            // What is asked is answered, and so it is ready.
            written.is_there(&client, &url, &[]).await;
            assert_eq!(readiness(&client, &url).await, Some(200));
            if disk.is_mounted {
                let (_, answer) = post(&client, &url, &body(&format!("why {round}"))).await.unwrap();
                let why = answer["errors"][0]["message"].as_str().unwrap_or_default();
                assert!(
                    why.starts_with("There is no room") && why.contains("Nothing was changed"),
                    "{answer}"
                );
            }
            disk.make_room_for(&server);
            written
                .until_it_goes_on(&client, &url, format!("after {round}"), disk.kind())
                .await;
        }
        written.again(&client, &url).await;
        drop(server);
        ground
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}

impl Disk {
    /// Leaves a cluster no room: its tables can't grow. `even_for_its_log`: nor can its log go on.
    fn fill_for_cluster(&self, cluster: &Cluster, even_for_its_log: bool) {
        if self.is_mounted {
            self.fill();
        } else {
            // Not the end of a block: PostgreSQL tells a full disk by what was written in part.
            let bytes = if even_for_its_log { 4_096 } else { LOG_SEGMENT + 4_096 };
            cluster.processes().for_each(|id| limit(id, &bytes.to_string()));
        }
    }

    fn make_room_for_cluster(&self, cluster: &Cluster) {
        if self.is_mounted {
            self.empty();
        } else if cluster.is_running() {
            cluster.processes().for_each(|id| limit(id, "unlimited"));
        }
    }
}

#[test]
fn a_full_disk_refuses_writes_and_answers_reads_until_there_is_room_on_postgres() {
    actix_web::rt::System::new().block_on(async {
        let disk = Disk::new("postgres", 256 * MIB);
        let cluster = Cluster::start_at(disk.folder.join("cluster"), &["--wal-segsize=1"]);
        let ground = Ground::in_cluster(&cluster).await;
        let server = ground.serve(1).await.remove(0);
        let (client, url) = (client(), server.url.clone());
        let mut written = Written::before(&client, &url).await;
        for round in 0..3 {
            disk.fill_for_cluster(&cluster, false);
            written.against_the_end(&client, &url, round).await;
            // Of one that was committed before the disk was full, its place in the ledger could not be written.
            written.is_there(&client, &url, &written.refused).await;
            assert_eq!(readiness(&client, &url).await, Some(200));
            disk.make_room_for_cluster(&cluster);
            let name = format!("after {round}");
            written.until_it_goes_on(&client, &url, name, disk.kind()).await;
        }
        // Without room for its log PostgreSQL stops, so as to acknowledge nothing that it can't keep.
        disk.fill_for_cluster(&cluster, true);
        for number in 0..200 {
            let name = format!("stopped {number}");
            match write(&client, &url, &name).await {
                Fate::Acknowledged => written.acknowledged.push(name),
                // It may have stopped in the middle of it.
                Fate::Refused(code) => {
                    assert_eq!(code, "UNAVAILABLE");
                    written.refused.push(name);
                }
                Fate::Cut => panic!("{name}: no answer"),
            }
            // It can't even say so: what it logs stands on the same disk.
            if !cluster.try_psql("SELECT pg_switch_wal()") && !cluster.try_psql("SELECT 1") {
                break;
            }
            assert!(number < 199, "its log had room");
        }
        disk.make_room_for_cluster(&cluster);
        // As the system's service manager does where it did not come back by itself.
        if !cluster.is_running() {
            cluster.begin();
        }
        let what = format!("{}, PostgreSQL's log", disk.kind());
        written.until_it_goes_on(&client, &url, "last".into(), &what).await;
        assert_eq!(readiness(&client, &url).await, Some(200));
        written.again(&client, &url).await;
        drop(server);
        ground
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}
