"""A hub of eventwire in a Python process."""

import inspect
import threading

import eventwire

options = {"max_connections": 20_000}
# One thread, as every server that is compared has; where it takes no such option, its sockets are on the runtime.
if "threads" in inspect.signature(eventwire.Hub.serve).parameters:
    options["threads"] = 1
with eventwire.Hub() as hub, hub.serve("127.0.0.1:0", **options) as server:
    print(f"listening on {server.url}", flush=True)
    threading.Event().wait()
