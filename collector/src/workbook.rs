//! Workbooks: an Excel file (a ZIP of XML parts) that is written row by row. What stands in its parts, `shared` says.

use std::io::Write as _;

use miniz_oxide::{
    MZFlush,
    deflate::{core::CompressorOxide, stream::deflate},
};
use sayso_shared::{
    xlsx,
    zip::{TooLarge, Zip},
};
use worker::Error;

use crate::{
    failure::{Failure, Outcome},
    pour::Sink,
};

/// Deflate without a frame around it, quick rather than small: probes of the dictionary, and the flag of a greedy search.
const FLAGS: u32 = 6 | 0x4000;

/// Rows that come in parts; `None` after the last.
pub(crate) trait Rows {
    /// What stands in the first row of each sheet.
    fn names(&self) -> &[String];

    /// The next rows.
    async fn next(&mut self) -> Outcome<Option<Vec<Vec<String>>>>;
}

/// Writes a workbook of all rows, on as many sheets as they need.
pub(crate) async fn write(sink: Sink, mut rows: impl Rows) -> Outcome<()> {
    let mut archive = Archive::new(sink);
    archive.add("[Content_Types].xml", xlsx::CONTENT_TYPES)?;
    archive.add("_rels/.rels", xlsx::RELATIONSHIPS)?;
    archive.add("xl/styles.xml", xlsx::STYLES)?;
    let head = xlsx::row(rows.names(), true);
    let (mut sheets, mut room) = (0, 0);
    while let Some(part) = rows.next().await? {
        for row in part {
            if room == 0 {
                if sheets > 0 {
                    archive.end(xlsx::SHEET_FOOT)?;
                }
                sheets += 1;
                archive.begin_sheet(sheets, &head)?;
                room = xlsx::MOST_ROWS - 1;
            }
            archive.write(xlsx::row(&row, false).as_bytes(), MZFlush::None)?;
            room -= 1;
        }
    }
    if sheets == 0 {
        sheets = 1;
        archive.begin_sheet(sheets, &head)?;
    }
    archive.end(xlsx::SHEET_FOOT)?;
    archive.add("xl/workbook.xml", &xlsx::workbook(sheets))?;
    let relationships = xlsx::workbook_relationships(sheets);
    archive.add("xl/_rels/workbook.xml.rels", &relationships)?;
    let end = archive.zip.finish()?;
    Ok(archive.sink.write_all(&end)?)
}

/// An archive, with what packs the file that is being written.
struct Archive {
    zip: Zip,
    sink: Sink,
    packer: CompressorOxide,
    room: Vec<u8>,
}

impl Archive {
    fn new(sink: Sink) -> Self {
        Self {
            zip: Zip::default(),
            sink,
            packer: CompressorOxide::new(FLAGS),
            room: vec![0; 32 * 1024],
        }
    }

    fn add(&mut self, name: &str, text: &str) -> Outcome<()> {
        self.begin(name)?;
        self.end(text)
    }

    fn begin_sheet(&mut self, number: usize, head: &str) -> Outcome<()> {
        self.begin(&xlsx::sheet_part(number))?;
        self.write(xlsx::SHEET_HEAD.as_bytes(), MZFlush::None)?;
        self.write(head.as_bytes(), MZFlush::None)
    }

    fn begin(&mut self, name: &str) -> Outcome<()> {
        self.packer.reset();
        Ok(self.sink.write_all(&self.zip.begin(name))?)
    }

    /// The last of a file.
    fn end(&mut self, text: &str) -> Outcome<()> {
        self.write(text.as_bytes(), MZFlush::Finish)?;
        Ok(self.sink.write_all(&self.zip.end()?)?)
    }

    fn write(&mut self, mut bytes: &[u8], flush: MZFlush) -> Outcome<()> {
        self.zip.note(bytes, 0);
        loop {
            let packed = deflate(&mut self.packer, bytes, &mut self.room, flush);
            bytes = bytes.get(packed.bytes_consumed..).unwrap_or_default();
            let out = self.room.get(..packed.bytes_written).unwrap_or_default();
            self.zip.note(&[], out.len());
            self.sink.write_all(out)?;
            let is_full = packed.bytes_written == self.room.len();
            if bytes.is_empty() && !is_full {
                return Ok(());
            }
        }
    }
}

impl From<TooLarge> for Failure {
    fn from(error: TooLarge) -> Self {
        Self::Fault(Error::RustError(error.to_string()))
    }
}
