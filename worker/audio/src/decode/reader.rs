//! Reads a clip block by block, under the limits: memory does not depend on the file's length.

use super::{
    Clip, DecodeError, DecodeLimits, FileFacts, Flaws,
    backend::{Backend, Block, Losses},
    file::{self, guarded},
    source::ByteSource,
};
use std::{fmt, mem, path::Path};

/// Rates outside are typing errors or attacks: even seismographs and bats are recorded within.
const MIN_RATE: u32 = 100;
const MAX_RATE: u32 = 1_000_000;

/// Beyond this, powers of spectra leave the range of `f32`. Files of 32-bit integers stored as floats still pass.
const MAX_SAMPLE: f32 = 1e10;

/// Room made in advance: enough for most clips, and little enough for a header that lies.
const MAX_RESERVED_FRAMES: u64 = 1 << 22;

/// A clip that is being decoded: one channel, block after block.
///
/// Its blocks, one after the other, are exactly the samples that [`decode_file`](super::decode_file) gives. After an error
/// nothing more comes.
pub struct ClipReader {
    /// `None` once the clip has ended or failed.
    backend: Option<Box<dyn Backend>>,
    block: Vec<f32>,
    /// The block was decoded ahead, to see what rate the codec gives.
    ahead: bool,
    facts: FileFacts,
    rate: u32,
    start_frame: u64,
    /// Frames decoded and yet to be dropped, before the start asked for.
    skip: u64,
    given: u64,
    limit_frames: u64,
    wanted_frames: u64,
    flaws: Flaws,
}

impl ClipReader {
    /// Opens the file at `path` and goes to the start that `limits` ask for.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`]; a file without a single sample is one.
    pub fn open(path: &Path, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        Self::start(file::open_path(path, limits)?, limits)
    }

    /// Like [`open`](Self::open), for a file that is not on a disk. `source` is read from its start, and what is appended
    /// to it later is not seen.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    pub fn from_source(source: impl ByteSource + 'static, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        Self::start(file::open_source(Box::new(source), limits)?, limits)
    }

    fn start(backend: Box<dyn Backend>, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        let facts = backend.facts();
        let mut reader = Self {
            backend: Some(backend),
            block: Vec::new(),
            ahead: false,
            rate: facts.rate,
            facts,
            start_frame: 0,
            skip: 0,
            given: 0,
            limit_frames: 0,
            wanted_frames: 0,
            flaws: Flaws::default(),
        };
        let mut first = reader.go_to_start(limits)?;
        // Headers of some containers name another rate than the codec; the codec is right. That is known once a block has
        // been decoded, and then the start is to be found anew.
        if first.rate != reader.rate {
            reader.rate = first.rate;
            first = reader.go_to_start(limits)?;
        }
        reader.place(first)?;
        reader.ahead = reader.trim()? || reader.advance()?;
        Ok(reader)
    }

    /// Goes to the start asked for, at the rate known so far, and decodes one block.
    fn go_to_start(&mut self, limits: &DecodeLimits) -> Result<Block, DecodeError> {
        let rate = self.rate;
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(DecodeError::BadRate { rate, min: MIN_RATE, max: MAX_RATE });
        }
        // `as` saturates: infinity is no limit, a negative number or none at all is zero.
        let frames = |seconds: f64| (seconds * f64::from(rate)).ceil() as u64;
        self.limit_frames = frames(limits.max_seconds).min(limits.max_frames as u64);
        self.wanted_frames = limits.max_seconds_wanted.map_or(u64::MAX, frames);
        let again = mem::replace(&mut self.start_frame, (limits.start_seconds * f64::from(rate)) as u64) > 0;
        if self.start_frame > 0 || again {
            let past = self.facts.exact && self.facts.frames.is_some_and(|frames| frames <= self.start_frame);
            if past && rate == self.facts.rate {
                return Err(DecodeError::PastTheEnd { start_seconds: limits.start_seconds });
            }
            let start = self.start_frame;
            self.with_backend(|backend, _| backend.seek(start, rate))?;
        }
        match self.decode()? {
            Some(block) => Ok(block),
            None => Err(DecodeError::NoSamples { lost_packets: 0 }),
        }
    }

    /// Finds out how much of what comes now lies before the start.
    fn place(&mut self, first: Block) -> Result<(), DecodeError> {
        self.skip = self.start_frame.saturating_sub(first.at);
        // Where nothing could be passed over, all of it is decoded, and that has its limit too.
        if self.skip > self.limit_frames {
            return Err(self.too_long());
        }
        // A damaged file: what was asked for is gone.
        self.flaws.missing_frames += first.at.saturating_sub(self.start_frame);
        self.start_frame = self.start_frame.max(first.at);
        Ok(())
    }

    /// Frames a second of the blocks.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// What the headers say.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// What had to be passed over so far; complete once there are no more blocks.
    pub fn flaws(&self) -> Flaws {
        self.flaws
    }

    /// The next samples, at least one; `None` after the last.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, DecodeError> {
        let there = mem::take(&mut self.ahead) || self.advance()?;
        Ok(there.then_some(&*self.block))
    }

    /// Decodes the rest into one clip.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    pub fn into_clip(mut self) -> Result<Clip, DecodeError> {
        let announced = self.facts.frames.map_or(0, |frames| frames.saturating_sub(self.start_frame));
        let reserve = announced.min(self.limit_frames).min(self.wanted_frames).min(MAX_RESERVED_FRAMES);
        let mut samples = Vec::with_capacity(reserve as usize);
        while let Some(block) = self.next_block()? {
            samples.extend_from_slice(block);
        }
        Ok(Clip { samples, rate: self.rate, flaws: self.flaws })
    }

    /// Decodes until the block holds something that was asked for; false at the end.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        while self.backend.is_some() && self.given < self.wanted_frames {
            match self.decode()? {
                None => return Ok(false),
                Some(block) if block.rate != self.rate => {
                    self.backend = None;
                    return Err(DecodeError::RateChanged { from: self.rate, to: block.rate });
                }
                // While blocks lie before the start, each says where it is: some between may have been lost.
                Some(block) if self.skip > 0 => self.place(block)?,
                Some(_) => {}
            }
            if self.trim()? {
                return Ok(true);
            }
        }
        self.block.clear();
        match self.backend.take() {
            Some(_) if self.given == 0 => Err(DecodeError::NoSamples { lost_packets: self.flaws.lost_packets }),
            _ => Ok(false),
        }
    }

    /// Leaves in the block what was asked for, and says whether that is anything. Refuses what is too much or no number.
    fn trim(&mut self) -> Result<bool, DecodeError> {
        let before = self.skip.min(self.block.len() as u64);
        self.skip -= before;
        self.block.drain(..before as usize);
        let room = usize::try_from(self.wanted_frames - self.given).unwrap_or(usize::MAX);
        self.block.truncate(room);
        let legal = |value: f32| value.abs() <= MAX_SAMPLE;
        // One answer for all of them is vectorised; the place is asked for only when there is one.
        let all_legal = self.block.iter().fold(true, |all, &value| all & legal(value));
        let bad = if all_legal { None } else { self.block.iter().enumerate().find(|(_, value)| !legal(**value)) };
        let refusal = if self.block.len() as u64 > self.limit_frames - self.given {
            Some(self.too_long())
        } else {
            bad.map(|(at, &value)| {
                let frame = (self.start_frame + self.given) as usize + at;
                DecodeError::BadSample { frame, value, limit: MAX_SAMPLE }
            })
        };
        if let Some(refusal) = refusal {
            self.backend = None;
            self.block.clear();
            return Err(refusal);
        }
        self.given += self.block.len() as u64;
        Ok(!self.block.is_empty())
    }

    fn too_long(&self) -> DecodeError {
        let limit_frames = usize::try_from(self.limit_frames).unwrap_or(usize::MAX);
        DecodeError::TooLong { limit_frames, rate: self.rate }
    }

    /// Decodes one block. At the end, sums up what was missing; an end before the first sample is an error.
    fn decode(&mut self) -> Result<Option<Block>, DecodeError> {
        let (block, losses) = self.with_backend(|backend, mono| Ok((backend.next(mono)?, backend.losses())))?;
        let Losses { packets, cut_short } = losses;
        (self.flaws.lost_packets, self.flaws.cut_short) = (packets, cut_short);
        if block.is_none() {
            self.block.clear();
            let mut backend = self.backend.take();
            if self.given == 0 {
                let nothing =
                    backend.as_mut().map_or(DecodeError::NoSamples { lost_packets: packets }, |it| it.nothing());
                return Err(match nothing {
                    DecodeError::NoSamples { lost_packets: 0 } if self.start_frame > 0 => {
                        DecodeError::PastTheEnd { start_seconds: self.start_frame as f64 / f64::from(self.rate) }
                    }
                    nothing => nothing,
                });
            }
            let announced = self.facts.frames.filter(|_| self.facts.exact).unwrap_or(0);
            self.flaws.missing_frames += announced.saturating_sub(self.start_frame + self.given);
        }
        Ok(block)
    }

    /// Lets `work` use the backend. Whatever fails or panics there, the backend is gone: nothing half-changed is used again.
    fn with_backend<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Backend, &mut Vec<f32>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut backend = self.backend.take().ok_or(DecodeError::NoSamples { lost_packets: 0 })?;
        let mut block = mem::take(&mut self.block);
        let result = guarded(|| work(backend.as_mut(), &mut block))?;
        (self.backend, self.block) = (Some(backend), block);
        Ok(result)
    }
}

impl fmt::Debug for ClipReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { facts, rate, start_frame, given, .. } = self;
        formatter
            .debug_struct("ClipReader")
            .field("facts", facts)
            .field("rate", rate)
            .field("start_frame", start_frame)
            .field("given", given)
            .finish_non_exhaustive()
    }
}
