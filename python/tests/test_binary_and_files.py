"""The Python programs of docs/binary-and-files.md print what the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/binary-and-files.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def programs():
    output = ""
    for language, text in BLOCKS:
        if language == "output":
            output = text
        elif language == "python":
            yield text, output


@pytest.mark.parametrize(("source", "output"), list(programs()))
def test_program(source: str, output: str):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.stdout) == ("", output)


def test_there_are_some():
    assert len(list(programs())) == 3
