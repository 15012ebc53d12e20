//! Decodes whatever symphonia recognises. With `track`, the only module that sees its readers and decoders.

use super::{
    DecodeError, FileFacts,
    backend::{Backend, Block, Losses},
    delay,
    mix::mean_of_planes,
    source::{self, Allowance, Source},
    track::{self, Sound},
    vorbis,
};
use std::io::{ErrorKind, Seek as _, SeekFrom};
use symphonia::core::{
    audio::{Audio as _, GenericAudioBufferRef},
    codecs::audio::well_known::CODEC_ID_VORBIS,
    errors::Error,
    formats::{FormatOptions, FormatReader, SeekMode, SeekTo, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
    units::Duration,
};

/// Packets in a row that give no frame: what follows is not worth waiting for.
const MAX_BARREN_PACKETS: u32 = 1 << 16;

/// Packets read beyond one for every byte of the file: tables can announce any number of empty ones.
const SPARE_PACKETS: u64 = 1 << 20;

/// An open file, somewhere in its sound track.
pub(super) struct Stream {
    /// `None` only after an attempt to open the file anew has failed.
    reader: Option<Box<dyn FormatReader>>,
    sound: Sound,
    facts: FileFacts,
    allowance: Allowance,
    /// Time stamps before the clip, as a note outside symphonia's view says.
    delay: u64,
    /// The frame from which on losses count: what comes before is only run-up.
    wanted_from: u64,
    /// Where decoding goes on was found by its time stamp. Otherwise it goes on from the start of the file.
    sought: bool,
    /// No packet has been read since the file was opened.
    fresh: bool,
    /// The next frame, once a packet has been decoded since opening or the last seek; negative before the clip.
    at: Option<i64>,
    /// Of Vorbis, the frame after the last: symphonia's cuts are not made, and the clip ends by this.
    vorbis_end: Option<u64>,
    /// Of Vorbis, how many frames the first page's time stamp is late, once that is known.
    late: Option<i64>,
    packets_left: u64,
    losses: Losses,
    first_refusal: Option<Error>,
    planes: Vec<Vec<f32>>,
}

impl Stream {
    pub(super) fn open(mut source: Source) -> Result<Self, DecodeError> {
        let (bytes, allowance) = (source.length(), source.allowance());
        let edit = delay::edit_lists(&mut source).map_err(|source| DecodeError::Read { source })?;
        source.rewind().map_err(|source| DecodeError::Read { source })?;
        let source = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let mut reader = probe(source).map_err(|error| allowance.explain(error))?;
        let opened = Self::look(reader.as_mut(), &edit, bytes).map_err(|error| allowance.explain(error));
        let (delay, facts, sound) = opened?;
        allowance.opened();
        Ok(Self {
            vorbis_end: vorbis_end(&facts, &sound),
            late: None,
            reader: Some(reader),
            sound,
            facts,
            allowance,
            delay,
            wanted_from: 0,
            sought: false,
            fresh: true,
            at: None,
            packets_left: bytes.saturating_add(SPARE_PACKETS),
            losses: Losses::default(),
            first_refusal: None,
            planes: Vec::new(),
        })
    }

    fn look(
        reader: &mut dyn FormatReader,
        edits: &[delay::Edit],
        bytes: u64,
    ) -> Result<(u64, FileFacts, Sound), DecodeError> {
        let sound = Sound::open(reader)?;
        let edit = edits.iter().find(|edit| edit.track == sound.id).map(|edit| edit.media_time);
        let delay = edit.or_else(|| delay::itunes_note(reader)).unwrap_or(0);
        // A note that leaves nothing is no note.
        let facts = track::facts(reader, &sound, delay, bytes)?;
        if delay == 0 || facts.frames == Some(0) {
            return Ok((0, track::facts(reader, &sound, 0, bytes)?, sound));
        }
        Ok((delay, facts, sound.after(delay)))
    }

    /// Reads on to the next packet of the sound track; `None` at the end, or where the container is unreadable.
    fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        loop {
            let Some(reader) = &mut self.reader else { return Ok(None) };
            if self.packets_left == 0 {
                self.losses.cut_short = true;
                return Ok(None);
            }
            self.packets_left -= 1;
            self.fresh = false;
            match reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.sound.id => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(Error::ResetRequired) => {
                    let sound = Sound::open(reader.as_ref())?.after(self.delay);
                    if sound.rate != self.sound.rate {
                        return Err(DecodeError::RateChanged { from: self.sound.rate, to: sound.rate });
                    }
                    self.sound = sound;
                    // What the headers said was of the stream before.
                    self.vorbis_end = None;
                }
                Err(error) => {
                    // A disk that fails is no property of the file, and must not pass for a short clip.
                    let error = of_file(error).map_err(|error| self.allowance.explain(error))?;
                    self.first_refusal.get_or_insert(error);
                    self.losses.cut_short = true;
                    return Ok(None);
                }
            }
        }
    }

    /// Opens the file anew, unless nothing of it has been read yet.
    fn restart(&mut self) -> Result<(), DecodeError> {
        self.sought = false;
        let Some(reader) = self.reader.take_if(|_| !self.fresh) else { return Ok(()) };
        let mut source = reader.into_inner();
        source.seek(SeekFrom::Start(0)).map_err(|source| DecodeError::Read { source })?;
        let reader = probe(source)?;
        self.sound = Sound::open(reader.as_ref())?.after(self.delay);
        self.vorbis_end = vorbis_end(&self.facts, &self.sound);
        self.reader = Some(reader);
        self.fresh = true;
        Ok(())
    }

    /// Reads the start of a Vorbis file until it is known how late its first page is: frames are counted from there, and
    /// the time stamps that are gone to must count alike.
    fn settle(&mut self, rate: u32) -> Result<(), DecodeError> {
        self.restart()?;
        let enough = i64::from(rate) * vorbis::SETTLE_SECONDS as i64;
        let mut late = 0;
        while self.at.is_none_or(|at| at < enough) {
            let Some(packet) = self.next_packet()? else { break };
            let at = self.place(&packet, rate);
            late = at.saturating_sub(vorbis::place(at, self.stamp(&packet, rate))).max(late);
            self.at = Some(at.saturating_add(vorbis::frames(&packet)));
        }
        (self.at, self.late) = (None, Some(late));
        Ok(())
    }

    /// The packet's first frame as its time stamp says.
    fn stamp(&self, packet: &Packet, rate: u32) -> i64 {
        self.sound.frame_at(packet.pts.saturating_add(packet.trim_start), rate)
    }

    /// The packet's first frame; negative before the clip.
    fn place(&self, packet: &Packet, rate: u32) -> i64 {
        let stamp = self.stamp(packet, rate);
        // Until the clip begins time stamps count: after a seek, packets of the run-up may be lost, and before the first
        // frame, decoders have taken off what they could. At the start of a file they say no more than that: some
        // recordings begin with a stamp of hours.
        if !self.sought {
            return self.at.filter(|&at| at >= 0).unwrap_or(stamp.min(0));
        }
        let stamp = stamp.saturating_add(self.late.unwrap_or(0));
        match self.at {
            Some(at) if at >= self.wanted_from as i64 => at,
            Some(at) if self.sound.codec == CODEC_ID_VORBIS => vorbis::place(at, stamp),
            _ => stamp,
        }
    }

    /// The next packet to decode: of Vorbis, those that come too early to be heard in what is wanted are only counted.
    fn next_heard(&mut self) -> Result<Option<Packet>, DecodeError> {
        while let Some(packet) = self.next_packet()? {
            let end = self.place(&packet, self.sound.rate).saturating_add(vorbis::frames(&packet));
            let early = end.saturating_add(vorbis::WARM_FRAMES) < self.wanted_from as i64;
            if self.sound.codec != CODEC_ID_VORBIS || !early {
                return Ok(Some(packet));
            }
            self.at = Some(end);
        }
        Ok(None)
    }
}

impl Backend for Stream {
    fn facts(&self) -> FileFacts {
        self.facts.clone()
    }

    fn seek(&mut self, frame: u64, rate: u32) -> Result<(), DecodeError> {
        (self.at, self.wanted_from) = (None, frame);
        let Some(to) = self.sound.run_up(frame, self.facts.frames, rate) else {
            return self.restart().map_err(|error| self.allowance.explain(error));
        };
        if self.sound.codec == CODEC_ID_VORBIS && self.late.is_none() {
            self.settle(rate).map_err(|error| self.allowance.explain(error))?;
            if self.vorbis_end.is_none() {
                // Another stream has begun: what the headers said of this one's length is wrong.
                return self.restart().map_err(|error| self.allowance.explain(error));
            }
        }
        let to = SeekTo::Timestamp { ts: self.sound.stamp_of(to, rate), track_id: self.sound.id };
        let Some(reader) = &mut self.reader else { return Ok(()) };
        (self.sought, self.fresh) = (true, false);
        match reader.seek(SeekMode::Accurate, to) {
            Ok(_) => self.sound.decoder.reset(),
            // Formats without an index, and damaged ones: all that comes before is decoded.
            Err(error) => {
                let error = of_file(error).map_err(|error| self.allowance.explain(error))?;
                tracing::debug!(%error, "the start cannot be gone to");
                self.restart().map_err(|error| self.allowance.explain(error))?;
            }
        }
        Ok(())
    }

    fn next(&mut self, mono: &mut Vec<f32>) -> Result<Option<Block>, DecodeError> {
        for _ in 0..MAX_BARREN_PACKETS {
            let Some(mut packet) = self.next_heard()? else { return Ok(None) };
            mono.clear();
            let counted = vorbis::frames(&packet);
            if self.vorbis_end.is_some() {
                packet.trim_end = Duration::ZERO;
            }
            let frames = match self.sound.decoder.decode(&packet) {
                Ok(frames) => frames,
                Err(error) => {
                    tracing::debug!(%error, "a packet could not be decoded");
                    let rate = self.sound.rate;
                    let at = self.place(&packet, rate);
                    // What is lost takes its time: the next stamp may be too near to be told from that of a late page.
                    if self.sought && self.sound.codec == CODEC_ID_VORBIS && at < self.wanted_from as i64 {
                        self.at = Some(at.saturating_add(counted));
                    }
                    if self.sound.frame_at(packet.pts.saturating_add(packet.dur), rate) > self.wanted_from as i64 {
                        self.losses.packets += 1;
                        self.first_refusal.get_or_insert(error);
                    }
                    continue;
                }
            };
            let rate = frames.spec().rate();
            mix(&frames, &mut self.planes, mono);
            let at = self.place(&packet, rate);
            if let Some(end) = self.vorbis_end {
                let left = i64::try_from(end).unwrap_or(i64::MAX).saturating_sub(at);
                mono.truncate(usize::try_from(left).unwrap_or(0));
            }
            let before = usize::try_from(at.saturating_neg()).unwrap_or(0).min(mono.len());
            // The first packet that Vorbis decodes gives nothing, but takes its place.
            let end = at.saturating_add(counted);
            let run_up = self.sound.codec == CODEC_ID_VORBIS && end <= self.wanted_from as i64;
            self.at = Some(if run_up { end } else { at.saturating_add_unsigned(mono.len() as u64) });
            mono.drain(..before);
            if !mono.is_empty() {
                return Ok(Some(Block { at: at.max(0) as u64, rate }));
            }
        }
        self.losses.cut_short = true;
        Ok(None)
    }

    fn losses(&self) -> Losses {
        self.losses
    }

    fn nothing(&mut self) -> DecodeError {
        match self.first_refusal.take() {
            Some(Error::IoError(_)) | None => DecodeError::NoSamples { lost_packets: self.losses.packets },
            Some(error) => refusal(error),
        }
    }
}

/// Of Vorbis, the frame after the last. Where that is not known nothing is cut: by time stamps that cannot be, symphonia cuts
/// whole pages.
fn vorbis_end(facts: &FileFacts, sound: &Sound) -> Option<u64> {
    (sound.codec == CODEC_ID_VORBIS).then(|| facts.frames.filter(|_| facts.exact).unwrap_or(u64::MAX))
}

fn probe(source: MediaSourceStream<'static>) -> Result<Box<dyn FormatReader>, DecodeError> {
    // No hint: names lie.
    symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|source| match source {
            Error::Unsupported(_) => DecodeError::NotAudio,
            // The probe scores what it meets up to the end of the file: nothing was recognised by then.
            Error::IoError(end) if end.kind() == ErrorKind::UnexpectedEof => DecodeError::NotAudio,
            other => refusal(other),
        })
}

/// Leaves the mean of the channels in `mono`.
fn mix(frames: &GenericAudioBufferRef<'_>, planes: &mut Vec<Vec<f32>>, mono: &mut Vec<f32>) {
    if let GenericAudioBufferRef::F32(frames) = frames {
        let planes: Vec<&[f32]> = frames.iter_planes().collect();
        return mean_of_planes(&planes, mono);
    }
    frames.copy_to_vecs_planar(planes);
    let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
    mean_of_planes(&planes, mono);
}

pub(super) fn refusal(error: Error) -> DecodeError {
    match of_file(error) {
        Err(error) => error,
        Ok(Error::Unsupported(what)) => DecodeError::Unsupported { what },
        Ok(source) => DecodeError::Malformed { source: Box::new(source) },
    }
}

/// `error`, if what the file holds is to blame for it.
fn of_file(error: Error) -> Result<Error, DecodeError> {
    let Error::IoError(source) = error else { return Ok(error) };
    match source::failure(source) {
        Ok(source) => Err(DecodeError::Read { source }),
        Err(source) => Ok(Error::IoError(source)),
    }
}
