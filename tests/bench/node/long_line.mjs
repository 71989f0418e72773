// One line as large as a whole workload: its cost must not depend on the chunks that it comes in, but for the calls.

import { cut, timed } from './measure.mjs';

const SIZES = [64, 65536];

function decode(Decoder, chunks, limit) {
  const decoder = new Decoder({ maxLine: limit, maxEvent: limit });
  let data = 0;
  for (const chunk of chunks) for (const event of decoder.feed(chunk)) data += event.data.length;
  return data;
}

export async function longLine({ Decoder }, { bytes, calls: count }, rounds) {
  console.log(`one line of ${bytes} bytes`);
  const input = Buffer.alloc(bytes, 'x');
  input.write('data: ');
  input.write('\n\n', bytes - 2);
  const lines = SIZES.map((chunk) => ({ chunk, chunks: cut(input, chunk), nanoseconds: [] }));
  // Comment lines of 64 bytes, byte by byte: nearly every call ends within a line, as those of the long line do; but the lines are
  // short, so that nothing that grows with the length of a line can hide in the cost of a call.
  const calls = cut(Buffer.from(`:${'x'.repeat(62)}\n`.repeat(count / 64)), 1);
  const nanoseconds = [];
  for (let round = 0; round <= rounds; round++) {
    for (const line of lines) {
      let data;
      const took = await timed(() => {
        data = decode(Decoder, line.chunks, bytes);
      });
      if (data !== bytes - 'data: \n\n'.length) throw new Error('the line is not whole');
      if (round > 0) line.nanoseconds.push(took);
    }
    const took = await timed(() => decode(Decoder, calls, bytes));
    if (round > 0) nanoseconds.push(took);
  }
  return {
    bytes,
    lines: lines.map(({ chunk, nanoseconds }) => ({ chunk, nanoseconds })),
    calls: { count, nanoseconds },
  };
}
