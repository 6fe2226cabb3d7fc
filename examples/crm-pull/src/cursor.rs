//! Where the CRM is in the stream of events: an opaque text of the collector's, kept in a file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file. It always holds a whole cursor, the old or the new one.
pub(crate) struct CursorFile {
    path: PathBuf,
}

impl CursorFile {
    pub(crate) fn at(path: &str) -> Self {
        CursorFile { path: path.into() }
    }

    /// The empty cursor, which is the beginning of the stream, when there is no file yet.
    pub(crate) fn read(&self) -> io::Result<String> {
        match fs::read_to_string(&self.path) {
            Ok(cursor) => Ok(cursor.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// Written beside and renamed over, so that a crash leaves no half cursor.
    pub(crate) fn write(&self, cursor: &str) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = Path::new(&beside);
        let mut file = File::create(beside)?;
        writeln!(file, "{cursor}")?;
        file.sync_all()?;
        fs::rename(beside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::CursorFile;

    #[test]
    fn it_is_empty_at_first_and_then_what_was_written_last() -> std::io::Result<()> {
        let path = std::env::temp_dir().join(format!("sayso-cursor-{}", std::process::id()));
        let cursor = CursorFile::at(&path.display().to_string());
        assert_eq!(cursor.read()?, "");
        cursor.write("one")?;
        cursor.write("two")?;
        assert_eq!(cursor.read()?, "two");
        std::fs::remove_file(path)
    }
}
