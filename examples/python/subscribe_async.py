"""Prints a stream, on an event loop.

python subscribe_async.py "http://127.0.0.1:8844/events?topic=numbers"
"""

import asyncio
import contextlib
import sys

import eventwire


async def main(url: str) -> None:
    async with eventwire.aconnect(url) as stream:
        async for event in stream:
            print(event.id, event.event, event.data, flush=True)


with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main(sys.argv[1]))
