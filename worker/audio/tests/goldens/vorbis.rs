//! Where the samples of an ogg file belong: against libsndfile, and whatever its pages say of their time.
//!
//! `clicks.ogg` is a rising tone with bursts of noise, 1.4 s at 22050 Hz, so that long and short blocks alternate; written
//! by libsndfile 1.2.2 (soundfile 0.14, `compression_level=0.8`). `clicks.flac` is its first 8192 frames as libsndfile
//! decodes them, in 16 bits.

use crate::{
    long_files::{ogg, ogg_of, packets, restamped, with_a_gap},
    reference::{data, noise_db},
    segments::same_as_whole,
};
use gliss_audio::decode::{Clip, DecodeLimits, Flaws, decode_bytes, decode_file, probe_file};

const CLICKS: &[u8] = include_bytes!("clicks.ogg");
/// As libsndfile counts them.
const FRAMES: usize = 30_746;

/// Clips that ffmpeg wrote, the frames that libsndfile 1.2.2 states, and three samples each that it gives from frames 40000,
/// 240000 and 440000 on. The pages of some begin before or after zero, up to four in a row are late, and one holds less than
/// it states.
const MUSIC: [(&str, u64, [f32; 9]); 7] = [
    (
        "colobot/colobot.00000.ogg",
        661500,
        [0.181949, 0.181741, 0.176843, 0.007361, 0.007833, 0.008354, 0.078826, 0.059697, 0.053151],
    ),
    (
        "colobot/colobot.00030.ogg",
        661248,
        [-0.004580, 0.036955, 0.061195, 0.063622, 0.072403, 0.081318, 0.002213, -0.020432, -0.038457],
    ),
    (
        "colobot/colobot.00036.ogg",
        661512,
        [0.002248, -0.000263, -0.001969, 0.023348, 0.032751, -0.001131, -0.033891, -0.042964, -0.037214],
    ),
    (
        "colobot/colobot.00033.ogg",
        661312,
        [0.221863, 0.196937, -0.284643, -0.541780, -0.508241, -0.564297, -0.216622, -0.198482, -0.132378],
    ),
    (
        "widelands/widelands.00039.ogg",
        661536,
        [0.150582, 0.164989, 0.169971, 0.029308, 0.052036, 0.079964, -0.003367, -0.019965, -0.021849],
    ),
    (
        "hedgewars/hedgewars.00022.ogg",
        661530,
        [0.006235, 0.002149, 0.001301, 0.258821, 0.257389, 0.256433, 0.034878, 0.026264, 0.017860],
    ),
    (
        "colobot/colobot.00017.ogg",
        661500,
        [-0.306331, -0.225393, -0.125209, 0.293054, 0.336058, 0.486327, 0.115754, 0.143618, -0.046618],
    ),
];

fn decode(bytes: &[u8]) -> Clip {
    let clip = decode_bytes(bytes.to_vec(), &DecodeLimits::default()).expect("a sound file");
    assert_eq!(clip.flaws, Flaws::default());
    clip
}

#[test]
fn blocks_of_both_sizes_are_where_libsndfile_has_them() {
    let expected = decode(include_bytes!("clicks.flac")).samples;
    let clip = decode(CLICKS);
    assert_eq!(clip.samples.len(), FRAMES);
    let noise = noise_db(&clip.samples[..expected.len()], &expected);
    assert!(noise < -60.0, "{noise} dB");
}

#[test]
fn a_stream_that_begins_before_zero_is_cut() {
    let clip = decode(&restamped(CLICKS, |_, granule| granule - 184));
    assert!(clip.samples == decode(CLICKS).samples[184..]);
}

/// More before zero than a page can hold is a mistake, and so is a start behind the end. Nothing is missing for that: how
/// much there is is not known, so the last block is left whole.
#[test]
fn a_first_page_that_cannot_be_costs_nothing() {
    let whole = decode(CLICKS).samples;
    for (name, off) in [("long before zero", -(1i64 << 40)), ("behind the end", 1 << 40)] {
        let seen = restamped(CLICKS, |page, granule| granule.wrapping_add_signed(if page == 0 { off } else { 0 }));
        let clip = decode(&seen);
        assert!(clip.samples[..FRAMES] == whole, "{name}");
        assert!(clip.samples.len() < FRAMES + 2048, "{name}: {}", clip.samples.len());
        let limits = DecodeLimits::segment(0.5, 0.5);
        let part = decode_bytes(seen, &limits).expect("a sound file");
        assert!(part.samples == whole[11_025..22_050], "{name}");
    }
}

/// Without the last 224 frames, as in libsndfile: it believes the first page.
#[test]
fn a_stream_that_begins_late_is_not_longer() {
    let whole = decode(CLICKS).samples;
    for late in [1, 224, 100_000_000] {
        let clip = decode(&restamped(CLICKS, |_, granule| granule + late));
        assert!(clip.samples == whole, "{late}");
    }
    let clip = decode(&restamped(CLICKS, |page, granule| if page == 0 { granule + 224 } else { granule }));
    assert!(clip.samples == whole[..FRAMES - 224]);
}

/// ffmpeg's pages say at times that they end up to 224 frames later than they do, and the next takes it back.
#[test]
fn late_pages_move_nothing() {
    let file = ogg(CLICKS, 60);
    let whole = decode(&file);
    let frames = whole.samples.len();
    assert!(whole.seconds() > 60.0);
    let last = file.windows(4).filter(|bytes| bytes == b"OggS").count() - 3;
    let late = |page: usize| if page != last && page % 5 < 3 { 224 } else { 0 };
    let starts = [0.5, 10.0, 20.0, 31.0, 31.7, 40.3, 50.0, whole.seconds() - 1.0];
    for (name, first, begins) in
        [("late pages", false, 0), ("a late first page", true, 0), ("and a late start", true, 5000)]
    {
        let stamp = |page, granule| begins + granule + if page > 0 || first { late(page) } else { 0 };
        let seen = same_as_whole(name, &restamped(&file, stamp), &starts, 0.7);
        assert!(seen.samples == whole.samples[..frames - if first { 224 } else { 0 }], "{name}");
    }
    // What is cut off at the start moves all of it.
    let stamp = |page, granule| granule + late(page) - 400;
    let seen = same_as_whole("an early start", &restamped(&file, stamp), &starts, 0.7);
    assert!(seen.samples == whole.samples[176..frames - 224]);
}

/// One packet is lost in the 31st second. Parts that lie behind its page are where they were, however far behind.
#[test]
fn parts_keep_to_the_time_stamps_across_a_gap() {
    let file = ogg(CLICKS, 60);
    let whole = decode(&file).samples;
    let gap = with_a_gap(&file, 40);
    for start in [29.5, 31.8, 36.0, 40.0, 45.0] {
        let part = decode_bytes(gap.clone(), &DecodeLimits::segment(start, 0.5)).expect("a sound file");
        assert_eq!(part.flaws, Flaws::default());
        let first = (start * 22_050.0) as usize;
        assert!(part.samples == whole[first..first + 11_025], "{start}");
    }
}

/// The same stream, but that its setup has 64 modes. With two, any packet that says its length can be decoded.
fn many_modes(packets: &mut [Vec<u8>]) {
    let bits = |bytes: &[u8]| -> Vec<bool> {
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).collect()
    };
    let bytes = |bits: &[bool]| -> Vec<u8> {
        bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit))).collect()
    };
    // Six bits of how many modes less one, 41 bits for each, and a one.
    const MODE: usize = 41;
    let mut setup = bits(&packets[2]);
    let end = setup.iter().rposition(|&bit| bit).expect("the framing bit");
    let modes = setup.split_off(end - 2 * MODE - 6);
    assert_eq!(modes[..6], [true, false, false, false, false, false]);
    setup.extend([true; 6]);
    setup.extend(modes[6..6 + 2 * MODE].repeat(32));
    setup.push(true);
    packets[2] = bytes(&setup);
    // In packets the number of the mode is the second bit, and now five more.
    for packet in &mut packets[3..] {
        let sound = bits(packet);
        *packet = bytes(&[&sound[..2], &[false; 5], &sound[2..]].concat());
    }
}

/// A packet in the warm-up of a part cannot be decoded: what follows stays where it was, though little is missing.
#[test]
fn a_packet_that_cannot_be_decoded_takes_its_time() {
    let mut packets = packets(CLICKS);
    many_modes(&mut packets);
    let sound = packets.split_off(3);
    packets.extend(vec![sound; 60].concat());
    let whole = decode(&ogg_of(&packets)).samples;
    assert!(whole[..20_000] == decode(CLICKS).samples[..20_000]);
    let is_long = |packet: &Vec<u8>| packet[0] & 2 != 0;
    let mixed = |&index: &usize| is_long(&packets[index]) && !is_long(&packets[index - 1]);
    let broken = (1600..).find(mixed).expect("blocks of both sizes");
    let block = |packet: &Vec<u8>| if is_long(packet) { 1024 } else { 512 };
    let at: usize = packets[3..broken].windows(2).map(|two| (block(&two[0]) + block(&two[1])) / 4).sum();
    // Type and mode take seven bits, and a long block has two more before the first that may be missing.
    packets[broken].truncate(1);
    let file = ogg_of(&packets);
    for later in [4000, 7000] {
        let start = (at + later) as f64 / 22_050.0;
        let part = decode_bytes(file.clone(), &DecodeLimits::segment(start, 0.5)).expect("a sound file");
        let first = (start * 22_050.0) as usize;
        assert!(part.samples == whole[first..first + 11_025], "{later}");
    }
}

/// What is read for its time stamps only is no part of the clip.
#[test]
fn the_run_up_does_not_count_against_the_limit() {
    let file = ogg(CLICKS, 60);
    let whole = decode(&file).samples;
    for start in [15.0, 60.0] {
        let limits = DecodeLimits { max_seconds: 5.0, ..DecodeLimits::segment(start, 2.0) };
        let part = decode_bytes(file.clone(), &limits).expect("a short part");
        let first = (start * 22_050.0) as usize;
        assert!(part.samples == whole[first..first + 44_100], "{start}");
    }
}

#[test]
fn music_is_where_libsndfile_has_it() {
    let Some(data) = data() else { return };
    for (name, frames, expected) in MUSIC {
        let path = data.join("soundtracks10/audio").join(name);
        let facts = probe_file(&path, &DecodeLimits::default()).expect("a sound file");
        assert_eq!(facts.frames, Some(frames), "{name}");
        let clip = decode_file(&path, &DecodeLimits::default()).expect("a sound file");
        let missing = clip.flaws.missing_frames;
        assert_eq!(clip.samples.len() as u64 + missing, frames, "{name}");
        for (index, expected) in expected.into_iter().enumerate() {
            let seen = clip.samples[40_000 + 200_000 * (index / 3) + index % 3];
            assert!((seen - expected).abs() < 1e-5, "{name}, {index}: {seen}, not {expected}");
        }
        let bytes = std::fs::read(&path).expect("readable");
        same_as_whole(name, &bytes, &[0.25, 9.5, 19.9, 20.6, 22.5, 25.1, 28.9], 0.5);
    }
}

/// One stream after another in one file.
#[test]
fn a_chain_is_decoded_to_its_end() {
    let whole = decode(CLICKS).samples;
    assert!(decode(&[CLICKS, CLICKS].concat()).samples == [&*whole, &*whole].concat());
    let chain = [&*ogg(CLICKS, 60), CLICKS].concat();
    same_as_whole("a chain", &chain, &[0.5, 15.0, 31.7, 59.9], 0.5);
}
