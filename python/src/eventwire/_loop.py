"""How an event loop waits for the native half.

There is one notifier per loop: a file descriptor that the loop watches, and that a thread of the core makes readable when
some handle has something. So no thread but the loop's ever runs Python code, and a loop that is busy is woken once for
all handles. Nothing is made before the first wait on a loop, and all of it goes with the loop.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from eventwire import _native

T = TypeVar("T")


class Waiter:
    """Lets one task at a time wait, on the loop that it was made on, until a native handle tells."""

    __slots__ = ("__weakref__", "_future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._future: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Waits for the next word. Cancelled, it has lost nothing: it carries no value."""
        self._future = self.loop.create_future()
        try:
            await self._future
        finally:
            self._future = None

    def wake(self) -> None:
        """Ends the wait; where nobody waits, whoever comes next will look for itself before it does."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class _LoopNotifier:
    """The notifier of one loop. It does not know the loop, so that it cannot keep it alive."""

    def __init__(self) -> None:
        self.native = _native.Notifier()
        self.waiters: WeakValueDictionary[int, Waiter] = WeakValueDictionary()
        os.set_blocking(self.native.fileno(), False)

    def wake(self) -> None:
        for token in self.native.take():
            waiter = self.waiters.get(token)
            if waiter is not None:
                waiter.wake()


_notifiers: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopNotifier] = WeakKeyDictionary()
_tokens = itertools.count(1)


def waiter(listen: Callable[[_native.Notifier, int], None]) -> Waiter:
    """A waiter on the running loop for the handle whose `listen` it is."""
    loop = asyncio.get_running_loop()
    notifier = _notifiers.get(loop)
    if notifier is None:
        notifier = _LoopNotifier()
        loop.add_reader(notifier.native.fileno(), notifier.wake)
        _notifiers[loop] = notifier
    made = Waiter(loop)
    token = next(_tokens)
    notifier.waiters[token] = made
    listen(notifier.native, token)
    return made


async def answer(task: _native.Task[T]) -> T:
    """The answer of an operation; cancelled, the operation goes on."""
    found = task.take()
    if found is None:
        told = waiter(task.listen)
        while (found := task.take()) is None:
            await told.wait()
    return found
