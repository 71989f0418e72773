"""Asks a language model behind an OpenAI-shaped service, and prints the answer as it comes.

    OPENAI_API_KEY=... python llm_openai.py https://api.openai.com/v1/chat/completions MODEL "Why are there tides?"

The stream is read by httpx and decoded by eventwire: `pip install httpx`. Without httpx, the same by eventwire's own client is
`eventwire.connect(url, method="POST", headers=..., json=..., retry=None)`, which never sends a question twice; with
`idle_timeout` it also notices when nothing comes any more.
"""

import os
import sys
from collections.abc import Iterable

import eventwire
import httpx


def ask(url: str, model: str, question: str) -> None:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
    # The next token may take its time.
    timeout = httpx.Timeout(10, read=120)
    with httpx.stream("POST", url, json=body, headers=headers, timeout=timeout) as response:
        if response.status_code != 200:
            response.read()
            raise SystemExit(f"error: {url} answered {response.status_code}: {response.text}")
        show(eventwire.decode(response.iter_bytes()))


def show(events: Iterable[eventwire.Event]) -> None:
    for event in events:
        # The end is text where JSON was.
        if event.data == "[DONE]":
            return
        chunk = event.json()
        # The status was sent before anything went wrong, so it comes as an event.
        if error := chunk.get("error"):
            raise SystemExit(f"\nerror: {error['type']}: {error['message']}")
        # The last chunk has the usage, and no choices.
        for choice in chunk["choices"]:
            print(choice["delta"].get("content") or "", end="", flush=True)
        if usage := chunk.get("usage"):
            print(f"\n[{usage['completion_tokens']} tokens]")
    raise SystemExit("\nerror: the stream was over before its [DONE]")


if __name__ == "__main__":
    try:
        ask(*sys.argv[1:4])
    except (httpx.HTTPError, eventwire.EventwireError) as error:
        sys.exit(f"error: {error}")
