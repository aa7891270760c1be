"""How a long search shows where it is."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watcher = Callable[[int, int, float, str], None]
"""`watcher(done, total, best_loss, stage)`, called at most once a second and at the end."""

_SECONDS = 1.0


def _loss_text(best: float, stage: str) -> str:
    return f"loss {best:.4g}  {stage}"


@contextmanager
def watching(
    progress: bool | Watcher,
    *,
    title: str = "fit",
    describe: Callable[[float, str], str] = _loss_text,
) -> Iterator[Watcher]:
    """A watcher that may be called after every iteration.

    `progress` is a watcher of the user's own, True for a bar when standard error is a
    terminal and rich is installed, or False for none. The bar begins with `title` and ends
    with what `describe` makes of the watcher's last two arguments.
    """
    if callable(progress):
        yield _at_most_once_a_second(progress)
        return
    if progress and sys.stderr.isatty():
        try:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            pass
        else:
            columns = (
                TextColumn(title),
                BarColumn(),
                TextColumn("{task.completed}/{task.total}  {task.description}"),
                TimeRemainingColumn(),
            )
            console = Console(stderr=True)
            with Progress(*columns, console=console, refresh_per_second=1) as bar:
                task = bar.add_task("starting", total=None)

                def show(done: int, total: int, best: float, stage: str) -> None:
                    text = describe(best, stage)
                    bar.update(task, completed=done, total=total, description=text)

                yield _at_most_once_a_second(show)
            return
    yield _silent


def teller(progress: bool | Watcher) -> Callable[[str], None]:
    """What takes a line to be kept above the bar, where there is one."""
    if progress is True and sys.stderr.isatty():
        return _tell
    return untold


def untold(line: str) -> None:
    """For nobody to be told."""


def _tell(line: str) -> None:
    # The bar takes what is printed while it is there, and puts it above itself.
    print(line, file=sys.stderr)


def _silent(done: int, total: int, best: float, stage: str) -> None:
    pass


def _at_most_once_a_second(watcher: Watcher) -> Watcher:
    last = -_SECONDS

    def throttled(done: int, total: int, best: float, stage: str) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= _SECONDS:
            last = now
            watcher(done, total, best, stage)

    return throttled
