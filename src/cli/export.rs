//! `nam-needs export`

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::app::{StartError, existing, open};
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::interchange::command;
use crate::store::{Clock, Consistency};

#[derive(Args, Debug)]
#[command(after_help = "\
One line an item, the columns of its request repeated. Texts that a spreadsheet would take for a formula stand behind
an apostrophe, which import takes away again.

Examples:
  nam-needs export > public.csv
  nam-needs export --all --hxl --output everything.csv")]
pub(super) struct Export {
    /// Write everything, drafts and contacts too [default: what everybody may see]
    #[arg(long)]
    all: bool,
    /// Write HXL hashtags under the header
    #[arg(long)]
    hxl: bool,
    /// Where to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        existing(config)?;
        let store = open(config, Clock::System).await?;
        let actor = if self.all { Actor::system() } else { Actor::anonymous() };
        let target = self.output.map(Target::begin).transpose()?;
        let out: Box<dyn Write + Send> = match &target {
            Some(target) => Box::new(target.file.try_clone()?),
            None => Box::new(std::io::stdout()),
        };
        let reader = store.reader(Arc::new(actor), Consistency::Snapshot);
        // A pipe may wait for whoever reads it.
        reader.unhurried().await?;
        let exported = command::export(&reader, self.hxl, BufWriter::new(out), &mut std::io::stderr()).await;
        drop(reader);
        store.close().await;
        let outcome = exported.map(drop).map_err(StartError::from);
        match target {
            Some(target) => target.end(outcome),
            None => outcome,
        }
    }
}

/// A file that gets its name once it is whole: an export of before stays as it was until then.
struct Target {
    path: PathBuf,
    file: File,
    /// Its name meanwhile; none where it is no file that could be given one, a pipe say.
    partial: Option<PathBuf>,
}

impl Target {
    fn begin(path: PathBuf) -> Result<Self, StartError> {
        let is_file = std::fs::metadata(&path).map_or(true, |about| about.is_file());
        let partial = is_file.then(|| {
            let mut name = path.clone().into_os_string();
            name.push(".partial");
            PathBuf::from(name)
        });
        let opened = File::create(partial.as_ref().unwrap_or(&path));
        let file = opened.map_err(|error| StartError::Setting(unwritten(&path, &error)))?;
        Ok(Self { path, file, partial })
    }

    fn end(self, outcome: Result<(), StartError>) -> Result<(), StartError> {
        let Self { path, file, partial } = self;
        let Some(partial) = partial else {
            return outcome;
        };
        let named = match &outcome {
            Ok(()) => file.sync_all().and_then(|()| std::fs::rename(&partial, &path)),
            Err(_) => Ok(()),
        };
        // It has its name now, or is not whole.
        let _ = std::fs::remove_file(&partial);
        let outcome = outcome.map_err(|error| StartError::Refused(unwritten(&path, &error)));
        outcome.and_then(|()| named.map_err(|error| StartError::Refused(unwritten(&path, &error))))
    }
}

fn unwritten(path: &Path, why: &impl Display) -> String {
    format!("--output: {} can't be written: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_its_name_once_it_is_whole() {
        let folder = std::env::temp_dir().join(format!("nam-needs-export-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("all.csv");
        for (text, outcome, expected) in [
            ("one", Ok(()), "one"),
            ("half", Err(StartError::Fault("no room".into())), "one"),
            ("two", Ok(()), "two"),
        ] {
            let mut target = Target::begin(path.clone()).unwrap();
            target.file.write_all(text.as_bytes()).unwrap();
            let is_whole = outcome.is_ok();
            let ended = target.end(outcome);
            assert_eq!(ended.is_ok(), is_whole, "{ended:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
            assert_eq!(
                std::fs::read_dir(&folder).unwrap().count(),
                1,
                "nothing is left beside it"
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
