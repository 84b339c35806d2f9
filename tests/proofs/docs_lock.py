"""Opens the docs pages of FastAPI and Litestar (the apps of `ten_lines/`) in Chromium and looks for the lock.

    python tests/proofs/docs_lock.py [--assets FOLDER] [--out FOLDER] [--chromium /usr/bin/chromium]

A protected operation has a lock and says its action, a public one has none. `--out` gets a picture of each.
Swagger UI comes from a CDN; here its files come from FOLDER (`swagger-ui-bundle.js` and the others), or from
the package drf-spectacular-sidecar if that is installed. Ends with 3 if something of this is not there.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

ABSENT: Final = 3
PAGES: Final = (("fastapi", "/docs"), ("litestar", "/schema/swagger"))
_SIDECAR: Final = "static/drf_spectacular_sidecar/swagger-ui-dist"


def assets_of(given: Path | None) -> Path | None:
    """The folder with Swagger UI, or None if there is none."""
    if given is None:
        spec = importlib.util.find_spec("drf_spectacular_sidecar")
        if spec is None or spec.origin is None:
            return None
        given = Path(spec.origin).parent / _SIDECAR
    return given if (given / "swagger-ui-bundle.js").exists() else None


def served(framework: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The app in a server of its own, with a deployment that is made there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    program = (
        f"from tests.proofs.ten_lines import loaded, tokens; tokens(); import uvicorn; "
        f"uvicorn.run(loaded('{framework}_guarded'), host='127.0.0.1', port={port}, log_level='warning')"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=environment)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"the {framework} app did not start")


def faults_of(locks: dict[str, bool], text: str) -> list[str]:
    """What is wrong with a page, from its operations' locks and what the protected one says."""
    expected = {"/notes/{note_id}": True, "/healthz": False, "/forgotten": False}
    found = [
        f"`{path}` has {'a' if has else 'no'} lock"
        for path, has in locks.items()
        if expected.get(path) is not has
    ]
    found += [f"`{path}` is not on the page" for path in expected if path not in locks]
    if "Needs notes:Read on note/{note_id}" not in text:
        found.append("the action is not told")
    return found


def looked_at(page: object, address: str, picture: Path) -> list[str]:
    """The faults of one page. `page` is Playwright's; it has no types without the package."""
    from playwright.sync_api import Page

    if not isinstance(page, Page):
        raise TypeError("a page of Playwright is needed")
    page.goto(address)
    page.wait_for_selector(".opblock", timeout=60_000)
    locks = {}
    for block in page.query_selector_all(".opblock"):
        path = block.query_selector("[data-path]")
        name = (path.get_attribute("data-path") or "") if path is not None else ""
        locks[name] = block.query_selector("button.authorization__btn") is not None
    page.click(".opblock:has([data-path='/notes/{note_id}']) .opblock-summary-control")
    page.wait_for_selector(".opblock-description", timeout=60_000)
    text = page.inner_text(".opblock.is-open")
    page.screenshot(path=str(picture), full_page=True)
    return faults_of(locks, text)


def main() -> int:
    """0 if each page shows what it should."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assets", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    assets = assets_of(options.assets)
    if (
        assets is None
        or not Path(options.chromium).exists()
        or importlib.util.find_spec("playwright") is None
    ):
        print("Swagger UI's files, Chromium or Playwright are not there; see --assets and --chromium")
        return ABSENT
    from playwright.sync_api import Route, sync_playwright

    def from_folder(route: Route) -> None:
        file = assets / route.request.url.rpartition("/")[2]
        if file.exists():
            route.fulfill(path=str(file))
        else:
            route.abort()

    failed = 0
    with tempfile.TemporaryDirectory(prefix="docs-lock-") as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for framework, path in PAGES:
            folder = Path(name) / framework
            folder.mkdir()
            out = options.out or folder
            out.mkdir(parents=True, exist_ok=True)
            process, port = served(framework, folder)
            try:
                page = browser.new_page(viewport={"width": 1100, "height": 900})
                # Whatever is not of the app comes from the folder, and nothing else from anywhere.
                page.route(re.compile(rf"^(?!http://127\.0\.0\.1:{port}/)"), from_folder)
                faults = looked_at(page, f"http://127.0.0.1:{port}{path}", out / f"docs-{framework}.png")
            finally:
                process.terminate()
                process.wait(20)
            failed += bool(faults)
            print(
                f"{framework}: {'; '.join(faults) or 'the protected operation is locked and says its action'}"
            )
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
