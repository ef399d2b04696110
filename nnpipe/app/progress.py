"""A progress bar, shown only on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from nnpipe.stages.base import Progress, Silence
from nnpipe.system.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task, TaskID


def progress_for(stream: TextIO) -> Progress:
    """Return a progress bar if the stream is a terminal, else a progress that shows nothing."""
    return Bar(stream) if stream.isatty() else Silence()


class Bar:
    """A bar with samples per second and remaining time. It disappears when the stage ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def begin(self, title: str, samples: int) -> None:
        """Show a new bar."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{task.speed:,.0f} samples/s" if task.speed else "")

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
            transient=True,
        )
        self._bars.start()
        self._task = self._bars.add_task(printable(title), total=samples)

    def advance(self, samples: int) -> None:
        """Move the bar."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, samples)

    def describe(self, title: str) -> None:
        """Change the bar's title."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=printable(title))

    def end(self) -> None:
        """Remove the bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
