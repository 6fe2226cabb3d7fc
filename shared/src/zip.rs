//! ZIP archives (PKWARE APPNOTE 6.3) that are written from the first byte to the last: what is known of a file only at its end stands
//! behind it. It packs nothing itself: whoever deflates says what came in and how much came out.
//!
//! It is here because a crate for it (`rawzip` with `flate2`) was 45 KB of the Worker after gzip. It refuses files of 4 GiB.

/// An archive that is being written.
#[derive(Debug, Default)]
pub struct Zip {
    files: Vec<File>,
    written: u64,
}

#[derive(Debug)]
struct File {
    name: String,
    at: u64,
    crc: u32,
    packed: u64,
    size: u64,
}

/// A file or the archive has 4 GiB or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ZIP archive of ours holds less than 4 GiB")]
pub struct TooLarge;

/// Deflate is what is in it, the sizes follow behind it, and names are UTF-8.
const HOW: [u8; 8] = [20, 0, 0x08, 0x08, 8, 0, 0, 0];

/// 1980-01-01: when it was made is nobody's business.
const DATE: [u8; 2] = [0x21, 0];

impl Zip {
    /// Begins a file: what to write for that.
    #[must_use]
    pub fn begin(&mut self, name: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(HOW);
        bytes.extend(DATE);
        bytes.extend([0; 12]);
        bytes.extend(short(name.len()));
        bytes.extend([0; 2]);
        bytes.extend_from_slice(name.as_bytes());
        self.files.push(File {
            name: name.to_owned(),
            at: self.written,
            crc: 0,
            packed: 0,
            size: 0,
        });
        self.written += bytes.len() as u64;
        bytes
    }

    /// This went into the file, and came out as so many bytes.
    pub fn note(&mut self, plain: &[u8], packed: usize) {
        if let Some(file) = self.files.last_mut() {
            file.crc = crc32(file.crc, plain);
            file.size += plain.len() as u64;
            file.packed += packed as u64;
        }
        self.written += packed as u64;
    }

    /// Ends a file: what to write for that.
    pub fn end(&mut self) -> Result<Vec<u8>, TooLarge> {
        let mut bytes = b"PK\x07\x08".to_vec();
        if let Some(file) = self.files.last() {
            bytes.extend(file.facts()?);
        }
        self.written += bytes.len() as u64;
        Ok(bytes)
    }

    /// Ends the archive: what to write for that.
    pub fn finish(self) -> Result<Vec<u8>, TooLarge> {
        let mut bytes = Vec::new();
        for file in &self.files {
            bytes.extend_from_slice(b"PK\x01\x02\x14\x00");
            bytes.extend(HOW);
            bytes.extend(DATE);
            bytes.extend(file.facts()?);
            bytes.extend(short(file.name.len()));
            bytes.extend([0; 12]);
            bytes.extend(long(file.at)?);
            bytes.extend_from_slice(file.name.as_bytes());
        }
        let length = long(bytes.len() as u64)?;
        bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        bytes.extend(short(self.files.len()));
        bytes.extend(short(self.files.len()));
        bytes.extend(length);
        bytes.extend(long(self.written)?);
        bytes.extend([0; 2]);
        Ok(bytes)
    }
}

impl File {
    fn facts(&self) -> Result<[u8; 12], TooLarge> {
        let mut facts = [0; 12];
        facts[..4].copy_from_slice(&self.crc.to_le_bytes());
        facts[4..8].copy_from_slice(&long(self.packed)?);
        facts[8..].copy_from_slice(&long(self.size)?);
        Ok(facts)
    }
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

fn long(number: u64) -> Result<[u8; 4], TooLarge> {
    Ok(u32::try_from(number).map_err(|_| TooLarge)?.to_le_bytes())
}

/// The CRC-32 of IEEE 802.3, gone on with; 0 at the beginning.
fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (crc >> 8)
    };
    !bytes.iter().fold(!before, step)
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let (mut table, mut place, mut value) = ([0; 256], 0, 0_u32);
    while place < 256 {
        let (mut crc, mut bit) = (value, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[place] = crc;
        place += 1;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_crc_is_that_of_the_catalogue() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }

    #[test]
    fn an_archive_names_each_file_where_it_lies() {
        let mut zip = Zip::default();
        let mut all = zip.begin("a.txt");
        // "hi" in a stored block of deflate.
        let packed = [1, 2, 0, 0xfd, 0xff, b'h', b'i'];
        all.extend(packed);
        zip.note(b"hi", packed.len());
        all.extend(zip.end().expect("small"));
        let second = all.len();
        all.extend(zip.begin("b.txt"));
        all.extend(packed);
        zip.note(b"hi", packed.len());
        all.extend(zip.end().expect("small"));
        let directory = all.len();
        all.extend(zip.finish().expect("small"));
        let at = |place: usize| u32::from_le_bytes(all[place..place + 4].try_into().expect("four"));
        assert_eq!(at(all.len() - 6) as usize, directory);
        let entry = 46 + "a.txt".len();
        assert_eq!(at(directory + 42), 0);
        assert_eq!(at(directory + entry + 42) as usize, second);
        assert_eq!((at(directory + 20), at(directory + 24)), (7, 2));
        assert_eq!(all.len(), directory + 2 * entry + 22);
    }

    #[test]
    fn what_is_too_large_for_the_form_is_refused() {
        let mut zip = Zip::default();
        let _ = zip.begin("a");
        zip.files[0].packed = 1 << 32;
        assert_eq!(zip.end(), Err(TooLarge));
        assert_eq!(zip.finish(), Err(TooLarge));
    }
}
