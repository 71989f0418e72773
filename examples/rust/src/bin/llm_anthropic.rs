//! Asks a language model behind an Anthropic-shaped service, and prints the answer as it comes.
//!
//! ```text
//! ANTHROPIC_API_KEY=... cargo run -p eventwire-examples --bin llm_anthropic -- \
//!     https://api.anthropic.com/v1/messages MODEL "Why are there tides?"
//! ```
//!
//! The stream is read by reqwest and decoded by eventwire. The same by eventwire's own client is `eventwire::connect(url)` with
//! `.method("POST")`, `.body(...)` and `.no_retry()`, which never sends a question twice; with `.idle_timeout(...)` it also notices
//! when nothing comes any more, not even a ping.

use std::io::Write;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    // This repository builds reqwest without a cryptography of its own; with reqwest's default features, leave this out.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let mut args = std::env::args().skip(1);
    let (Some(url), Some(model), Some(question)) = (args.next(), args.next(), args.next()) else {
        bail!("usage: llm_anthropic URL MODEL QUESTION");
    };
    let body = json!({
        "model": model,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": question}],
        "stream": true,
    });
    let response = reqwest::Client::new()
        .post(&url)
        .header(
            "x-api-key",
            std::env::var("ANTHROPIC_API_KEY").unwrap_or_default(),
        )
        .header("anthropic-version", "2023-06-01")
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await?;
    if !response.status().is_success() {
        let status = response.status().as_u16();
        bail!("{url} answered {status}: {}", response.text().await?);
    }

    let mut events = eventwire::decode(response.bytes_stream());
    while let Some(event) = events.next().await {
        let event = event?;
        let data: Value = serde_json::from_str(event.data()).context("the data is not JSON")?;
        match event.event() {
            "content_block_delta" => {
                // The deltas of other blocks (thinking, the use of a tool) have no text.
                print!("{}", text(&data["delta"]["text"]));
                std::io::stdout().flush()?;
            }
            "message_delta" => println!("\n[{} tokens]", data["usage"]["output_tokens"]),
            "message_stop" => return Ok(()),
            "error" => {
                let error = &data["error"];
                bail!("{}: {}", text(&error["type"]), text(&error["message"]));
            }
            // message_start, content_block_start, content_block_stop, ping, and what is yet to be invented.
            _ => {}
        }
    }
    bail!("the stream was over before its message_stop")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
