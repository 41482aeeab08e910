//! The disk of an SQLite database is full: writes are refused, reads go on, and once there is room again all is well.
//!
//! The disk is a small one in memory where this process may mount it; else the system lets the server write no larger files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::{Fate, client, names, readiness, write, write_well};
use crate::common::{Ground, Program};

/// Bytes of the small disk, and of the largest file where there is none.
const ROOM: u64 = 24 * 1024 * 1024;

struct Disk {
    folder: PathBuf,
    is_mounted: bool,
}

impl Disk {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("nam-needs-disk-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={ROOM}"), "tmpfs"])
            .arg(&folder);
        let is_mounted =
            std::env::var_os("NO_MOUNT").is_none() && mount.output().is_ok_and(|output| output.status.success());
        Self { folder, is_mounted }
    }

    fn database(&self) -> PathBuf {
        self.folder.join("needs.sqlite")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Leaves no room for the server.
    fn fill(&self, server: &Program) {
        if self.is_mounted {
            let mut ballast = std::fs::File::create(self.ballast()).unwrap();
            // Until the disk says that it is full.
            while ballast.write_all(&[0; 4096]).is_ok() {}
        } else {
            limit(
                server,
                &std::fs::metadata(self.log()).map_or(0, |log| log.len()).to_string(),
            );
        }
    }

    fn make_room(&self, server: &Program) {
        if self.is_mounted {
            std::fs::remove_file(self.ballast()).unwrap();
        } else {
            limit(server, "unlimited");
        }
    }

    /// What is written first.
    fn log(&self) -> PathBuf {
        Path::new(&format!("{}-wal", self.database().display())).to_owned()
    }
}

/// How large a file the process may write.
fn limit(server: &Program, bytes: &str) {
    let mut limit = Command::new("prlimit");
    let limit = limit.args([&format!("--pid={}", server.id()), &format!("--fsize={bytes}:unlimited")]);
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

#[test]
fn a_full_disk_refuses_writes_and_answers_reads_until_there_is_room() {
    actix_web::rt::System::new().block_on(async {
        let disk = Disk::new();
        let ground = Ground::file_at(disk.database());
        let server = ground.serve(1).await.remove(0);
        let client = client();
        let mut acknowledged = Vec::new();
        for number in 0..20 {
            let name = format!("before {number}");
            write_well(&client, &server.url, &name).await;
            acknowledged.push(name);
        }
        let mut refused = Vec::new();
        for round in 0..3 {
            disk.fill(&server);
            // The log may have room left from before; it is used up sooner or later.
            for number in 0..2_000 {
                let name = format!("full {round} {number}");
                match write(&client, &server.url, &name).await {
                    Fate::Acknowledged => acknowledged.push(name),
                    Fate::Refused(code) => {
                        assert_eq!(code, "UNAVAILABLE");
                        refused.push(name);
                    }
                    Fate::Cut => panic!("{name}: no answer"),
                }
                if refused.len() >= (round + 1) * 5 {
                    break;
                }
            }
            assert_eq!(refused.len(), (round + 1) * 5, "the disk did not get full");
            // What is asked is answered, and so it is ready.
            assert_eq!(names(&client, &server.url).await.len(), acknowledged.len());
            assert_eq!(readiness(&client, &server.url).await, Some(200));
            disk.make_room(&server);
            let began = Instant::now();
            let name = format!("after {round}");
            while !matches!(write(&client, &server.url, &name).await, Fate::Acknowledged) {
                assert!(began.elapsed() < Duration::from_secs(10), "does not recover");
            }
            println!(
                "{}: recovered after {:?}",
                if disk.is_mounted {
                    "a full disk"
                } else {
                    "a file's limit"
                },
                began.elapsed()
            );
            acknowledged.push(name);
        }
        let there = names(&client, &server.url).await;
        assert!(
            acknowledged.iter().all(|name| there.contains(name)),
            "acknowledged and gone"
        );
        assert!(!refused.iter().any(|name| there.contains(name)), "refused, and done");
        drop(server);
        ground
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}
