#!/usr/bin/env node
'use strict';

const { native } = require('../lib/native.js');

// The program is the same one by cargo, pip and npm; it handles Ctrl-C by itself.
process.exit(native.run(['eventwire', ...process.argv.slice(2)]));
