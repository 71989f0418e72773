//! The classic example: a client that reads a stream to its event `end`. The dates come as JSON.
//!
//! ```text
//! cargo run -p eventwire-examples --bin classic_client -- http://127.0.0.1:8080/stream
//! ```

use anyhow::{Context, Result, bail};
use eventwire::ConnectOptions;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://127.0.0.1:8080/stream".to_owned());
    // This stream has an end, and is not to be asked for again after it.
    let mut stream = ConnectOptions::new(format!("{url}?json"))
        .no_retry()
        .open()?;
    while let Some(event) = stream.next().await {
        let event = event?;
        if event.event() == "end" {
            println!("end: {}", event.data());
            return Ok(());
        }
        let data: Value = serde_json::from_str(event.data()).context("the data is not JSON")?;
        println!(
            "{}: {}",
            event.event(),
            data["date"].as_str().context("the data has no date")?
        );
    }
    bail!("the stream was over before its event `end`")
}
