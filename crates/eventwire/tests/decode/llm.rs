//! Runs tests/fixtures/llm: streams of language models, in every chunking.

use std::fs;
use std::io;
use std::path::Path;

use eventwire::decode;
use futures_util::stream::iter;
use serde_json::{Value, json};

/// What a reader makes of a stream, in the fixtures' words.
#[derive(Default)]
struct Answer {
    text: String,
    arguments: String,
    stop: Value,
    output_tokens: Value,
    end: &'static str,
    error: Value,
}

impl Answer {
    fn fail(&mut self, error: &Value) {
        self.end = "error";
        self.error = json!(format!(
            "{}: {}",
            str(&error["type"]),
            str(&error["message"])
        ));
    }

    fn to_json(&self) -> Value {
        json!({
            "text": self.text, "arguments": self.arguments, "stop": self.stop,
            "output_tokens": self.output_tokens, "end": self.end, "error": self.error,
        })
    }
}

async fn read(shape: &str, chunks: impl IntoIterator<Item = &[u8]>) -> Value {
    let mut answer = Answer {
        end: "cut",
        ..Answer::default()
    };
    let mut events = decode(iter(chunks.into_iter().map(Ok::<_, io::Error>)));
    while let Some(event) = events.next().await.transpose().unwrap() {
        if event.data() == "[DONE]" {
            answer.end = "done";
            break;
        }
        let data: Value = serde_json::from_str(event.data()).unwrap();
        match shape {
            "openai" => openai(&mut answer, &data),
            "anthropic" => anthropic(&mut answer, event.event(), &data),
            other => panic!("unknown shape {other}"),
        }
        if answer.end != "cut" {
            break;
        }
    }
    answer.to_json()
}

fn openai(answer: &mut Answer, data: &Value) {
    if data.get("error").is_some() {
        return answer.fail(&data["error"]);
    }
    for choice in list(&data["choices"]) {
        let delta = &choice["delta"];
        answer.text.push_str(str(&delta["content"]));
        for call in list(&delta["tool_calls"]) {
            answer
                .arguments
                .push_str(str(&call["function"]["arguments"]));
        }
        keep(&mut answer.stop, &choice["finish_reason"]);
    }
    keep(
        &mut answer.output_tokens,
        &data["usage"]["completion_tokens"],
    );
}

fn anthropic(answer: &mut Answer, event: &str, data: &Value) {
    assert_eq!(data["type"], event, "the type is said twice");
    match event {
        "content_block_delta" => {
            answer.text.push_str(str(&data["delta"]["text"]));
            answer
                .arguments
                .push_str(str(&data["delta"]["partial_json"]));
        }
        "message_delta" => {
            keep(&mut answer.stop, &data["delta"]["stop_reason"]);
            keep(&mut answer.output_tokens, &data["usage"]["output_tokens"]);
        }
        "message_stop" => answer.end = "done",
        "error" => answer.fail(&data["error"]),
        _ => {}
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn str(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn keep(kept: &mut Value, value: &Value) {
    if !value.is_null() {
        kept.clone_from(value);
    }
}

#[tokio::test]
async fn every_stream_in_every_chunking() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/llm");
    let mut shapes = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder of the fixtures") {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|of| of != "txt") {
            continue;
        }
        let input = fs::read(&path).unwrap();
        let expect = fs::read_to_string(path.with_extension("json")).unwrap();
        let mut want: Value = serde_json::from_str(&expect).unwrap();
        let fields = want.as_object_mut().unwrap();
        fields
            .remove("why")
            .expect("a fixture says why it is there");
        let shape = fields.remove("shape").unwrap();
        let shape = shape.as_str().unwrap();

        let name = path.display();
        assert_eq!(read(shape, [&input[..]]).await, want, "{name}, whole");
        let bytes = || input.chunks(1);
        assert_eq!(read(shape, bytes()).await, want, "{name}, byte by byte");
        let with_empty = bytes().flat_map(|byte| [byte, b""]);
        let told = read(shape, with_empty).await;
        assert_eq!(told, want, "{name}, with empty chunks");
        for split in 0..=input.len() {
            let (left, right) = input.split_at(split);
            let told = read(shape, [left, right]).await;
            assert_eq!(told, want, "{name}, split at {split}");
        }
        shapes.push(shape.to_owned());
    }
    for shape in ["openai", "anthropic"] {
        let count = shapes.iter().filter(|of| *of == shape).count();
        assert!(count >= 3, "{count} fixtures of the shape {shape}");
    }
}
