// Asks a language model behind an Anthropic-shaped service, and prints the answer as it comes.
//
//     ANTHROPIC_API_KEY=... node llm_anthropic.mjs https://api.anthropic.com/v1/messages MODEL 'Why are there tides?'
//
// The stream is read by `fetch` and decoded by eventwire. The same by eventwire's own client is
// `connect(url, { method: 'POST', headers, json, retry: null })`, which never sends a question twice; with `idleTimeout` it also
// notices when nothing comes any more.

import { decode } from 'eventwire';

const [url, model, question] = process.argv.slice(2);

async function ask() {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': process.env.ANTHROPIC_API_KEY ?? '',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({
      model,
      max_tokens: 1024,
      messages: [{ role: 'user', content: question }],
      stream: true,
    }),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  for await (const { event, data } of decode(response.body)) {
    const { delta, usage, error } = JSON.parse(data);
    switch (event) {
      case 'content_block_delta':
        // The deltas of other blocks (thinking, the use of a tool) have no text.
        process.stdout.write(delta.text ?? '');
        break;
      case 'message_delta':
        console.log(`\n[${usage.output_tokens} tokens]`);
        break;
      case 'message_stop':
        return;
      case 'error':
        throw new Error(`${error.type}: ${error.message}`);
      // Also message_start, content_block_start, content_block_stop, ping, and what is yet to be invented.
    }
  }
  throw new Error('the stream was over before its message_stop');
}

try {
  await ask();
} catch (error) {
  // fetch says `fetch failed`, and why in the cause.
  console.error(`\nerror: ${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
  process.exitCode = 1;
}
