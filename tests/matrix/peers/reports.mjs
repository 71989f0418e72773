// What the programs in JavaScript print, one JSON object a line.

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Calls back when standard input has ended.
export function atEndOfInput(callback) {
  process.stdin.on('end', callback).resume();
}
