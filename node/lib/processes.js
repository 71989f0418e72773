'use strict';

// Whether this process is one of several that run the same application.

const cluster = require('node:cluster');
const { native } = require('./native.js');

let looked = false;

// What shows that there are several; null where nothing does.
function evidence({ NODE_APP_INSTANCE: instance, WEB_CONCURRENCY: concurrency, instances } = process.env) {
  // PM2 says which instance this is, and how many it started. In its cluster mode one alone is a worker too.
  if (instance !== undefined) {
    return Number(instance) > 0 || Number(instances) > 1 ? `this is instance ${instance} of PM2's` : null;
  }
  if (cluster.isWorker) return 'this is a worker of a cluster';
  return Number(concurrency) > 1 ? `WEB_CONCURRENCY is ${concurrency}` : null;
}

// Warns whoever makes the first hub in memory of this process, where it is one of several.
function warnOfSeveral() {
  if (looked) return;
  looked = true;
  const shown = evidence();
  const text = shown && native.severalProcesses(shown);
  if (text) process.emitWarning(text, { type: 'EventwireWarning', code: 'EVENTWIRE_SEVERAL_PROCESSES' });
}

module.exports = { warnOfSeveral };
