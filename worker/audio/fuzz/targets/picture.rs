#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gliss_audio_fuzz::picture(bytes));
