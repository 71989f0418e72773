//! What can be typed behind `eventwire bench`.

use std::time::Duration;

use clap::Subcommand;

use crate::address::header;
use crate::args::seconds;

/// Measure a server of event streams, ours or another's: deliveries, latency, CPU, memory.
#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Subcommand)]
pub(super) enum What {
    FanOut(FanOut),
    Publish(Publish),
    Resume(Resume),
    Hold(Hold),
}

/// The server, and how to talk to it.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// The address of an event stream, or of a hub's root. Plain HTTP only.
    pub(super) url: String,

    /// The hub's topic that is subscribed to and published under. For another server, give --publish-url instead.
    #[arg(
        long,
        short,
        value_name = "TOPIC",
        default_value = "bench",
        conflicts_with = "publish_url"
    )]
    pub(super) topic: String,

    /// Where events are published by POST, for a server that is no eventwire hub [default: where they are read]
    #[arg(long, value_name = "URL")]
    pub(super) publish_url: Option<String>,

    /// The body of a publish; `{data}` stands for the event's data, which is safe within JSON quotes and in a form
    /// [default: our JSON, or, with --publish-url, the data alone]
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) publish_body: Option<String>,

    /// The Content-Type of a publish [default: application/json, or, with --publish-url, text/plain]
    #[arg(long, value_name = "TYPE")]
    pub(super) publish_type: Option<String>,

    /// A header for every request; may be given more than once.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(super) headers: Vec<(String, String)>,

    /// Bytes of data in an event.
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(super::payload::LEAST as i64..=1 << 20))]
    pub(super) size: u32,

    /// A process of the server, whose CPU time and memory are measured (Linux, the same machine); may be given more than once.
    #[arg(long, value_name = "PID")]
    pub(super) pid: Vec<u32>,

    /// How long nothing may come before it is given up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = time)]
    pub(super) timeout: Duration,

    /// The local addresses to connect from, taken in turn: one can have some 28,000 connections to a server
    /// [default: one for every 5000 connections from 127.0.0.1 on, where the server is on a 127 address]
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub(super) source: Vec<std::net::IpAddr>,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
}

/// Publish to many subscribers: deliveries per second, and how late they are.
#[derive(Debug, clap::Args)]
pub(super) struct FanOut {
    #[command(flatten)]
    pub(super) common: Common,

    /// How many subscribe.
    #[arg(long, short, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) subscribers: u32,

    /// Rounds: one event is published, and the next one when all have it. A tenth as many go before, uncounted.
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub(super) rounds: u32,

    /// Events per second, for latency at a fixed rate; 0 leaves it out.
    #[arg(long, value_name = "PER SECOND", default_value_t = 20.0, value_parser = rate)]
    pub(super) rate: f64,

    /// How long to publish at that rate.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = time)]
    pub(super) seconds: Duration,

    /// Events in a burst, all of them asked for at once over one connection; 0 leaves bursts out.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) burst: u32,

    /// How many bursts.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub(super) bursts: u32,
}

/// Publish from several connections: acknowledged events per second, and how long an acknowledgement takes.
#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    #[command(flatten)]
    pub(super) common: Common,

    /// How many publish, each its next event when the one before is acknowledged.
    #[arg(long, short, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) publishers: u32,

    /// How long.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = time)]
    pub(super) seconds: Duration,

    /// How many subscribe, and read, beside it.
    #[arg(long, short, value_name = "COUNT", default_value_t = 0)]
    pub(super) subscribers: u32,

    /// How many subscribe beside it, and never read.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) stalled: u32,
}

/// A reconnect storm: all subscribers are cut at once, and each resumes where it was.
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    pub(super) common: Common,

    /// How many subscribe.
    #[arg(long, short, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) subscribers: u32,

    /// How many events each has missed and gets again.
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) events: u32,

    /// Within which time they come back, evenly; 0 for as fast as it goes.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = time)]
    pub(super) jitter: Duration,
}

/// Hold connections for long, some of them slow, stalled or reconnecting: whoever reads must get all, in order.
#[derive(Debug, clap::Args)]
pub(super) struct Hold {
    #[command(flatten)]
    pub(super) common: Common,

    /// How many subscribe, all kinds together.
    #[arg(long, short, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) subscribers: u32,

    /// How many of them never read; each gives its place to another after two minutes or so.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) stalled: u32,

    /// How many of them read slowly.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) slow: u32,

    /// How much each of these reads per second.
    #[arg(long, value_name = "BYTES", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(super) slow_bytes: u32,

    /// How many of them are cut every ten seconds or so, and resume.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) reconnecting: u32,

    /// How long to publish.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = time)]
    pub(super) seconds: Duration,

    /// Events per second; 0 to only listen to what another process of the same --tag publishes, until it is at its end.
    #[arg(long, value_name = "PER SECOND", default_value_t = 5.0, value_parser = rate)]
    pub(super) rate: f64,

    /// What marks the events of this run, the same for all processes that take part in it [default: a random one]
    #[arg(long, value_name = "LETTERS", value_parser = tag)]
    pub(super) tag: Option<String>,
}

fn rate(typed: &str) -> Result<f64, String> {
    match typed.parse() {
        Ok(rate) if rate == 0.0 || (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("neither 0 nor a number from 0.001 to 1000000".into()),
    }
}

/// Up to eleven days: times are added to what a clock says.
fn time(typed: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_secs(1_000_000);
    match seconds(typed)? {
        time if time <= MOST => Ok(time),
        _ => Err(format!("more than {} seconds", MOST.as_secs())),
    }
}

fn tag(typed: &str) -> Result<String, String> {
    if (1..=16).contains(&typed.len()) && typed.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(typed.to_owned())
    } else {
        Err("give 1 to 16 letters and digits".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_a_tag_are_checked() {
        assert_eq!((rate("0.5"), rate("0")), (Ok(0.5), Ok(0.0)));
        assert!(time("1000000").is_ok() && time("1000001").is_err());
        for wrong in ["-1", "1e-9", "NaN", "inf", "often"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        assert!(tag("Run7").is_ok());
        for wrong in ["", "a b", "seventeen letters", "a.b", "é"] {
            assert!(tag(wrong).is_err(), "{wrong}");
        }
    }
}
