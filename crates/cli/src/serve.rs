//! `eventwire serve`

use std::fmt::Display;
use std::time::Duration;

use clap::CommandFactory;
use eventwire_server::{Cors, Hub, ServeOptions};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{Args, Serve};
use crate::failure::Failure;
use crate::output::{Output, notice};
use crate::signals::Signals;

/// How long open requests may take when it is told to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until a signal comes.
pub(crate) async fn serve(args: Serve, signals: &mut Signals) -> Result<(), Failure> {
    if args.log {
        log();
    }
    let hub = hub(&args)?;
    let server = hub
        .serve(&args.listen, options(&args)?)
        .await
        .map_err(in_options)?;
    let mut output = Output::new();
    output.line(&format!("listening on {}", server.url()))?;
    output.flush()?;
    let code = signals.received().await;
    tokio::select! {
        _ = server.drain(PATIENCE) => {}
        // Whoever asks twice wants it now.
        _ = signals.received() => {}
    }
    Err(Failure::Signal(code))
}

fn options(args: &Serve) -> Result<ServeOptions, Failure> {
    let mut options = ServeOptions::new().open_publish(args.open_publish);
    if !args.cors.is_empty() {
        options = options.cors(Cors::parse(&args.cors).map_err(in_options)?);
    }
    if let Some(count) = args.max_connections {
        options = options.max_connections(count);
    }
    if let Some(bytes) = args.max_body {
        options = options.max_body(bytes);
    }
    if let Some(count) = args.threads {
        options = options.threads(count);
    }
    if let Some(time) = args.write_timeout {
        options = options.write_timeout(time);
    }
    if let Some(time) = args.peer_timeout {
        options = options.peer_timeout(time);
    }
    if let Some(bytes) = args.send_buffer {
        options = options.send_buffer(bytes);
    }
    Ok(options)
}

fn hub(args: &Serve) -> Result<Hub, Failure> {
    let mut builder = Hub::builder().store(&args.store).max_age(args.max_age);
    if let Some(count) = args.max_events {
        builder = builder.max_events(count);
    }
    if let Some(bytes) = args.max_bytes {
        builder = builder.max_bytes(bytes);
    }
    if let Some(heartbeat) = args.heartbeat {
        builder = builder.heartbeat(Some(heartbeat).filter(|every| !every.is_zero()));
    }
    for (topic_or_pattern, count) in &args.retained {
        builder = builder.retain(topic_or_pattern, *count);
    }
    if let Some(bytes) = args.max_event {
        builder = builder.max_event(bytes);
    }
    if let Some(count) = args.max_topics {
        builder = builder.max_topics(count);
    }
    if let Some(slow) = args.slow {
        builder = builder.slow(slow);
    }
    if let Some(time) = args.retry {
        builder = builder.retry(Duration::from_millis(time));
    }
    builder.build().map_err(in_options)
}

/// An error of the library, with the names that its options have here: `--max-events` for `max_events`.
fn in_options(error: impl Display) -> Failure {
    let text = error.to_string();
    let within = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let command = Args::command();
    let serve = command.find_subcommand("serve");
    let names: Vec<String> = serve
        .into_iter()
        .flat_map(clap::Command::get_arguments)
        .map(|argument| argument.get_id().to_string())
        // A name of one word may be a word.
        .filter(|name| name.contains('_'))
        .collect();
    let words = text.split_inclusive(|c| !within(c)).map(|word| {
        let name = word.trim_end_matches(|c| !within(c));
        if names.iter().any(|known| known == name) {
            format!("--{}{}", name.replace('_', "-"), &word[name.len()..])
        } else {
            word.to_owned()
        }
    });
    Failure::Said(words.collect())
}

/// Logs what the hub has to say as lines of JSON.
fn log() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    let ours = Targets::new().with_target("eventwire", Level::INFO);
    if tracing_subscriber::registry()
        .with(ours)
        .with(lines)
        .try_init()
        .is_err()
    {
        // Only where this runs inside another program.
        notice("this process has a log already, which --log leaves alone");
    }
}
