"""Ctrl-C where work must not be left half done."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

_SAID = b"\nfinishing; Ctrl-C again stops at once\n"


@contextlib.contextmanager
def held_back() -> Iterator[list[int]]:
    """Within, the first Ctrl-C does nothing but say so; the second interrupts as ever.

    For what takes seconds and would lose hours. It yields a list that is no longer empty when
    there was one. Where something else than Python's own handler answers Ctrl-C, and in other
    threads than the main one, which none reaches, it changes nothing.
    """
    came: list[int] = []
    usual = signal.default_int_handler
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not usual:
        yield came
        return

    def first(number, frame):
        came.append(number)
        signal.signal(signal.SIGINT, usual)
        # Not by print: a handler may come in the middle of another one.
        with contextlib.suppress(OSError):
            os.write(2, _SAID)

    signal.signal(signal.SIGINT, first)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, usual)
