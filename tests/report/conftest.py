"""A real browser, without a window, and a real sweep."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnpipe.app.main import main
from tests.processes import call

FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
)


class Browser:
    """Opens pages and tells what became of them.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, width: int = 1100, scheme: str = "light") -> None:
        """Open a page as wide as a phone or a desk, in light or in dark."""
        phone = width < 600
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        self.driver.get(page.as_uri())

    def ask(self, expression: str) -> Any:
        """Return what a JavaScript expression is on the page."""
        return self.driver.execute_script(f"return {expression}")

    def complaints(self) -> list[str]:
        """Return what the page wrote to the console, and forget it."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return Chromium, or skip where it is not installed; in CI it must be."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        reason = "Chromium is not installed; apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = selenium.ChromeOptions()
    options.binary_location = programs[0]
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options, selenium.ChromeService(programs[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def sweep(tmp_path_factory) -> Path:
    """Return the page of a sweep of which one job fails."""
    folder = tmp_path_factory.mktemp("sweep")
    done = call(
        main,
        *("-m", "architecture=stack", "architecture.layers.hidden1.neurons=9,100,-1,30"),
        *("input.features=6", "input.samples=20", "output.plots=png"),
        folder=folder,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "\nreport " in done.stdout
    return folder / "outputs" / "default" / "v0001" / "report.html"
