//! libFuzzer over [`eventwire_codec_fuzz::encoder`].

#![no_main]

use eventwire_codec_fuzz::encoder::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input<'_>| input.check());
