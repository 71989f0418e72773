"""The contract harness's service over `aconnect`, all streams on one event loop. ../README.md has its protocol."""

import asyncio
import contextlib
from typing import Any

import eventwire
import face


async def main() -> None:
    loop = asyncio.get_running_loop()

    # Called in the threads of the face.
    def open_stream(params: dict[str, Any], reporter: face.Reporter) -> eventwire.AsyncEventStream:
        stream = eventwire.aconnect(params["streamUrl"], **face.options(params))
        asyncio.run_coroutine_threadsafe(read(stream, reporter), loop)
        return stream

    await asyncio.to_thread(face.serve, "eventwire, Python aconnect", open_stream)


async def read(stream: eventwire.AsyncEventStream, reporter: face.Reporter) -> None:
    # The harness may be gone before the stream is: nobody is left to be told.
    with contextlib.suppress(ConnectionError):
        async with stream:
            try:
                async for item in stream.items():
                    await asyncio.to_thread(reporter.item, item)
            except eventwire.EventwireError as error:
                await asyncio.to_thread(reporter.failed, error)


if __name__ == "__main__":
    asyncio.run(main())
