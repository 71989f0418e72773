//! libFuzzer over [`eventwire_codec_fuzz::decoder`].

#![no_main]

use eventwire_codec_fuzz::decoder::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input<'_>| input.check());
