"""An interrupt while results.h5 opens leaves no temporary file, whichever thread is first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from nnpipe.runs.store import results
from nnpipe.runs.store.folder import Folder


class Interrupted(ThreadPoolExecutor):
    """A pool that is interrupted as it starts its first thread, and forgets it."""

    begun: Event
    first = True

    def submit(self, function, /, *args, **kwargs):
        if not Interrupted.first:
            return super().submit(function, *args, **kwargs)
        Interrupted.first = False
        thread = Thread(target=self._late, args=(function,))
        thread.start()
        Interrupted.thread = thread
        raise KeyboardInterrupt

    def _late(self, function):
        Interrupted.begun.wait(10)
        function()


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_thread_that_opens_late_leaves_nothing(tmp_path, monkeypatch, closed_first):
    Interrupted.begun, Interrupted.first = Event(), True
    monkeypatch.setattr(results, "ThreadPoolExecutor", Interrupted)
    if not closed_first:
        Interrupted.begun.set()
    with (
        Folder.open(tmp_path) as folder,
        pytest.raises(KeyboardInterrupt),
        results.ResultsWriter(folder, "results.h5", range(3)),
    ):
        pytest.fail("the block must not be entered")
    Interrupted.begun.set()
    Interrupted.thread.join()
    assert list(tmp_path.iterdir()) == []
