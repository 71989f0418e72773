#!/usr/bin/env node
'use strict';

const { native } = require('../lib/native.js');

// The program is the same one by cargo, pip and npm, and handles Ctrl-C by itself. It passes a signal on to the handler
// that was there before, and Node's own for these two raises the signal again, for ever: a listener takes its place.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

process.exit(native.run(['eventwire', ...process.argv.slice(2)]));
