//! Files that are long: made up as they are read, or strung together from short ones.

use std::{
    io::{Read, Result, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts what is read through it.
pub(crate) struct Counting<S> {
    inner: S,
    read: Arc<AtomicU64>,
}

impl<S> Counting<S> {
    /// The source, and the bytes read from it so far.
    pub(crate) fn new(inner: S) -> (Self, Arc<AtomicU64>) {
        let read = Arc::new(AtomicU64::new(0));
        (Self { inner, read: Arc::clone(&read) }, read)
    }
}

impl<S: Read> Read for Counting<S> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<S: Seek> Seek for Counting<S> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}

/// A header, and then 16-bit samples that follow from their places: no memory is needed for any length.
pub(crate) struct MadeUp {
    pub(crate) header: Vec<u8>,
    /// Of one channel each.
    pub(crate) samples: u64,
    pub(crate) big_endian: bool,
    at: u64,
}

impl MadeUp {
    pub(crate) fn new(header: Vec<u8>, samples: u64, big_endian: bool) -> Self {
        Self { header, samples, big_endian, at: 0 }
    }

    fn length(&self) -> u64 {
        self.header.len() as u64 + 2 * self.samples
    }
}

/// Sample `index` of every made-up file.
pub(crate) fn made_up(index: u64) -> i16 {
    (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as i16
}

impl Read for MadeUp {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = (self.length().saturating_sub(self.at)).min(buffer.len() as u64) as usize;
        for byte in &mut buffer[..count] {
            *byte = match self.at.checked_sub(self.header.len() as u64) {
                None => self.header[self.at as usize],
                Some(place) => {
                    let sample = made_up(place / 2);
                    let bytes = if self.big_endian { sample.to_be_bytes() } else { sample.to_le_bytes() };
                    bytes[(place % 2) as usize]
                }
            };
            self.at += 1;
        }
        Ok(count)
    }
}

impl Seek for MadeUp {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(offset) => self.length().strict_add_signed(offset),
            SeekFrom::Current(offset) => self.at.strict_add_signed(offset),
        };
        Ok(self.at)
    }
}

/// The 44 bytes before the samples of a 16-bit wav file.
pub(crate) fn wav_header(rate: u32, channels: u16, data_bytes: u32) -> Vec<u8> {
    let block = 2 * channels;
    [
        &b"RIFF"[..],
        &(data_bytes.saturating_add(36)).to_le_bytes(),
        b"WAVEfmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(block)).to_le_bytes(),
        &block.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data_bytes.to_le_bytes(),
    ]
    .concat()
}

/// What comes before the samples of a 16-bit aiff file at 44.1 kHz.
pub(crate) fn aiff_header(channels: u16, frames: u32) -> Vec<u8> {
    let data_bytes = frames * u32::from(channels) * 2;
    [
        &b"FORM"[..],
        &(data_bytes + 46).to_be_bytes(),
        b"AIFFCOMM",
        &18u32.to_be_bytes(),
        &channels.to_be_bytes(),
        &frames.to_be_bytes(),
        &16u16.to_be_bytes(),
        // 44100 in 80 bits: the exponent, then the mantissa with its leading one.
        &[0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0],
        b"SSND",
        &(data_bytes + 8).to_be_bytes(),
        &[0; 8],
    ]
    .concat()
}

/// A flac file of one channel of made-up samples at 8 kHz, stored as they are, in blocks of 4096.
pub(crate) fn flac(samples: u64) -> Vec<u8> {
    const BLOCK: u64 = 4096;
    let mut file = flac_header(BLOCK as u16, samples);
    for block in 0..samples.div_ceil(BLOCK) {
        let here = block * BLOCK..((block + 1) * BLOCK).min(samples);
        let stored = here.clone().flat_map(|index| made_up(index).to_be_bytes());
        flac_frame(&mut file, block, here.end - here.start, &[0b10].into_iter().chain(stored).collect::<Vec<u8>>());
    }
    file
}

/// A flac file of `blocks` blocks of 65535 samples, all of them zero, at 8 kHz: 13 or 14 bytes each.
pub(crate) fn flac_of_silence(blocks: u64) -> Vec<u8> {
    let mut file = flac_header(u16::MAX, u64::from(u16::MAX) * blocks);
    for block in 0..blocks {
        flac_frame(&mut file, block, u16::MAX.into(), &[0, 0, 0]);
    }
    file
}

fn flac_header(block: u16, samples: u64) -> Vec<u8> {
    let mut info = [block; 2].map(u16::to_be_bytes).concat();
    info.extend([0; 6]);
    // 20 bits of rate, 3 of channels less one, 5 of bits a sample less one, 36 of samples; the digest is left unset.
    info.extend((8000u64 << 44 | 15 << 36 | samples).to_be_bytes());
    info.extend([0; 16]);
    [b"fLaC".as_slice(), &[0x80, 0, 0, info.len() as u8], &info].concat()
}

fn flac_frame(file: &mut Vec<u8>, number: u64, samples: u64, subframe: &[u8]) {
    // Size in 16 bits after the number, 8 kHz; one channel, 16 bits.
    let mut frame = vec![0xFF, 0xF8, 0x74, 0x08];
    let number = char::from_u32(number as u32).expect("no surrogate is reached");
    frame.extend(number.encode_utf8(&mut [0; 4]).as_bytes());
    frame.extend(((samples - 1) as u16).to_be_bytes());
    frame.push(crc(8, 0x07, &frame) as u8);
    frame.extend(subframe);
    frame.extend((crc(16, 0x8005, &frame) as u16).to_be_bytes());
    file.extend(frame);
}

/// A cyclic redundancy check of `width` bits, the highest first, from zero on.
fn crc(width: u32, polynomial: u32, bytes: &[u8]) -> u32 {
    let (top, mask) = (1 << (width - 1), u32::MAX >> (32 - width));
    bytes.iter().fold(0, |value, &byte| {
        (0..8).fold(value ^ u32::from(byte) << (width - 8), |value, _| {
            (value << 1 ^ if value & top == 0 { 0 } else { polynomial }) & mask
        })
    })
}

/// The frames of an mp3 file of one bit rate, without its header frame, `times` over.
pub(crate) fn mp3(file: &[u8], times: usize) -> Vec<u8> {
    let mark = file.windows(4).position(|bytes| bytes == b"Info").expect("a header frame of a constant bit rate");
    let header = file[..mark].windows(2).rposition(|bytes| bytes[0] == 0xFF && bytes[1] >= 0xE0).expect("its start");
    let sync = &file[header..header + 2];
    let next = mark + file[mark..].windows(2).position(|bytes| bytes == sync).expect("frames after the header");
    file[next..].repeat(times)
}

/// The packets of an mp4 file of stereo aac at 44.1 kHz as an adts stream, `times` over.
pub(crate) fn adts(file: &[u8], times: usize) -> Vec<u8> {
    let table = |kind: &[u8; 4], skip: usize| {
        let at = file.windows(4).position(|bytes| bytes == kind).expect("the box is there") + skip;
        file[at..].as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes) as usize)
    };
    let mut sizes = table(b"stsz", 12);
    let count = sizes.next().expect("a count");
    let mut at = table(b"stco", 12).next().expect("one chunk");
    let mut stream = Vec::new();
    for size in sizes.take(count) {
        let length = size + 7;
        let bytes = [0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3, length << 5 | 0x1F, 0xFC];
        stream.extend(bytes.map(|byte| byte as u8));
        stream.extend(&file[at..at + size]);
        at += size;
    }
    stream.repeat(times)
}

/// A vorbis file whose packets, but for those of its last page, come `times` over in pages of about one second.
pub(crate) fn ogg(file: &[u8], times: usize) -> Vec<u8> {
    let mut packets = packets(file);
    let sound = packets.split_off(3);
    packets.extend(vec![sound; times].concat());
    ogg_of(&packets)
}

/// A vorbis file of these packets, in pages of about one second.
pub(crate) fn ogg_of(packets: &[Vec<u8>]) -> Vec<u8> {
    let (packets, all) = packets.split_at(3);
    let exponents = packets[0][28];
    // Encoders make two modes: 0 for short blocks, 1 for long ones.
    let block = |packet: &[u8]| 1u64 << if packet[0] & 2 == 0 { exponents & 15 } else { exponents >> 4 };
    let mut pages = Pages { file: Vec::new(), serial: 7, sequence: 0 };
    pages.put(&packets[..1], 0, 2);
    pages.put(&packets[1..], 0, 0);
    let mut granule = 0;
    let (mut before, mut page) = (None, Vec::new());
    for (index, packet) in all.iter().enumerate() {
        granule += before.map_or(0, |before| (before + block(packet)) / 4);
        before = Some(block(packet));
        page.push(packet.to_vec());
        let last = index + 1 == all.len();
        if page.len() == 40 || last {
            pages.put(&page, granule, if last { 4 } else { 0 });
            page.clear();
        }
    }
    pages.file
}

/// An ogg file whose every page of sound says what `stamp` makes of the page's number, the first being 0, and what it said.
pub(crate) fn restamped(file: &[u8], stamp: impl Fn(usize, u64) -> u64) -> Vec<u8> {
    changed(file, |number, page| {
        let granule = u64::from_le_bytes(page[6..14].try_into().expect("eight bytes"));
        page[6..14].copy_from_slice(&stamp(number, granule).to_le_bytes());
    })
}

/// A vorbis file in which one packet of the page of sound `number`, a long block between long blocks, is none.
pub(crate) fn with_a_gap(file: &[u8], number: usize) -> Vec<u8> {
    changed(file, |page_number, page| {
        if page_number != number {
            return;
        }
        let body = 27 + usize::from(page[26]);
        let mut starts = vec![body];
        let mut at = body;
        for &length in &page[27..body] {
            at += usize::from(length);
            if length < 255 {
                starts.push(at);
            }
        }
        starts.pop();
        let long = |&start: &usize| page[start] & 2 != 0;
        let three = starts.windows(3).find(|three| three.iter().all(long)).expect("long blocks in a row");
        // No packet of sound is odd.
        let start = three[1];
        page[start] |= 1;
    })
}

/// An ogg file of which `change` has changed the pages of sound; it is told their numbers, the first being 0.
fn changed(file: &[u8], change: impl Fn(usize, &mut [u8])) -> Vec<u8> {
    let (mut file, mut start, mut number) = (file.to_vec(), 0, 0);
    while start < file.len() {
        let body = start + 27 + usize::from(file[start + 26]);
        let end = body + file[start + 27..body].iter().map(|&length| usize::from(length)).sum::<usize>();
        let page = &mut file[start..end];
        let granule = u64::from_le_bytes(page[6..14].try_into().expect("eight bytes"));
        // Headers say zero.
        if granule > 0 {
            change(number, page);
            page[22..26].fill(0);
            let check = crc(32, 0x04C1_1DB7, page);
            page[22..26].copy_from_slice(&check.to_le_bytes());
            number += 1;
        }
        start = end;
    }
    file
}

/// The packets of an ogg file's one stream, but for those that end in its last page.
pub(crate) fn packets(mut file: &[u8]) -> Vec<Vec<u8>> {
    let (mut packets, mut packet) = (Vec::new(), Vec::new());
    while file[5] & 4 == 0 {
        let (segments, rest) = file[27..].split_at(usize::from(file[26]));
        file = rest;
        for &length in segments {
            let (part, rest) = file.split_at(usize::from(length));
            packet.extend_from_slice(part);
            if length < 255 {
                packets.push(std::mem::take(&mut packet));
            }
            file = rest;
        }
    }
    packets
}

struct Pages {
    file: Vec<u8>,
    serial: u32,
    sequence: u32,
}

impl Pages {
    /// Writes one page of whole packets, whose last sample is the one before `granule`.
    fn put(&mut self, packets: &[Vec<u8>], granule: u64, flags: u8) {
        let segments: Vec<u8> = packets
            .iter()
            .flat_map(|packet| std::iter::repeat_n(255, packet.len() / 255).chain([(packet.len() % 255) as u8]))
            .collect();
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(granule.to_le_bytes());
        page.extend([self.serial, self.sequence, 0].map(u32::to_le_bytes).concat());
        page.push(u8::try_from(segments.len()).expect("the packets fit into a page"));
        page.extend(segments);
        page.extend(packets.concat());
        let check = crc(32, 0x04C1_1DB7, &page);
        page[22..26].copy_from_slice(&check.to_le_bytes());
        self.file.extend(page);
        self.sequence += 1;
    }
}
