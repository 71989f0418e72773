"""Asks a language model behind an Anthropic-shaped service, and prints the answer as it comes; on asyncio.

    ANTHROPIC_API_KEY=... python llm_anthropic.py https://api.anthropic.com/v1/messages MODEL "Why are there tides?"

The stream is read by httpx and decoded by eventwire: `pip install httpx`. Without httpx, the same by eventwire's own client is
`eventwire.aconnect(url, method="POST", headers=..., json=..., retry=None)`, which never sends a question twice; with
`idle_timeout` it also notices when nothing comes any more, not even a ping.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterable

import eventwire
import httpx


async def ask(url: str, model: str, question: str) -> None:
    body = {
        "model": model,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
    }
    headers = {
        "x-api-key": os.environ.get("ANTHROPIC_API_KEY", ""),
        "anthropic-version": "2023-06-01",
    }
    timeout = httpx.Timeout(10, read=120)
    async with (
        httpx.AsyncClient(timeout=timeout) as client,
        client.stream("POST", url, json=body, headers=headers) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            raise SystemExit(f"error: {url} answered {response.status_code}: {response.text}")
        # `show` leaves the loop early: this closes what is left of it at once.
        async with contextlib.aclosing(eventwire.adecode(response.aiter_bytes())) as events:
            await show(events)


async def show(events: AsyncIterable[eventwire.Event]) -> None:
    async for event in events:
        match event.event:
            case "content_block_delta":
                # The deltas of other blocks (thinking, the use of a tool) have no text.
                print(event.json()["delta"].get("text", ""), end="", flush=True)
            case "message_delta":
                print(f"\n[{event.json()['usage']['output_tokens']} tokens]")
            case "message_stop":
                return
            case "error":
                error = event.json()["error"]
                raise SystemExit(f"\nerror: {error['type']}: {error['message']}")
            # message_start, content_block_start, content_block_stop, ping, and what is yet to be invented.
            case _:
                pass
    raise SystemExit("\nerror: the stream was over before its message_stop")


if __name__ == "__main__":
    try:
        asyncio.run(ask(*sys.argv[1:4]))
    except (httpx.HTTPError, eventwire.EventwireError) as error:
        sys.exit(f"error: {error}")
