from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnpipe

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_of_a_run_fits_and_complains_of_nothing(browser, page, width, scheme):
    browser.open(page, width, scheme)
    assert browser.complaints() == []
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert browser.ask("document.querySelectorAll('svg').length") == 13
    images = "[...document.images].filter((i) => i.complete && i.naturalWidth === 28).length"
    assert browser.ask(images) == 40


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
