#![no_main]

use gliss_audio_fuzz::{Kind, decode};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { if decode(Kind::Mp4, bytes) { Corpus::Keep } else { Corpus::Reject } });
