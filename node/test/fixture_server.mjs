// The program that plays the client fixtures: tests/rust/src/bin/fixture-server.rs describes what is said to it.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program =
  process.env.EVENTWIRE_FIXTURE_SERVER ?? fileURLToPath(new URL('../../target/debug/fixture-server', import.meta.url));

export class FixtureServer {
  #child;
  #waiting = [];

  constructor() {
    if (!existsSync(program)) {
      throw new Error(`${program} is not built: cargo build -p eventwire-tests --bin fixture-server`);
    }
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    this.#child.on('close', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the fixture server ended with ${code}`));
    });
  }

  play(name) {
    return this.#ask({ play: name });
  }

  // What is wrong with what came of it, or null.
  async judge(play, runner, told) {
    return (await this.#ask({ judge: play, runner, told })).wrong;
  }

  async #ask(command) {
    // Answers come in the order of the commands.
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { failed, ...rest } = await answer;
    if (failed !== undefined) throw new Error(failed);
    return rest;
  }

  close() {
    this.#child.stdin.end();
  }
}
