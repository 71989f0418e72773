"""Whether this process is one of several that run the same application."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from typing import Any

from eventwire import _native

_looked = False


class SeveralProcessesWarning(RuntimeWarning):
    """A hub in memory was made where several processes run the application: each has a hub of its own.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("ignore", SeveralProcessesWarning)
    """


def warn_of_several(stacklevel: int) -> None:
    """Warns whoever makes the first hub in memory of this process, where it is one of several."""
    global _looked
    if _looked:
        return
    _looked = True
    evidence = _evidence()
    text = _native.several_processes(evidence) if evidence else None
    if text is not None:
        warnings.warn(text, SeveralProcessesWarning, stacklevel=stacklevel + 1)


def _evidence() -> str | None:
    """What shows that there are several. Who runs this process knows best, so WEB_CONCURRENCY, which it may not heed, is last."""
    arbiter = _running("gunicorn.arbiter", "Arbiter")
    if arbiter is not None:
        return _several("gunicorn", arbiter.num_workers)
    config = _running("uvicorn.config", "Config")
    if config is not None:
        # Reloading goes before workers.
        return None if config.should_reload else _several("uvicorn", config.workers)
    concurrency = os.environ.get("WEB_CONCURRENCY", "")
    if concurrency.isdecimal() and int(concurrency) > 1:
        return f"WEB_CONCURRENCY is {concurrency}"
    return None


def _several(server: str, workers: int) -> str | None:
    return f"{server} runs {workers} workers" if workers > 1 else None


def _running(module: str, name: str) -> Any:
    """The instance of a server's class that runs this process, where one does.

    No server says in its environment how many workers it has, and one worker needs no warning. So it is asked: an object refers
    to its class. It is done once, and only where the server is loaded.
    """
    kind = getattr(sys.modules.get(module), name, None)
    if kind is None:
        return None
    return next((found for found in gc.get_referrers(kind) if type(found) is kind), None)
