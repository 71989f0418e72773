"""The contract harness's service over `connect`. ../README.md has its protocol."""

import contextlib
import threading
from typing import Any

import eventwire
import face


def open_stream(params: dict[str, Any], reporter: face.Reporter) -> eventwire.EventStream:
    stream = eventwire.connect(params["streamUrl"], **face.options(params))
    threading.Thread(target=read, args=(stream, reporter), daemon=True).start()
    return stream


def read(stream: eventwire.EventStream, reporter: face.Reporter) -> None:
    # The harness may be gone before the stream is: nobody is left to be told.
    with contextlib.suppress(ConnectionError), stream:
        try:
            for item in stream.items():
                reporter.item(item)
        except eventwire.EventwireError as error:
            reporter.failed(error)


if __name__ == "__main__":
    face.serve("eventwire, Python connect", open_stream)
