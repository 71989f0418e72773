// The event stream format once more, read slowly from the standard: decode, split, interpret. Nothing here is ours: what it
// says is held against what the decoder says.

const MAX_RETRY = 2n ** 53n - 1n;
const BOM = [0xef, 0xbb, 0xbf];

// What a decoder has to tell of a whole stream: its items, comments among them, and what it says at the end.
export function oracle(stream, { lastEventId = '', maxLine = Infinity, maxEvent = Infinity } = {}) {
  const beyond = firstBeyond(stream, maxLine, maxEvent);
  // What follows the byte that hit a limit is not read, and its own line has no end then.
  const read = beyond ? stream.subarray(0, beyond.at) : stream;
  // TextDecoder skips one BOM, as the standard's "UTF-8 decode" does.
  const lines = new TextDecoder().decode(read).split(/\r\n|\r|\n/);
  lines.pop();
  const told = { items: [], lastEventId, reconnectionTime: null, limit: beyond?.limit ?? null };
  let [data, event, id] = ['', '', lastEventId];
  for (const line of lines) {
    if (line === '') {
      told.lastEventId = id;
      if (data !== '') told.items.push({ event: event || 'message', data: data.slice(0, -1), id });
      [data, event] = ['', ''];
      continue;
    }
    const { name, value } = split(line);
    if (name === '' && line.startsWith(':')) told.items.push({ comment: value });
    else if (name === 'data') data += `${value}\n`;
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) {
      const time = BigInt(value);
      told.reconnectionTime = Number(time < MAX_RETRY ? time : MAX_RETRY);
    }
  }
  return told;
}

function split(line) {
  const colon = line.indexOf(':');
  if (colon === -1) return { name: line, value: '' };
  return { name: line.slice(0, colon), value: line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1) };
}

// The first byte that makes a line or an event too large, by looking at the stream up to every byte.
function firstBeyond(stream, maxLine, maxEvent) {
  if (maxLine === Infinity && maxEvent === Infinity) return null;
  const bom = BOM.every((byte, at) => at >= stream.length || stream[at] === byte);
  if (bom && stream.length <= BOM.length) return null;
  const skipped = bom ? BOM.length : 0;
  // A character for each byte, so that lengths are in bytes.
  const text = Buffer.from(stream.subarray(skipped)).toString('latin1');
  for (let at = 0; at < text.length; at++) {
    const { line, event } = sizes(text.slice(0, at + 1));
    if (line > maxLine) return { at: at + skipped, limit: 'line' };
    if (event > maxEvent) return { at: at + skipped, limit: 'event' };
  }
  return null;
}

// How many bytes the line and the event have that the stream, so far, ends in.
function sizes(text) {
  const lines = text.split(/\r\n|\r|\n/);
  const unfinished = lines.pop();
  // The event has the lines behind the last blank one. The line that still arrives counts once its name is known.
  const block = lines.slice(lines.lastIndexOf('') + 1);
  const data = [];
  let [event, id] = ['', ''];
  const count = (line, arriving) => {
    const { name, value } = split(line);
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && (arriving || !value.includes('\0'))) id = value;
  };
  for (const line of block) count(line, false);
  if (unfinished.includes(':')) count(unfinished, true);
  return { line: unfinished.length, event: data.join('\n').length + event.length + id.length };
}
