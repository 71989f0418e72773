// Publishes a line to a hub that runs elsewhere, and prints its id.
//
//     node publish.mjs http://127.0.0.1:8844 numbers 'one more'

import { Publisher } from 'eventwire';

const [url, topic, text] = process.argv.slice(2);
console.log(await new Publisher(url).publish(topic, text));
