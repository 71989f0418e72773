"""Prints a stream. It reconnects and resumes by itself; Ctrl-C ends it.

python subscribe.py "http://127.0.0.1:8844/events?topic=numbers"
"""

import sys

import eventwire

with eventwire.connect(sys.argv[1]) as stream:
    try:
        for event in stream:
            print(event.id, event.event, event.data, flush=True)
    except KeyboardInterrupt:
        pass
