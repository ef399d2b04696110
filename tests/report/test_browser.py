"""Pages in a browser: what they show, and that they load nothing: page.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnpipe
from nnpipe.runs.store.manifest import read_manifest, verify
from tests.report.conftest import Browser

pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")

LUMINANCE = """(() => {
  const [r, g, b] = getComputedStyle(document.querySelector("%s")).%s.match(/[\\d.]+/g);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    generator = np.random.default_rng(0)
    np.save(folder / "x.npy", generator.integers(0, 256, (60, 28, 28), dtype=np.uint8))
    np.save(folder / "y.npy", generator.integers(0, 10, 60))
    config = {
        "architecture": {"sizes": [30, 20, 10, 10]},
        "input": {"kind": "npy", "path": f"{folder}/x.npy", "labels": f"{folder}/y.npy"},
        "output": {"root": f"{folder}/outputs", "name": "a" * 100},
    }
    with nnpipe.run(config) as run:
        return run.path / "report.html"


def column(browser: Browser, place: int) -> list[str]:
    return browser.ask(
        f"[...document.querySelectorAll('tbody tr')].map("
        f"(row) => row.cells[{place}].textContent.trim())"
    )


def test_the_table_of_a_sweep_is_sorted_by_a_click_on_a_column(browser, sweep):
    browser.open(sweep)
    assert column(browser, 0) == ["000", "001", "002", "003"]
    names = browser.ask("[...document.querySelectorAll('th')].map((th) => th.textContent)")
    neurons, status = names.index("architecture.layers.hidden1.neurons"), names.index("status")
    mean = names.index("outputs.std")
    buttons = browser.driver.find_elements("css selector", "th button")
    buttons[neurons].click()
    assert column(browser, neurons) == ["-1", "9", "30", "100"]
    buttons[neurons].click()
    assert column(browser, neurons) == ["100", "30", "9", "-1"]
    assert browser.ask("document.querySelector('[aria-sort]').textContent") == names[neurons]
    buttons[status].click()
    assert column(browser, status) == ["complete"] * 3 + ["failed"]
    # A job without the metric stays at the end, whichever way the others go.
    for _ in range(2):
        buttons[mean].click()
        assert column(browser, mean)[-1] == ""
        assert "" not in column(browser, mean)[:-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_of_a_sweep_fits_and_complains_of_nothing(browser, sweep, width, scheme):
    browser.open(sweep, width, scheme)
    assert browser.complaints() == []
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert "1 jobs are not complete" in browser.ask("document.body.textContent")


def test_the_pictures_of_a_sweep_are_listed_in_its_manifest(sweep):
    manifest = read_manifest(sweep.parent)
    assert {"report.html", "outputs.std.png", "seconds.png"} <= set(manifest.artifacts)
    assert verify(sweep.parent, manifest) == []
    # The jobs have none of their own.
    assert not list(sweep.parent.glob("runs/*/*.html"))
    assert not list(sweep.parent.glob("runs/*/*.png"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_of_a_run_fits_and_complains_of_nothing(browser, page, width, scheme):
    browser.open(page, width, scheme)
    assert browser.complaints() == []
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert browser.ask("document.querySelectorAll('svg').length") == 13
    images = "[...document.images].filter((i) => i.complete && i.naturalWidth === 28).length"
    assert browser.ask(images) == 21 + 21


def test_text_is_dark_on_light_and_light_on_dark(browser, page):
    for scheme, page_is_light in (("light", True), ("dark", False)):
        browser.open(page, scheme=scheme)
        ink = browser.ask(LUMINANCE % ("body", "color"))
        ground = browser.ask(LUMINANCE % ("body", "backgroundColor"))
        assert abs(ink - ground) > 0.6
        assert (ground > ink) is page_is_light
        assert (browser.ask(LUMINANCE % ("svg .title", "fill")) < 0.5) is page_is_light


def test_no_text_on_a_phone_is_smaller_than_eight_pixels(browser, page):
    browser.open(page, 390)
    scale = "Math.hypot(t.getScreenCTM().a, t.getScreenCTM().b)"
    size = f"(t) => parseFloat(getComputedStyle(t).fontSize) * {scale}"
    heights = browser.ask(f"[...document.querySelectorAll('svg text')].map({size})")
    assert min(heights) >= 8


def test_a_script_that_is_not_the_page_s_own_does_not_run(browser, page, tmp_path):
    altered = tmp_path / "altered.html"
    html = page.read_text(encoding="utf-8")
    altered.write_text(html.replace("<main>", "<main><script>window.ran = true</script>"))
    browser.open(altered)
    assert browser.ask("window.ran === undefined")
    assert any("Content Security Policy" in line for line in browser.complaints())
