"""The client of the matrix in Python, with asyncio: async_client.py URL.

../README.md has its protocol.
"""

import asyncio
import sys

import eventwire
from reports import closed, failed, report


async def main() -> int:
    async with eventwire.aconnect(sys.argv[1]) as stream:
        closing = asyncio.create_task(close_at_end(stream))
        try:
            async for item in stream.items():
                report(item)
        except eventwire.EventwireError as error:
            failed(error)
            return 1
        finally:
            closing.cancel()
    closed()
    return 0


async def close_at_end(stream: eventwire.AsyncEventStream) -> None:
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin
    )
    await stdin.read()
    stream.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
