"""Every Python program of docs/ prints what its page says, and the tables of differences are true."""

import subprocess
import sys
from collections.abc import Callable, Iterable

import eventwire
import httpx
import httpx_sse
import pages
import pytest
import sseclient
from pages import Program
from scripted import ScriptedServer, sends
from test_readme import free_port

PROGRAMS = list(pages.programs("python"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def answers(stream: str) -> Callable[..., None]:
    """Sends the stream in pieces that end anywhere, as a network may."""
    data = stream.encode()
    pieces = [data[at : at + 5] for at in range(0, len(data), 5)]
    return sends(
        *(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n", head=HEAD
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.page}:{program.line}")
def test_program(program: Program, scripted: Callable[..., ScriptedServer]):
    port = free_port()
    if program.stream is not None:
        port = int(scripted(answers(program.stream)).url.split(":")[2].split("/")[0])
    # Somebody may be using the port that people are shown.
    source = program.source.replace("127.0.0.1:8844", f"127.0.0.1:{port}")
    # Lines as on the page, for a traceback.
    source = "\n" * program.line + source
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    if program.output is not None:
        assert done.stdout == program.output


def test_pages_before_and_after_are_there():
    for page, at_least in {
        "binary-and-files.md": 3,
        "decoding.md": 5,
        "from-httpx-sse.md": 7,
        "from-sseclient.md": 5,
    }.items():
        assert sum(program.page == page for program in PROGRAMS) >= at_least, page
    assert all(program.source.strip() for program in PROGRAMS)


def test_a_block_that_nobody_runs_is_an_error():
    with pytest.raises(ValueError, match=r"page\.md:3: no test runs a block of `ruby`"):
        list(pages.of_page("page.md", "# A page\n\n```ruby\nputs 1\n```\n"))
    with pytest.raises(ValueError, match="no end"):
        list(pages.of_page("page.md", "```python\nprint(1)\n"))
    text = "```output\n1\n```\n\n```console\n$ ls\n```\n```python\nprint(1)\n```\n"
    assert list(pages.of_page("page.md", text)) == [
        Program("page.md", 8, "python", "print(1)\n", None, "1\n")
    ]


def shown(events: Iterable[object]) -> list[str]:
    return [f"{event.data} ({event.id})" if event.id else event.data for event in events]


def by_httpx_sse(chunks: list[bytes]) -> list[str]:
    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=iter(chunks))
    return shown(httpx_sse.EventSource(response).iter_sse())


def by_sseclient(chunks: list[bytes]) -> object:
    try:
        return shown(sseclient.SSEClient(chunks).events())
    except UnicodeDecodeError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("page", "name", "other", "rows"),
    [
        ("from-httpx-sse.md", "httpx-sse 0.4.3", by_httpx_sse, 5),
        ("from-sseclient.md", "sseclient-py 1.9.0", by_sseclient, 6),
    ],
)
def test_the_table_of_differences(
    page: str, name: str, other: Callable[[list[bytes]], object], rows: int
):
    table = pages.differences(page, name)
    assert len(table) == rows
    for chunks, theirs, ours in table:
        assert other(chunks) == theirs, f"{name}: {chunks}"
        assert shown(eventwire.decode(chunks)) == ours, f"eventwire: {chunks}"
        assert theirs != ours
