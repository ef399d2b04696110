"""Report on runs and sweeps: a self-contained page, and the same figures as PNG files.

Jinja2 renders the page, whose figures are SVG; matplotlib draws the PNG files. Both belong to the
extra `report` and are imported only when needed.
"""

from __future__ import annotations

from nnpipe.runs.store.folder import Folder

Target = tuple[Folder, str]
"""A file to write: its folder and its name."""
