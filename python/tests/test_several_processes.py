"""A hub in memory under servers that run several processes: real ones, with an application that makes two hubs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

APPLICATION = """
import os, eventwire

hubs = [
    eventwire.Hub(),
    eventwire.Hub(),
]
os.write(2, f"made in {os.getpid()}\\n".encode())  # at once: others write lines there too

def wsgi(environ, start_response):
    raise NotImplementedError

async def asgi(scope, receive, send):
    raise NotImplementedError
"""
GUNICORN = ["gunicorn", "--bind=127.0.0.1:0", "application:wsgi"]
UVICORN = ["uvicorn", "--port=0", "--lifespan=off", "application:asgi"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "application.py").write_text(APPLICATION)
    return tmp_path


def environment(**variables: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"WEB_CONCURRENCY", "PYTHONWARNINGS"}
    }
    # What says that there are two must not come late because a buffer is not full.
    return {**inherited, "PYTHONUNBUFFERED": "1", **variables}


@pytest.mark.parametrize(
    ("server", "variables", "workers", "evidence"),
    [
        ([*GUNICORN, "--workers=2"], {}, 2, "gunicorn runs 2 workers"),
        (GUNICORN, {"WEB_CONCURRENCY": "2"}, 2, "gunicorn runs 2 workers"),
        ([*GUNICORN, "--workers=1"], {"WEB_CONCURRENCY": "2"}, 1, None),
        ([*UVICORN, "--workers=2"], {}, 2, "uvicorn runs 2 workers"),
        (UVICORN, {"WEB_CONCURRENCY": "2"}, 2, "uvicorn runs 2 workers"),
        ([*UVICORN, "--workers=1"], {"WEB_CONCURRENCY": "2"}, 1, None),
        ([*UVICORN, "--reload"], {"WEB_CONCURRENCY": "2"}, 1, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_worker_of_several_says_once_what_to_do(folder, server, variables, workers, evidence):
    process = subprocess.Popen(
        [sys.executable, "-m", *server],
        cwd=folder,
        env=environment(**variables),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            lines = []
            while sum(line.startswith("made in ") for line in lines) < workers:
                line = process.stderr.readline()
                assert line, "".join(lines)
                lines.append(line)
        finally:
            process.send_signal(signal.SIGTERM)
        said = "".join(lines) + process.stderr.read()
    assert len({line for line in lines if line.startswith("made in ")}) == workers
    warnings = [line for line in said.splitlines() if "SeveralProcessesWarning: " in line]
    assert len(warnings) == (workers if evidence else 0), said
    for warning in warnings:
        assert f": SeveralProcessesWarning: {evidence}, and each process" in warning
        assert "eventwire serve" in warning
        assert "Publisher" in warning


@pytest.mark.parametrize(
    ("concurrency", "warned"), [("2", True), ("1", False), ("", False), ("two", False)]
)
def test_elsewhere_the_number_of_processes_is_what_the_environment_says(
    folder, concurrency, warned
):
    done = subprocess.run(
        [sys.executable, "application.py"],
        cwd=folder,
        env=environment(WEB_CONCURRENCY=concurrency),
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    warnings = [line for line in done.stderr.splitlines() if "SeveralProcessesWarning: " in line]
    assert len(warnings) == warned
    # It is the line that made the hub that is at fault.
    assert all("application.py:5: SeveralProcessesWarning: " in warning for warning in warnings), (
        warnings
    )
