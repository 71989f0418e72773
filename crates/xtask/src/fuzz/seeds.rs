//! Every codec fixture as an input of a fuzz target, so that the fuzzer starts with each rule of the format.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Target;

/// The longest input, of the fuzzer too: longer ones slow it down and find nothing more, since it can repeat a stream.
pub(super) const LONGEST: usize = 400;

/// Writes the inputs of a target into a folder, and nothing else stays there.
pub(super) fn write(fixtures: &Path, target: Target, folder: &Path) -> Result<()> {
    let context = || format!("cannot write the seeds into {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(context)?;
    }
    fs::create_dir_all(folder).with_context(context)?;
    let entries =
        fs::read_dir(fixtures).with_context(|| format!("cannot read {}", fixtures.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let file: Value = serde_json::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("{} is no JSON", path.display()))?;
        let cases = file["cases"].as_array().into_iter().flatten();
        for (at, case) in cases.enumerate() {
            for (form, input) in inputs(target, case).into_iter().enumerate() {
                if input.len() <= LONGEST {
                    fs::write(folder.join(format!("{name}-{at}-{form}")), input)
                        .with_context(context)?;
                }
            }
        }
    }
    Ok(())
}

/// The inputs that a case makes, in the form that `crates/codec/fuzz/src` gives to them.
fn inputs(target: Target, case: &Value) -> Vec<Vec<u8>> {
    match (target, case.get("encode")) {
        (Target::Decoder, None) => {
            let whole = [0; 4];
            let byte_by_byte = [1; 4];
            [whole, byte_by_byte]
                .map(|chunks| decoder(case, chunks))
                .into()
        }
        (Target::Encoder, Some(block)) => vec![encoder(block)],
        _ => Vec::new(),
    }
}

fn decoder(case: &Value, chunks: [u8; 4]) -> Vec<u8> {
    let options = &case["options"];
    let limit = |name: &str| {
        let bytes = options[name].as_u64().unwrap_or(u64::MAX);
        u8::try_from(bytes).unwrap_or(u8::MAX)
    };
    let comments = options["comments"].as_bool().unwrap_or(false);
    let (retries, repeats, taken) = (1, 0, 1);
    let [a, b, c, d] = chunks;
    let (line, event) = (limit("max_line"), limit("max_event"));
    let mut input = vec![
        comments.into(),
        retries,
        line,
        event,
        repeats,
        a,
        b,
        c,
        d,
        taken,
    ];
    input.extend(bytes(&case["input"]));
    input
}

fn encoder(block: &Value) -> Vec<u8> {
    let names = ["comment", "retry", "id", "event", "data"];
    let fields = names.iter().enumerate();
    let fields = fields.map(|(bit, name)| u8::from(block.get(name).is_some()) << bit);
    let retry = block["retry"].as_u64().unwrap_or(0);
    let texts = ["comment", "id", "event", "data"].map(|name| bytes(&block[name]));
    let mut input = vec![fields.sum()];
    input.extend(retry.to_le_bytes());
    input.extend(texts.join(&0xFF));
    input
}

/// The bytes of a text of the fixtures, or of the parts that it is made of. What is not there has none.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        part => {
            let times = part["times"]
                .as_u64()
                .and_then(|times| usize::try_from(times).ok());
            match (part["hex"].as_str(), times) {
                (Some(hex), _) => unhex(hex),
                (None, Some(times)) => bytes(&part["repeat"]).repeat(times.min(LONGEST + 1)),
                (None, None) => Vec::new(),
            }
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    let pairs = digits.chunks(2);
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + digit);
    pairs
        .filter_map(|pair| u8::try_from(byte(pair)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_an_input_of_the_decoder_with_its_options() {
        let case = json!({
            "options": {"max_line": 7, "max_event": 300, "comments": true},
            "input": [{"hex": "EF BBbf"}, "data: ", {"repeat": "x", "times": 3}],
        });
        let whole = b"\x01\x01\x07\xFF\x00\x00\x00\x00\x00\x01\xEF\xBB\xBFdata: xxx";
        let cut = b"\x01\x01\x07\xFF\x00\x01\x01\x01\x01\x01\xEF\xBB\xBFdata: xxx";
        assert_eq!(
            inputs(Target::Decoder, &case),
            [whole.to_vec(), cut.to_vec()]
        );
        assert!(inputs(Target::Encoder, &case).is_empty());
    }

    #[test]
    fn a_block_is_an_input_of_the_encoder_with_the_fields_that_it_has() {
        let case = json!({"encode": {"retry": 258, "id": "", "data": "a\nb"}});
        let input = b"\x16\x02\x01\x00\x00\x00\x00\x00\x00\xFF\xFF\xFFa\nb";
        assert_eq!(inputs(Target::Encoder, &case), [input.to_vec()]);
        assert!(inputs(Target::Decoder, &case).is_empty());
    }
}
