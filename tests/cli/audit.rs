//! `nam-needs audit`

use serde_json::Value;

use crate::common::{Backend, Ground};
use crate::{TestFile, done, run};

/// A database with a ledger of some changes; gives the head that `audit verify` prints.
async fn ledger(ground: &Ground) -> (i64, String) {
    let lines: Vec<String> = (1..=5)
        .map(|number| format!("MIN,{number},BGD,Oxygen,HIGH,GOODS,O2_CONCENTRATOR,1"))
        .collect();
    let header = "source,externalId,country,title,priority,kind,commodity,quantity";
    let file = TestFile::new(&format!("{header}\n{}\n", lines.join("\n")));
    done(ground, &["import", file.path()]);
    let printed = done(ground, &["audit", "verify"]);
    let (sequence, hash) = printed.trim_end().split_once(':').unwrap();
    assert!(
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{printed}"
    );
    (sequence.parse().unwrap(), printed)
}

/// Takes away what the database itself refuses by, as whoever owns it can.
async fn unlock(ground: &Ground) {
    for table in ["change", "change_position"] {
        ground
            .alter(&match ground.backend() {
                Backend::Sqlite => format!("DROP TRIGGER {table}_no_UPDATE; DROP TRIGGER {table}_no_DELETE"),
                Backend::Postgres => {
                    format!("ALTER TABLE {table} DISABLE TRIGGER USER; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
                }
            })
            .await;
    }
}

fn broken_at(ground: &Ground, command: &[&str], place: i64) {
    let ended = run(ground, command);
    let expected = format!("the ledger is broken at change {place}: ");
    assert!(
        ended.status == 1 && ended.out.is_empty() && ended.told.contains(&expected),
        "{place}: {ended:#?}"
    );
}

over_both! {
    async fn a_whole_ledger_prints_its_head_and_a_changed_one_its_first_broken_link(ground) {
        let (last, head) = ledger(ground).await;
        assert_eq!(last, ground.row_counts().await["change"]);
        assert_eq!(done(ground, &["audit", "verify", "--head", head.trim_end()]), head);
        unlock(ground).await;
        let at = |place: i64| format!("(ticket, ordinal) = (SELECT ticket, ordinal FROM change_position WHERE sequence = {place})");
        // The later one first, so that the first is not the one touched first.
        for place in [last - 1, last - 4] {
            ground.alter(&format!("UPDATE change SET actor = 'nobody' WHERE {}", at(place))).await;
            broken_at(ground, &["audit", "verify"], place);
        }
        ground.alter(&format!("DELETE FROM change WHERE {}", at(last - 6))).await;
        broken_at(ground, &["audit", "verify"], last - 6);
        broken_at(ground, &["audit", "verify", "--head", head.trim_end()], last - 6);
    }

    async fn an_end_that_was_cut_off_is_told_by_the_head_that_was_kept(ground) {
        let (last, head) = ledger(ground).await;
        let more = TestFile::new("source,externalId,country,title,priority,kind,commodity,quantity\nMIN,9,BGD,Beds,LOW,GOODS,O2_CONCENTRATOR,1\n");
        done(ground, &["import", more.path()]);
        let later = done(ground, &["audit", "verify", "--head", head.trim_end()]);
        assert_ne!(later, head);
        unlock(ground).await;
        ground.alter(&format!("DELETE FROM change WHERE (ticket, ordinal) IN (SELECT ticket, ordinal FROM change_position WHERE sequence > {last})")).await;
        ground.alter(&format!("DELETE FROM change_position WHERE sequence > {last}")).await;
        assert_eq!(done(ground, &["audit", "verify"]), head, "whole in itself");
        broken_at(ground, &["audit", "verify", "--head", later.trim_end()], last + 1);
        let wrong = run(ground, &["audit", "verify", "--head", "12:nonsense"]);
        assert_eq!(wrong.status, 2, "{wrong:#?}");
    }

    async fn the_ledger_is_written_out_as_lines_of_json_as_many_as_changes(ground) {
        let (last, head) = ledger(ground).await;
        let exported = done(ground, &["audit", "export"]);
        let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let places: Vec<i64> = lines.iter().map(|line| line["sequence"].as_i64().unwrap()).collect();
        assert_eq!(places, (1..=last).collect::<Vec<_>>());
        let hash = lines.last().unwrap()["hash"].as_str().unwrap();
        assert_eq!(format!("{last}:{hash}\n"), head);
        let created = lines.iter().filter(|line| line["action"] == "assistanceRequest.created").count();
        assert_eq!(created, 5);
    }
}
