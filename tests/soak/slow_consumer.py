"""Reads COUNT events and rests a hundred times meanwhile: slow_consumer.py URL COUNT.

Prints how many it got in order, and its memory after the first hundredth and at most, in KiB.
"""

import json
import re
import sys
import time
from pathlib import Path

import eventwire


def held(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1))


def main(url: str, count: int) -> None:
    before = 0
    number = 0
    with eventwire.connect(url) as stream:
        for event in stream:
            number += 1
            if event.id != str(number):
                sys.exit(f"{event.id} came where {number} was to come")
            if number % (count // 100) == 0:
                before = before or held("VmRSS")
                time.sleep(0.02)
    print(json.dumps({"events": number, "before": before, "most": held("VmHWM")}), flush=True)


main(sys.argv[1], int(sys.argv[2]))
