"""The auditor: axe, on every page that was seen, in the browser that it was seen in."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.proofs.walk.place import Place

QUIET: Final = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# A page with faults that the auditor must notice, or it is no auditor.
_PLANTED: Final = "planted"
_FAULTY: Final = '<html><title>x</title><img src="/x.png"><p style="color:#ccc">faint</p></html>'


def audit(browser: Any, place: Place, kept: Mapping[str, str], out: Path | None) -> list[str]:
    """What axe finds on the pages that were seen, wide and dark, small and light; and what is too wide."""
    from axe_playwright_python.sync_playwright import Axe

    axe, found = Axe(), []
    shown = {"html": ""}
    for scheme, width, height in (("dark", 1280, 900), ("light", 360, 740)):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        page = context.new_page()
        # The page as it was, at an address of ours: with the style, and without its policy, which would
        # keep out the auditor's script too.
        page.route("**/audited", lambda route: route.fulfill(body=shown["html"], content_type="text/html"))
        for name, html in {**kept, _PLANTED: _FAULTY}.items():
            shown["html"] = re.sub(r"<script.*?</script>", "", html)
            page.goto(f"{place.url}/audited")
            violations = axe.run(page).response["violations"]
            if name == _PLANTED:
                missed = {"image-alt", "color-contrast", "html-has-lang"} - {one["id"] for one in violations}
                found += [f"axe does not notice {rule} ({scheme})" for rule in missed if scheme == "light"]
                continue
            for violation in violations:
                nodes = [node["html"][:100] for node in violation["nodes"]]
                found.append(f"{name} ({scheme}): {violation['id']}: {violation['help']}: {nodes}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{name} ({scheme}): is wider than the window of {width} pixels")
            if out is not None:
                page.screenshot(path=str(out / f"{name}-{scheme}-{width}.png"), full_page=True)
        context.close()
    return found


@contextmanager
def chromium(path: str) -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=[*QUIET, *root])
        try:
            yield browser
        finally:
            browser.close()


def absent(path: str | None) -> str | None:
    """What has to be installed first, if anything."""
    if path is None or not Path(path).exists():
        return "no browser to walk with: install the package `chromium`"
    for module, wheel in (("playwright", "playwright"), ("axe_playwright_python", "axe-playwright-python")):
        if importlib.util.find_spec(module) is None:
            return f"no driver to walk with: install the wheel `{wheel}`"
    return None
