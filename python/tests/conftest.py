"""What many tests need."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import eventwire
import pytest
import uvloop
from scripted import ScriptedServer

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def hub() -> Iterator[eventwire.Hub]:
    with eventwire.Hub() as hub:
        yield hub


@pytest.fixture
def server(hub: eventwire.Hub) -> eventwire.Server:
    return hub.serve("127.0.0.1:0")


@pytest.fixture
def news(server: eventwire.Server) -> str:
    """The URL of the topic `news`, from its first event on."""
    return f"{server.url}/events?topic=news&start=earliest"


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedServer]]:
    """Makes servers that do what the test says, right or wrong."""
    servers: list[ScriptedServer] = []

    def make(*scripts: Any) -> ScriptedServer:
        servers.append(ScriptedServer(*scripts))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine, on each of the event loops that are supported."""
    runner: Run = request.param
    return runner
