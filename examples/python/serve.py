"""A hub with an HTTP server, in a few lines. It publishes a number every second.

python serve.py
"""

import itertools
import sys
import time

import eventwire

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8844"

with eventwire.Hub() as hub, hub.serve(address) as server:
    print(f"subscribe to {server.url}/events?topic=numbers", flush=True)
    try:
        for number in itertools.count(1):
            hub.publish("numbers", json={"number": number}, event="number")
            time.sleep(1)
    except KeyboardInterrupt:
        pass
