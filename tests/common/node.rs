//! Programs of Node.js that tests need. Where there is no Node, the tests fail and say so.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder below `tests` with a `package.json` and its lock file.
pub struct Packages(pub &'static str);

impl Packages {
    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(self.0)
    }

    /// Installs what the lock file says, unless that was done before.
    pub fn install(&self) {
        let folder = self.folder();
        let lock = std::fs::read(folder.join("package-lock.json")).unwrap();
        let installed = folder.join("node_modules/.installed-lock.json");
        if std::fs::read(&installed).is_ok_and(|before| before == lock) {
            return;
        }
        let mut npm = Command::new("npm");
        run(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder));
        std::fs::write(installed, lock).unwrap();
    }

    /// Runs Node with these arguments and these variables, and gives what it prints.
    pub fn node(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut node = Command::new("node");
        let node = node.args(arguments).current_dir(self.folder());
        run(node.envs(variables.iter().copied()))
    }
}

/// Runs a program to its end, gives what it prints, and fails with all that it says where it fails.
fn run(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("the tests need {program} (Debian: apt-get install nodejs npm): {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{printed}{told}");
    printed
}
