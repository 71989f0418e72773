//! Asks a language model behind an OpenAI-shaped service, and prints the answer as it comes.
//!
//! ```text
//! OPENAI_API_KEY=... cargo run -p eventwire-examples --bin llm_openai -- \
//!     https://api.openai.com/v1/chat/completions MODEL "Why are there tides?"
//! ```
//!
//! The stream is read by reqwest and decoded by eventwire. The same by eventwire's own client is `eventwire::connect(url)` with
//! `.method("POST")`, `.body(...)` and `.no_retry()`, which never sends a question twice; with `.idle_timeout(...)` it also notices
//! when nothing comes any more.

use std::io::Write;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    // This repository builds reqwest without a cryptography of its own; with reqwest's default features, leave this out.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let mut args = std::env::args().skip(1);
    let (Some(url), Some(model), Some(question)) = (args.next(), args.next(), args.next()) else {
        bail!("usage: llm_openai URL MODEL QUESTION");
    };
    let body = json!({
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let response = reqwest::Client::new()
        .post(&url)
        .bearer_auth(std::env::var("OPENAI_API_KEY").unwrap_or_default())
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
        // The end is text where JSON was. To drop the events closes the connection.
        if event.data() == "[DONE]" {
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(event.data()).context("the data is not JSON")?;
        // The status was sent before anything went wrong, so it comes as an event.
        if let Some(error) = chunk.get("error") {
            bail!("{}: {}", text(&error["type"]), text(&error["message"]));
        }
        // The last chunk has the usage, and no choices.
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            print!("{}", text(&choice["delta"]["content"]));
            std::io::stdout().flush()?;
        }
        if let Some(tokens) = chunk["usage"]["completion_tokens"].as_u64() {
            println!("\n[{tokens} tokens]");
        }
    }
    bail!("the stream was over before its [DONE]")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
