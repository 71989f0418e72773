"""A server that knows nothing of eventwire, in FastAPI: fastapi_server.py [--max-events N] [--retry-ms N].

../README.md has its protocol. Its streams are what many write by hand: a StreamingResponse over a generator of text.
"""

import argparse
import asyncio
import json
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse


class Log:
    """The last frames, by their number."""

    def __init__(self, max_events: int, retry: int) -> None:
        self.frames: deque[tuple[int, str]] = deque(maxlen=max_events)
        self.last = 0
        self.retry = retry
        self.readers = 0
        self.news = asyncio.Event()

    def publish(self, event: str | None, data: str) -> str:
        self.last += 1
        head = f"event: {event}\n" if event else ""
        lines = "".join(f"data: {line}\n" for line in data.split("\n"))
        self.frames.append((self.last, f"id: {self.last}\n{head}{lines}\n"))
        self.news.set()
        self.news = asyncio.Event()
        return str(self.last)

    async def after(self, position: int) -> AsyncIterator[str]:
        self.readers += 1
        try:
            yield f"retry: {self.retry}\n\n"
            while True:
                news = self.news
                for number, frame in list(self.frames):
                    if number > position:
                        position = number
                        yield frame
                if position == self.last:
                    await news.wait()
        finally:
            self.readers -= 1


def application(log: Log) -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"])

    @app.get("/events")
    async def events(request: Request) -> StreamingResponse:
        last = request.headers.get("last-event-id")
        position = log.last if last is None else int(last)
        return StreamingResponse(log.after(position), media_type="text/event-stream")

    return app


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-events", type=int, default=100_000)
    parser.add_argument("--retry-ms", type=int, default=1000)
    options = parser.parse_args()

    log = Log(options.max_events, options.retry_ms)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(log), log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    say(kind="listening", url=f"http://127.0.0.1:{listener.getsockname()[1]}/events")

    commands = asyncio.StreamReader(limit=1 << 20)
    protocol = asyncio.StreamReaderProtocol(commands)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await commands.readline():
        obey(log, json.loads(line))
    server.should_exit = True
    await serving


def obey(log: Log, command: dict[str, Any]) -> None:
    if command["cmd"] == "publish":
        say(kind="published", id=log.publish(command.get("event"), command["data"]))
    elif command["cmd"] == "stats":
        say(kind="stats", subscribers=log.readers)
    else:
        say(kind="error", error=f"{command['cmd']} is not known here")


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
