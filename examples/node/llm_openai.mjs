// Asks a language model behind an OpenAI-shaped service, and prints the answer as it comes.
//
//     OPENAI_API_KEY=... node llm_openai.mjs https://api.openai.com/v1/chat/completions MODEL 'Why are there tides?'
//
// The stream is read by `fetch` and decoded by eventwire. The same by eventwire's own client is
// `connect(url, { method: 'POST', headers, json, retry: null })`, which never sends a question twice; with `idleTimeout` it also
// notices when nothing comes any more.

import { decode } from 'eventwire';

const [url, model, question] = process.argv.slice(2);

async function ask() {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.OPENAI_API_KEY ?? ''}` },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: question }],
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  for await (const { data } of decode(response.body)) {
    // The end is text where JSON was. To leave the loop closes the connection.
    if (data === '[DONE]') return;
    const { choices, usage, error } = JSON.parse(data);
    // The status was sent before anything went wrong, so it comes as an event.
    if (error) throw new Error(`${error.type}: ${error.message}`);
    // The last chunk has the usage, and no choices.
    for (const { delta } of choices) process.stdout.write(delta.content ?? '');
    if (usage) console.log(`\n[${usage.completion_tokens} tokens]`);
  }
  throw new Error('the stream was over before its [DONE]');
}

try {
  await ask();
} catch (error) {
  // fetch says `fetch failed`, and why in the cause.
  console.error(`\nerror: ${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
  process.exitCode = 1;
}
