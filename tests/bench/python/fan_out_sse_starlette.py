"""What one writes with sse-starlette: a queue for every subscriber.

`GET /stream` subscribes, `POST /publish` publishes its body. It runs on uvicorn with uvloop and httptools.
"""

import asyncio
import contextlib
import socket

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

queues: set[asyncio.Queue[str]] = set()


async def subscribe(request):
    queue = asyncio.Queue()
    queues.add(queue)

    async def events():
        try:
            while True:
                yield {"data": await queue.get()}
        finally:
            queues.discard(queue)

    return EventSourceResponse(events())


async def publish(request):
    data = (await request.body()).decode()
    for queue in queues:
        queue.put_nowait(data)
    return Response()


app = Starlette(
    routes=[Route("/stream", subscribe), Route("/publish", publish, methods=["POST"])],
)

listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
config = uvicorn.Config(
    app, loop="uvloop", http="httptools", access_log=False, log_level="warning", lifespan="off"
)
with contextlib.suppress(KeyboardInterrupt):
    uvicorn.Server(config).run(sockets=[listener])
