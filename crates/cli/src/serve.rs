//! `eventwire serve`

use std::time::Duration;

use eventwire_server::{Cors, Hub, ServeOptions};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::Serve;
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
        .map_err(Failure::of)?;
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
        options = options.cors(Cors::parse(&args.cors).map_err(Failure::of)?);
    }
    if let Some(count) = args.max_connections {
        options = options.max_connections(count);
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
    builder.build().map_err(Failure::of)
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
