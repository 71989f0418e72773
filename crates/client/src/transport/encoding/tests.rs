use std::io::Write;

use bytes::Bytes;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

use super::Decoding;

type Make = fn() -> Box<dyn Encoder>;

/// What a header names, and who makes it.
const ENCODINGS: [(&str, Make); 6] = [
    ("gzip", || Box::new(GzEncoder::new(Vec::new(), level()))),
    ("deflate", || {
        Box::new(ZlibEncoder::new(Vec::new(), level()))
    }),
    ("deflate", || {
        Box::new(DeflateEncoder::new(Vec::new(), level()))
    }),
    ("br", || {
        Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 18))
    }),
    ("zstd", || Box::new(Zstd::new(17))),
    ("gzip, br", || {
        Box::new(Twice(
            GzEncoder::new(Vec::new(), level()),
            brotli::CompressorWriter::new(Vec::new(), 4096, 5, 18),
        ))
    }),
];

/// How a server compresses.
trait Encoder {
    /// What a client needs to have it all.
    fn flushed(&mut self, data: &[u8]) -> Vec<u8>;
    /// What comes at the end.
    fn end(self: Box<Self>) -> Vec<u8>;
}

fn level() -> Compression {
    Compression::default()
}

macro_rules! by_flate2 {
    ($($encoder:ident),*) => {$(
        impl Encoder for $encoder<Vec<u8>> {
            fn flushed(&mut self, data: &[u8]) -> Vec<u8> {
                self.write_all(data).unwrap();
                self.flush().unwrap();
                std::mem::take(self.get_mut())
            }

            fn end(self: Box<Self>) -> Vec<u8> {
                self.finish().unwrap()
            }
        }
    )*};
}

by_flate2!(GzEncoder, ZlibEncoder, DeflateEncoder);

impl Encoder for brotli::CompressorWriter<Vec<u8>> {
    fn flushed(&mut self, data: &[u8]) -> Vec<u8> {
        self.write_all(data).unwrap();
        self.flush().unwrap();
        std::mem::take(self.get_mut())
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        self.into_inner()
    }
}

struct Zstd(CCtx<'static>);

impl Zstd {
    fn new(window_log: u32) -> Zstd {
        let mut context = CCtx::create();
        let window = CParameter::WindowLog(window_log);
        context.set_parameter(window).unwrap();
        let sum = CParameter::ChecksumFlag(true);
        context.set_parameter(sum).unwrap();
        Zstd(context)
    }
}

impl Encoder for Zstd {
    fn flushed(&mut self, data: &[u8]) -> Vec<u8> {
        let mut output = vec![0; 2 * data.len() + 1024];
        let mut to = OutBuffer::around(&mut output[..]);
        let mut from = InBuffer::around(data);
        while from.pos() < data.len() {
            self.0.compress_stream(&mut to, &mut from).unwrap();
        }
        while self.0.flush_stream(&mut to).unwrap() > 0 {}
        let written = to.pos();
        output.truncate(written);
        output
    }

    fn end(mut self: Box<Self>) -> Vec<u8> {
        let mut output = vec![0; 1024];
        let mut to = OutBuffer::around(&mut output[..]);
        assert_eq!(self.0.end_stream(&mut to).unwrap(), 0);
        let written = to.pos();
        output.truncate(written);
        output
    }
}

struct Twice(GzEncoder<Vec<u8>>, brotli::CompressorWriter<Vec<u8>>);

impl Encoder for Twice {
    fn flushed(&mut self, data: &[u8]) -> Vec<u8> {
        let inner = self.0.flushed(data);
        self.1.flushed(&inner)
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        let Twice(inner, mut outer) = *self;
        let inner = Box::new(inner).end();
        let last = outer.flushed(&inner);
        [last, Box::new(outer).end()].concat()
    }
}

/// Some events, and where each of them ends: plain, and encoded. At last where all ends.
struct Sample {
    plain: Vec<u8>,
    encoded: Vec<u8>,
    ends: Vec<(usize, usize)>,
}

fn sample(encoder: Make) -> Sample {
    let mut random = fastrand::Rng::with_seed(7);
    let mut encoder = encoder();
    let (mut plain, mut encoded, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for id in 1..=5 {
        let noise: String = (0..10 * id).map(|_| random.alphanumeric()).collect();
        let event = format!("id: {id}\ndata: order {id} is {noise}\n\n");
        encoded.extend(encoder.flushed(event.as_bytes()));
        plain.extend(event.into_bytes());
        ends.push((plain.len(), encoded.len()));
    }
    encoded.extend(encoder.end());
    Sample {
        plain,
        encoded,
        ends,
    }
}

fn headers(encoding: &str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap())])
}

fn decoding(encoding: &str) -> Decoding {
    Decoding::of(&mut headers(encoding)).unwrap().unwrap()
}

/// All that comes of these chunks, and what is wrong with them.
fn decode<'a>(
    encoding: &str,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, Option<String>) {
    let mut decoding = decoding(encoding);
    let mut all = Vec::new();
    for chunk in chunks {
        decoding.feed(Bytes::copy_from_slice(chunk));
        loop {
            match decoding.next() {
                Ok(Some(piece)) => all.extend_from_slice(&piece),
                Ok(None) => break,
                Err(wrong) => return (all, Some(wrong.to_string())),
            }
        }
    }
    (all, decoding.finish().err().map(|wrong| wrong.to_string()))
}

#[test]
fn every_split_into_chunks_gives_the_same() {
    for (name, encoder) in ENCODINGS {
        let sample = sample(encoder);
        let whole = (sample.plain, None);
        assert_eq!(decode(name, sample.encoded.chunks(1)), whole, "{name}");
        for at in 0..=sample.encoded.len() {
            let (first, second) = sample.encoded.split_at(at);
            assert_eq!(decode(name, [first, second]), whole, "{name}, {at}");
        }
    }
}

#[test]
fn an_event_is_there_with_the_byte_that_ends_it_whatever_is_cut_after() {
    for (name, encoder) in ENCODINGS {
        let sample = sample(encoder);
        for cut in 1..sample.encoded.len() {
            let (all, wrong) = decode(name, [&sample.encoded[..cut]]);
            let due = sample
                .ends
                .iter()
                .rev()
                .find(|(_, encoded)| *encoded <= cut);
            let due = due.map_or(0, |(plain, _)| *plain);
            assert!(sample.plain.starts_with(&all), "{name}, {cut}");
            assert!(all.len() >= due, "{name}, {cut}: {} of {due}", all.len());
            // Of zstd and brotli the last bytes may hold nothing but the end.
            let wrong = wrong.unwrap_or_default();
            assert!(
                wrong.contains("ended in the middle of its"),
                "{name}, {cut}: {wrong}"
            );
        }
    }
}

#[test]
fn garbage_is_an_error_after_all_that_was_before_it() {
    for (name, encoder) in ENCODINGS {
        let sample = sample(encoder);
        for (plain, encoded) in &sample.ends {
            for garbage in [&[0xff; 64][..], b"data: not compressed at all\n\n"] {
                let body = [&sample.encoded[..*encoded], garbage].concat();
                let (all, wrong) = decode(name, [&body[..]]);
                let text = String::from_utf8_lossy(&all);
                assert!(all.starts_with(&sample.plain[..*plain]), "{name}: {text}");
                assert!(wrong.is_some(), "{name}: {text}");
                assert_eq!(decode(name, body.chunks(1)), (all, wrong), "{name}");
            }
        }
        let (all, wrong) = decode(name, [&b"data: not compressed at all\n\n"[..]]);
        assert!(all.is_empty() && wrong.is_some(), "{name}: {all:?}");
    }
}

#[test]
fn whatever_else_is_changed_is_read_without_a_panic_and_to_an_end() {
    let mut random = fastrand::Rng::with_seed(3);
    for (name, encoder) in ENCODINGS {
        let sample = sample(encoder);
        for _ in 0..2_000 {
            let mut body = sample.encoded.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..body.len());
                body[at] = random.u8(..);
            }
            let chunk = random.usize(1..=body.len());
            decode(name, body.chunks(chunk));
        }
    }
}

#[test]
fn much_in_little_comes_in_pieces() {
    const SIZE: usize = 4 << 20;
    for (name, encoder) in ENCODINGS {
        let mut encoder = encoder();
        let mut body = encoder.flushed(&vec![b'\n'; SIZE]);
        body.extend(encoder.end());
        assert!(body.len() < SIZE / 100, "{name}: {}", body.len());
        let mut decoding = decoding(name);
        decoding.feed(body.into());
        let (mut all, mut pieces) = (0, 0);
        while let Some(piece) = decoding.next().unwrap() {
            assert!(piece.len() <= 32 * 1024, "{name}: {}", piece.len());
            all += piece.len();
            pieces += 1;
        }
        assert_eq!(all, SIZE, "{name}");
        assert!(pieces >= 128, "{name}: {pieces}");
    }
}

#[test]
fn a_frame_that_ends_where_a_piece_does_is_whole() {
    let plain = vec![b'\n'; 2 * super::PIECE];
    let mut frame = vec![0; 1024];
    let size = zstd_safe::compress(&mut frame[..], &plain, 3).unwrap();
    assert_eq!(decode("zstd", [&frame[..size]]), (plain, None));
}

#[test]
fn a_frame_to_be_skipped_is_skipped() {
    let Sample { plain, encoded, .. } = sample(|| Box::new(Zstd::new(17)));
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 200, 0, 0, 0][..], &[0xff; 200]].concat();
    let body = [&skipped[..], &encoded, &skipped].concat();
    assert_eq!(decode("zstd", [&body[..]]), (plain.clone(), None));
    assert_eq!(decode("zstd", body.chunks(1)), (plain, None));
}

#[test]
fn no_step_is_long_where_nothing_comes_of_much() {
    // Stored blocks without content, and many of them: the inner encoding has work, and gives nothing.
    let inner = [0, 0, 0, 0xff, 0xff].repeat(1 << 18);
    let mut outer = GzEncoder::new(Vec::new(), level());
    let body = outer.flushed(&inner);
    let mut decoding = decoding("deflate, gzip");
    decoding.feed(body.into());
    let mut steps = 0;
    while let Some(piece) = decoding.next().unwrap() {
        assert!(piece.is_empty());
        steps += 1;
    }
    assert!(steps >= inner.len() / (32 * 1024), "{steps}");
}

#[test]
fn nothing_at_all_is_a_whole_body() {
    for (name, _) in ENCODINGS {
        assert_eq!(decode(name, []), (Vec::new(), None), "{name}");
        assert_eq!(decode(name, [&[][..]]), (Vec::new(), None), "{name}");
    }
}

#[test]
fn what_follows_the_end_is_an_error_but_for_what_begins_again() {
    for (name, encoder) in ENCODINGS {
        let Sample { plain, encoded, .. } = sample(encoder);
        let twice = [&encoded[..], &encoded[..]].concat();
        let again = match name {
            "gzip" | "zstd" => ([&plain[..], &plain[..]].concat(), None),
            // Of the two it is the outer that cannot.
            "gzip, br" => {
                let wrong = "the body goes on after the end of its br";
                (plain.clone(), Some(wrong.to_owned()))
            }
            _ => {
                let wrong = format!("the body goes on after the end of its {name}");
                (plain.clone(), Some(wrong))
            }
        };
        assert_eq!(decode(name, [&twice[..]]), again, "{name}");
        assert_eq!(decode(name, twice.chunks(1)), again, "{name}");
        let padded = [&encoded[..], &[0; 8]].concat();
        let (all, wrong) = decode(name, [&padded[..]]);
        assert_eq!(all, plain, "{name}");
        assert!(wrong.is_some(), "{name}");
    }
}

#[test]
fn a_head_of_gzip_may_have_everything() {
    let mut bare = GzBuilder::new()
        .extra(vec![7; 300])
        .filename("events")
        .comment("as they come")
        .write(Vec::new(), level());
    bare.write_all(b"data: a\n\n").unwrap();
    let mut body = bare.finish().unwrap();
    let whole = (b"data: a\n\n".to_vec(), None);
    assert_eq!(decode("gzip", body.chunks(1)), whole);
    assert_eq!(decode("gzip", [&body[..]]), whole);

    // With a checksum of the head, which is right, and then wrong.
    let head = 10 + 2 + 300 + "events\0as they come\0".len();
    body[3] |= 1 << 1;
    let [low, high, ..] = crc32fast::hash(&body[..head]).to_le_bytes();
    body.splice(head..head, [low, high]);
    assert_eq!(decode("gzip", body.chunks(1)), whole);
    body[head] ^= 1;
    let (all, wrong) = decode("gzip", [&body[..]]);
    assert!(all.is_empty());
    assert!(wrong.unwrap().contains("a wrong checksum of its head"));
}

#[test]
fn a_wrong_checksum_is_an_error_after_the_data() {
    for (name, from_end, says) in [
        ("gzip", 5, "a wrong checksum"),
        ("gzip", 1, "a wrong length"),
        ("deflate", 1, "a wrong checksum"),
        ("zstd", 1, "checksum"),
    ] {
        let (_, encoder) = ENCODINGS.iter().find(|(known, _)| *known == name).unwrap();
        let Sample {
            plain, mut encoded, ..
        } = sample(*encoder);
        let at = encoded.len() - from_end;
        encoded[at] ^= 1;
        let (all, wrong) = decode(name, [&encoded[..]]);
        assert_eq!(all, plain, "{name}");
        let wrong = wrong.unwrap();
        assert!(wrong.contains(says), "{wrong}");
    }
}

#[test]
fn a_window_of_zstd_is_eight_mebibytes_at_most() {
    let event = b"data: a\n\n";
    let (all, wrong) = decode("zstd", [&Zstd::new(23).flushed(event)[..]]);
    assert_eq!((&all[..], wrong.is_some()), (&event[..], true));
    let (all, wrong) = decode("zstd", [&Zstd::new(24).flushed(event)[..]]);
    let wrong = wrong.unwrap();
    assert!(
        all.is_empty() && wrong.contains("too much memory"),
        "{wrong}"
    );
}

#[test]
fn a_window_of_br_is_as_large_as_the_standard_has_it() {
    // 30 bits, by the extension that only those have who agreed on it.
    let (all, wrong) = decode("br", [&[0x11, 0x1e, 0, 0, 0, 0, 0, 0][..]]);
    assert!(all.is_empty());
    assert!(wrong.unwrap().contains("invalid data"));
}

#[test]
fn names_are_read_as_http_has_them() {
    let (_, gzip) = ENCODINGS[0];
    let Sample { plain, encoded, .. } = sample(gzip);
    for name in [
        "gzip",
        "x-gzip",
        "GZip",
        " gzip ,",
        "identity, gzip",
        "gzip,identity",
    ] {
        assert_eq!(
            decode(name, [&encoded[..]]),
            (plain.clone(), None),
            "{name}"
        );
    }
    // In two lines it is the same list.
    let (_, twice) = ENCODINGS[5];
    let sample = sample(twice);
    let mut two = headers("gzip");
    two.append(CONTENT_ENCODING, HeaderValue::from_static("br"));
    let mut decoding = Decoding::of(&mut two).unwrap().unwrap();
    decoding.feed(sample.encoded.into());
    let mut all = Vec::new();
    while let Some(piece) = decoding.next().unwrap() {
        all.extend_from_slice(&piece);
    }
    assert_eq!(all, sample.plain);

    for name in ["", "identity", " , "] {
        assert!(
            Decoding::of(&mut headers(name)).unwrap().is_none(),
            "{name}"
        );
    }
    assert!(Decoding::of(&mut HeaderMap::new()).unwrap().is_none());
}

#[test]
fn the_headers_say_nothing_more_of_what_is_undone() {
    let mut undone = headers("gzip");
    undone.insert(CONTENT_LENGTH, HeaderValue::from_static("31"));
    undone.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Decoding::of(&mut undone).unwrap().unwrap();
    let names: Vec<_> = undone.keys().collect();
    assert_eq!(names, [CONTENT_TYPE]);
}

#[test]
fn what_cannot_be_undone_is_named_and_stays() {
    for (name, says) in [
        ("compress", "\"compress\""),
        ("gzip, dcb", "\"dcb\""),
        ("gzip gzip", "\"gzip gzip\""),
        ("br,br,br,br,br,br", "more than 5 times"),
    ] {
        let mut headers = headers(name);
        let wrong = Decoding::of(&mut headers).err().unwrap();
        assert!(wrong.contains(says), "{wrong}");
        assert_eq!(headers[CONTENT_ENCODING], name);
    }
}
