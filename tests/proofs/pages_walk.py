"""Walks the pages in Chromium: by keyboard alone, without JavaScript but for passkeys, light, dark and small.

    python tests/proofs/pages_walk.py [--out FOLDER] [--chromium /usr/bin/chromium]

A person signs in, has to choose a password, makes and deletes keys and tokens, adds an authenticator app,
confirms a mail address, loses the password and gets another by mail, signs in with the app; then adds a
passkey and comes in with that alone. Every page that is seen on the way is examined by axe, wide and dark,
small and light, and must have no violation, and be no wider than the window. `--out` gets a picture of
each. Ends with 3 if the browser, its driver or axe is not there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins" / "iamkit-pages"), str(ROOT / "plugins" / "iamkit-webauthn")]

from tests.proofs.walk.auditor import absent, audit, chromium  # noqa: E402
from tests.proofs.walk.place import Place  # noqa: E402
from tests.proofs.walk.walker import Walker  # noqa: E402
from tests.proofs.walk.ways import lose_and_find, passkey, root_user, walk  # noqa: E402

ABSENT: Final = 3


def run(path: str, out: Path | None = None) -> tuple[int, list[str]]:
    """The walk: how many pages were seen, and what is wrong with them. AssertionError where it ends early."""
    kept: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place, chromium(path) as browser:
        foreign: list[str] = []

        def listen(page: Any) -> Any:
            host = urlsplit(place.url).netloc

            def asked(request: Any) -> None:
                if urlsplit(request.url).netloc not in (host, ""):
                    foreign.append(request.url)

            def said(message: Any) -> None:
                # That an answer was 400 is no complaint.
                if message.type == "error" and "status of" not in message.text:
                    foreign.append(message.text)

            page.on("request", asked)
            page.on("console", said)
            return page

        plain = browser.new_context(java_script_enabled=False)
        seed = walk(Walker(listen(plain.new_page()), place, kept, out))
        lose_and_find(Walker(listen(plain.new_page()), place, kept, out), seed)
        root_user(Walker(listen(plain.new_page()), place, kept, out))
        plain.close()
        scripted = browser.new_context()
        passkey(Walker(listen(scripted.new_page()), place, kept, out), seed)
        scripted.close()
        wrong = [f"the browser complained, or asked elsewhere: {what}" for what in foreign]
        return len(kept), wrong + audit(browser, place, kept, out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    given = parser.parse_args()
    missing = absent(given.chromium)
    if missing is not None:
        print(missing)
        return ABSENT
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
    seen, wrong = run(given.chromium, given.out)
    print("\n".join(wrong))
    print(
        f"{seen} pages, each twice by axe: {len(wrong)} found; by keyboard, without script but for passkeys"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
