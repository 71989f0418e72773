//! Who is compared with whom. The names are those that the runners of `tests/bench` write into their results.

use clap::ValueEnum;

/// A language that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// The crate.
    Rust,
    /// The npm package.
    Node,
    /// The Python package.
    Python,
}

/// A decoder of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoder {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) group: Group,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    Peer,
    /// No decoder: what the machine can do at best.
    Floor,
}

/// What is compared only with its own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Bytes in by a call, events out.
    Calls,
    /// Bytes and events through streams of the platform.
    Streams,
}

pub(crate) const BORROWED: &str = "eventwire, borrowed";
pub(crate) const OWNED: &str = "eventwire, owned";
pub(crate) const SSE_STREAM: &str = "sse-stream";
pub(crate) const MEMCPY: &str = "memcpy";

pub(crate) const FEED: &str = "eventwire, feed";
pub(crate) const TEXT_DECODER: &str = "eventsource-parser + TextDecoder";
pub(crate) const STRING_DECODER: &str = "eventsource-parser + StringDecoder";
pub(crate) const DECODER_STREAM: &str = "eventwire, EventDecoderStream";
pub(crate) const BATCHES: &str = "eventwire, EventDecoderStream of batches";
pub(crate) const DECODE_BODY: &str = "eventwire, decode(body)";
pub(crate) const PARSER_STREAM: &str = "TextDecoderStream + EventSourceParserStream";

pub(crate) const HTTPX_SSE: &str = "httpx-sse";
pub(crate) const OPENAI: &str = "openai";

const fn ours(name: &'static str) -> Decoder {
    let (role, group) = (Role::Ours, Group::Calls);
    Decoder { name, role, group }
}

const fn peer(name: &'static str) -> Decoder {
    let (role, group) = (Role::Peer, Group::Calls);
    Decoder { name, role, group }
}

const fn through_streams(decoder: Decoder) -> Decoder {
    let group = Group::Streams;
    Decoder { group, ..decoder }
}

const RUST: &[Decoder] = &[
    ours(BORROWED),
    ours(OWNED),
    peer(SSE_STREAM),
    peer("sse-codec"),
    peer("eventsource-stream"),
    Decoder {
        name: MEMCPY,
        role: Role::Floor,
        group: Group::Calls,
    },
];

const NODE: &[Decoder] = &[
    ours(FEED),
    peer(TEXT_DECODER),
    peer(STRING_DECODER),
    peer("undici"),
    through_streams(ours(DECODER_STREAM)),
    through_streams(ours(BATCHES)),
    through_streams(ours(DECODE_BODY)),
    through_streams(peer(PARSER_STREAM)),
];

const PYTHON: &[Decoder] = &[
    ours(FEED),
    ours("eventwire, decode()"),
    peer(HTTPX_SSE),
    peer("sseclient-py"),
    peer("anthropic"),
    peer(OPENAI),
];

impl Language {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Node => "node",
            Self::Python => "python",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Node => "Node",
            Self::Python => "Python",
        }
    }

    /// In the order in which they are shown.
    pub(crate) fn decoders(self) -> &'static [Decoder] {
        match self {
            Self::Rust => RUST,
            Self::Node => NODE,
            Self::Python => PYTHON,
        }
    }

    pub(crate) fn decoder(self, name: &str) -> Option<Decoder> {
        let mut all = self.decoders().iter();
        all.find(|decoder| decoder.name == name).copied()
    }
}
