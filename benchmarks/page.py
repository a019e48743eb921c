"""How long a run's page takes to open in Chromium, and how much memory it takes there.

    python -m benchmarks.page [--run results/sample] [--trials 40] [--repeats 7]

The run's trials are repeated under other names until there are as many as asked for. The page and an empty one are opened in
turn, from disk, each in a browser of its own: what the browser itself takes is shown beside. Seconds are those until
everything is loaded and drawn once, the median of the repeats; memory is what the page's own process has for itself (USS).
The exit code is 1 where the page takes more than 1 s or 150 MB. It needs `chromium`, as the tests of pages do.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil
from playwright.sync_api import BrowserType, sync_playwright

from benchmarks.analysis import repeated
from lab import runs
from lab.analysis.results import analyse
from lab.report.page import page

MOST_SECONDS = 1.0
MOST_BYTES = 150 << 20
_EMPTY = "<!doctype html><html lang='en'><title>empty</title></html>"
_DRAWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A page, opened once."""

    seconds: float
    bytes: int


def main() -> None:
    """Print both pages and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("results/sample"))
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no chromium: .ci/programs installs it.")
    texts = {"empty": _EMPTY, "run": page(analyse(repeated(runs.load(options.run), options.trials)))}
    opened: dict[str, list[Opened]] = {name: [] for name in texts}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name, text in texts.items():
            Path(folder, f"{name}.html").write_text(text, encoding="utf-8")
        for _ in range(options.repeats):
            for name, several in opened.items():
                several.append(_open(playwright.chromium, program, Path(folder, f"{name}.html")))
    print("| page | size | open | memory |\n| --- | ---: | ---: | ---: |")
    for name, several in opened.items():
        size = len(texts[name].encode())
        print(f"| {name} | {size:,} B | {_seconds(several):.3f} s | {_bytes(several) / (1 << 20):.0f} MB |")
    seconds, taken = (_seconds(opened["run"]), _bytes(opened["run"]))
    print(
        f"\nThe page of {options.trials} trials takes {seconds / _seconds(opened['empty']):.1f} times as long as an empty one."
    )
    sys.exit(seconds > MOST_SECONDS or taken > MOST_BYTES)


def _seconds(several: list[Opened]) -> float:
    return median(opened.seconds for opened in several)


def _bytes(several: list[Opened]) -> float:
    return median(opened.bytes for opened in several)


def _open(chromium: BrowserType, program: str, file: Path) -> Opened:
    """Open the page in a new browser; the process that takes most memory of those that render is the page's."""
    browser = chromium.launch(executable_path=program, args=["--no-sandbox"])
    try:
        view = browser.new_context(viewport={"width": 1366, "height": 850}, offline=True).new_page()
        begin = perf_counter()
        view.goto(file.as_uri())
        view.evaluate(_DRAWN)
        seconds = perf_counter() - begin
        processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        rendering = [process["id"] for process in processes if process["type"] == "renderer"]
        return Opened(seconds=seconds, bytes=max(psutil.Process(pid).memory_full_info().uss for pid in rendering))
    finally:
        browser.close()


if __name__ == "__main__":
    main()
