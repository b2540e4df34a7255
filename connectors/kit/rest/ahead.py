"""One call made while the caller works on what the call before gave; refuses nothing, keeps one error for later."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(call: Callable[[], T]) -> Future[T]:
    """The call, begun; `result` waits for it, and raises what it raised.

    In a daemon thread: who leaves, leaves at once, and no partner that is slow to answer holds a process back.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future
