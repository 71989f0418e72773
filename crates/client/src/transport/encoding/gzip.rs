//! `gzip` (RFC 1952): members one after the other, each with a head, DEFLATE, and checksums.

use bytes::{Buf, Bytes};
use crc32fast::Hasher;

use super::deflate::Inflate;
use super::{Undo, Wrong};

const HEAD_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

pub(super) struct Gzip {
    part: Part,
    /// What of a part of a fixed length came so far.
    bytes: [u8; 10],
    have: usize,
    flags: u8,
    /// Whether a member is complete.
    first_is_over: bool,
    inflate: Inflate,
    /// Of the head, then of what is in it.
    crc: Hasher,
    size: u32,
}

/// Where it is in a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Fixed,
    ExtraLength,
    /// So much of it is left.
    Extra(usize),
    Name,
    Comment,
    HeadCrc,
    Body,
    Trailer,
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip {
            part: Part::Fixed,
            bytes: [0; 10],
            have: 0,
            flags: 0,
            first_is_over: false,
            inflate: Inflate::new(false),
            crc: Hasher::new(),
            size: 0,
        }
    }

    /// Reads what is before the body, or after it; whether the body is next.
    fn read(&mut self, input: &mut Bytes) -> Result<bool, Wrong> {
        loop {
            match self.part {
                Part::Body => return Ok(true),
                Part::Fixed => {
                    if !self.collect(input, 10)? {
                        return Ok(false);
                    }
                    self.flags = self.bytes[3];
                    self.crc.update(&self.bytes);
                    self.go_on(Part::ExtraLength);
                }
                Part::ExtraLength if self.flags & EXTRA == 0 => self.part = Part::Name,
                Part::ExtraLength => {
                    if !self.collect(input, 2)? {
                        return Ok(false);
                    }
                    self.crc.update(&self.bytes[..2]);
                    let length = u16::from_le_bytes([self.bytes[0], self.bytes[1]]);
                    self.go_on(Part::Extra(length.into()));
                }
                Part::Extra(0) => self.part = Part::Name,
                Part::Extra(left) => {
                    let here = input.split_to(left.min(input.len()));
                    if here.is_empty() {
                        return Ok(false);
                    }
                    self.crc.update(&here);
                    self.part = Part::Extra(left - here.len());
                }
                Part::Name if self.flags & NAME == 0 => self.part = Part::Comment,
                Part::Comment if self.flags & COMMENT == 0 => self.part = Part::HeadCrc,
                Part::Name | Part::Comment => {
                    let end = input.iter().position(|byte| *byte == 0);
                    let here = input.split_to(end.map_or(input.len(), |end| end + 1));
                    self.crc.update(&here);
                    match (end, self.part) {
                        (None, _) => return Ok(false),
                        (_, Part::Name) => self.part = Part::Comment,
                        _ => self.part = Part::HeadCrc,
                    }
                }
                Part::HeadCrc if self.flags & HEAD_CRC == 0 => self.begin_body(),
                Part::HeadCrc => {
                    if !self.collect(input, 2)? {
                        return Ok(false);
                    }
                    let [low, high, ..] = self.crc.clone().finalize().to_le_bytes();
                    if self.bytes[..2] != [low, high] {
                        return Err(Wrong::Corrupt("a wrong checksum of its head"));
                    }
                    self.begin_body();
                }
                Part::Trailer => {
                    if !self.collect(input, 8)? {
                        return Ok(false);
                    }
                    if self.bytes[..4] != self.crc.clone().finalize().to_le_bytes() {
                        return Err(Wrong::Corrupt("a wrong checksum"));
                    }
                    if self.bytes[4..8] != self.size.to_le_bytes() {
                        return Err(Wrong::Corrupt("a wrong length"));
                    }
                    self.first_is_over = true;
                    self.crc.reset();
                    self.go_on(Part::Fixed);
                }
            }
        }
    }

    /// Collects so many bytes; whether they are there. What is no head is found out by its first byte that is none.
    fn collect(&mut self, input: &mut Bytes, length: usize) -> Result<bool, Wrong> {
        while self.have < length {
            let Ok(byte) = input.try_get_u8() else {
                return Ok(false);
            };
            self.bytes[self.have] = byte;
            if self.part == Part::Fixed {
                self.check_head(self.have, byte)?;
            }
            self.have += 1;
        }
        Ok(true)
    }

    fn check_head(&self, at: usize, byte: u8) -> Result<(), Wrong> {
        match (at, byte) {
            (0, 0x1f) | (1, 0x8b) | (2, 8) => Ok(()),
            (0 | 1, _) if self.first_is_over => Err(Wrong::Follows),
            (0 | 1, _) => Err(Wrong::Corrupt("it does not begin as gzip does")),
            (2, _) => Err(Wrong::Corrupt("an unknown method")),
            (3, flags) if flags & RESERVED != 0 => Err(Wrong::Corrupt("unknown flags")),
            _ => Ok(()),
        }
    }

    fn go_on(&mut self, part: Part) {
        self.part = part;
        self.have = 0;
    }

    fn begin_body(&mut self) {
        self.crc.reset();
        self.size = 0;
        self.inflate.restart();
        self.go_on(Part::Body);
    }
}

impl Undo for Gzip {
    fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong> {
        if self.part == Part::Body && self.inflate.is_over() {
            self.go_on(Part::Trailer);
        }
        if !self.read(input)? {
            return Ok(&[]);
        }
        let piece = self.inflate.next(input)?;
        self.crc.update(piece);
        // Modulo 2^32, says the standard.
        self.size = self.size.wrapping_add(piece.len() as u32);
        Ok(piece)
    }

    fn is_whole(&self) -> bool {
        self.part == Part::Fixed && self.have == 0
    }
}
