//! What can be typed.

use std::time::Duration;

use clap::{ArgGroup, Parser, Subcommand};
use eventwire_server::Slow;

use crate::address::header;
use crate::bench::Bench;

/// Server-Sent Events from the command line.
#[derive(Debug, Parser)]
#[command(name = "eventwire", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Tail(Tail),
    Publish(Publish),
    Bench(Bench),
}

/// Run a hub: publish to it and subscribe to it over HTTP.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct Serve {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8844")]
    pub(crate) listen: String,

    /// Where the log lives.
    #[arg(long, default_value = "memory:")]
    pub(crate) store: String,

    /// How many events the log holds [default: 100000]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_events: Option<usize>,

    /// How many bytes of events the log holds [default: 67108864]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes: Option<usize>,

    /// How many bytes an event may have: its data, its type and its id; by default as many as clients take that are not told
    /// otherwise [default: 16777216]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_event: Option<usize>,

    /// How many bytes the body of a publish may have [default: 16777216]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_body: Option<usize>,

    /// How many topics are known at a time [default: 1000000]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_topics: Option<usize>,

    /// What happens to a subscriber that the log's tail has passed: `disconnect` (it comes back by itself) or `skip` (it goes on behind a
    /// reset) [default: disconnect]
    #[arg(long, value_name = "HOW", value_parser = slow)]
    pub(crate) slow: Option<Slow>,

    /// The reconnection time that subscribers are told [default: none]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) retry: Option<u64>,

    /// How long an event is held [default: as long as there is room]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_age: Option<Duration>,

    /// How often a quiet stream gets a comment; 0 for never [default: 15]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) heartbeat: Option<Duration>,

    /// An origin whose pages may subscribe and publish; `*` for any, which may only subscribe. May be given more than once
    #[arg(long, value_name = "ORIGIN", num_args = 1..)]
    pub(crate) cors: Vec<String>,

    /// Keep the last N events of a topic, or of each topic of a pattern such as `prices/*`, for those who come new; may be given
    /// more than once.
    #[arg(long = "retain", value_name = "TOPIC=N", value_parser = retained)]
    pub(crate) retained: Vec<(String, usize)>,

    /// Let anybody publish, also on an address that can be reached from elsewhere.
    #[arg(long)]
    pub(crate) open_publish: bool,

    /// How many connections are served at a time [default: as many as files may be open]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_connections: Option<usize>,

    /// How many threads write events to subscribers; 0 for none of their own [default: one for each processor]
    #[arg(long, value_name = "COUNT")]
    pub(crate) threads: Option<usize>,

    /// How long a subscriber may take nothing of what is sent to it [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) write_timeout: Option<Duration>,

    /// How long a subscriber's machine may give no sign of life [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) peer_timeout: Option<Duration>,

    /// How many bytes may wait in the operating system for one subscriber [default: 262144]
    #[arg(long, value_name = "BYTES")]
    pub(crate) send_buffer: Option<usize>,

    /// Log every subscription to the standard error, as lines of JSON.
    #[arg(long)]
    pub(crate) log: bool,
}

/// Print the events of a stream as they come; reconnects, and goes on where it was cut.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("format").args(["json", "raw"])))]
pub(crate) struct Tail {
    /// The address of an event stream, or of a hub's root.
    pub(crate) url: String,

    /// A topic to subscribe to; may be given more than once.
    #[arg(long = "topic", short, value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,

    /// A header to send; may be given more than once.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,

    /// Go on after the event with this id.
    #[arg(long, value_name = "ID")]
    pub(crate) last_event_id: Option<String>,

    /// Where to begin: `earliest`, or `last:N` for the last N events.
    #[arg(long, value_name = "WHERE", conflicts_with = "last_event_id")]
    pub(crate) start: Option<String>,

    /// How many bytes an event may have that is taken [default: 16777216]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_event: Option<usize>,

    /// How long nothing at all may come until the connection counts as dead, and is made again [default: as long as it likes]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) idle_timeout: Option<Duration>,

    /// Print each event as a line of JSON: {"event", "data", "id"}.
    #[arg(long)]
    pub(crate) json: bool,

    /// Print each event as it stands in the stream.
    #[arg(long)]
    pub(crate) raw: bool,

    /// Wait for a server that is not there yet. Without it, only a connection that stood once is made again.
    #[arg(long)]
    pub(crate) wait: bool,
}

/// Publish to a hub, and print the id of each event.
///
/// With `-`, the ids are printed in the order of the lines, each as soon as the hub has stored it, and many lines are on their way at a
/// time. Where one is not taken, no more are sent: the error tells its line and whether it was stored, those that were on their way are
/// waited for and told the same way, and the exit code is 1. It is 141 where nobody reads the ids any more.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// The address of a hub.
    pub(crate) url: String,

    /// The topic to publish under; may be given more than once.
    #[arg(long = "topic", short, value_name = "TOPIC", required = true)]
    pub(crate) topics: Vec<String>,

    /// The type of the event [default: message]
    #[arg(long, short)]
    pub(crate) event: Option<String>,

    /// A key that makes publishing the same again harmless.
    #[arg(long, short)]
    pub(crate) key: Option<String>,

    /// A header to send; may be given more than once.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,

    /// How long one attempt may take [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// How long an event is tried in all, until it counts as failed [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,

    /// The data; `-` publishes every line of the standard input, of at most 16 MiB, as an event of its own.
    #[arg(default_value = "-", allow_hyphen_values = true)]
    pub(crate) data: String,
}

fn slow(typed: &str) -> Result<Slow, String> {
    match typed {
        "disconnect" => Ok(Slow::Disconnect),
        "skip" => Ok(Slow::Skip),
        _ => Err("give disconnect or skip".to_owned()),
    }
}

fn retained(typed: &str) -> Result<(String, usize), String> {
    let (topic, count) = typed
        .rsplit_once('=')
        .ok_or("give TOPIC=N, such as prices/*=1")?;
    let count = count.parse().map_err(|_| {
        format!("{count:?} is no number of events: give TOPIC=N, such as {topic}=1")
    })?;
    Ok((topic.to_owned(), count))
}

pub(crate) fn seconds(typed: &str) -> Result<Duration, String> {
    let seconds: f64 = typed
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_make_sense_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_retained_is_a_topic_and_a_number() {
        assert_eq!(retained("prices/*=2"), Ok(("prices/*".to_owned(), 2)));
        assert_eq!(retained("a=b=2"), Ok(("a=b".to_owned(), 2)));
        for typed in ["prices", "prices=", "prices=-1", "=x"] {
            assert!(retained(typed).unwrap_err().contains("TOPIC=N"), "{typed}");
        }
    }

    #[test]
    fn seconds_may_have_a_fraction_but_not_a_sign() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "NaN", "inf", "1e30", "soon", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
