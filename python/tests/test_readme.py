"""The quick start of the project's README works as it stands there."""

import re
import socket
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_the_quick_start_prints_the_event():
    (source,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    # Somebody may be using the port that people are shown.
    source = source.replace("127.0.0.1:8844", f"127.0.0.1:{free_port()}")
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert re.fullmatch(r"\w+-1 \{'number': 42\}\n", done.stdout)
