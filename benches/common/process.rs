//! What processes take of processor and memory, as Linux tells it.

/// Of a second: what Linux counts processor time in, on every machine that this runs on.
const TICKS: f64 = 100.0;

/// Processor time in milliseconds: a process's own, and that of its children that have ended.
fn spent(id: u32) -> Option<[f64; 2]> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in brackets, and may have anything in it.
    let (_, figures) = stat.rsplit_once(')')?;
    let figures: Vec<&str> = figures.split_whitespace().collect();
    let sum = |user: usize| {
        let ticks = figures[user].parse::<f64>().unwrap() + figures[user + 1].parse::<f64>().unwrap();
        ticks / TICKS * 1_000.0
    };
    Some([sum(11), sum(13)])
}

/// Processor time of a process, in milliseconds.
pub fn processor(id: u32) -> f64 {
    spent(id).expect("it runs")[0]
}

/// Processor time of a process and its children, in milliseconds, with those children that came and went: the first of
/// `ids` is the one that starts the others.
pub fn processor_of_all(ids: impl Iterator<Item = u32>) -> f64 {
    let all = ids.filter_map(spent).enumerate();
    all.map(|(place, [own, ended])| if place == 0 { own + ended } else { own })
        .sum()
}

/// What a process holds of memory, in MiB.
pub fn memory(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = held.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1_024.0
}
