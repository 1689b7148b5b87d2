"""How fast the page answers a typed character: ``python -m benchmarks.page_typing [--save-dir DIR]``.

The server with the saved models runs as a process of its own, the page in a headless Chromium; measured is the time,
in the browser, from a key to the frame that shows the bars of the new text. The reasons are computed meanwhile.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browsers import NAMES
from tests.serve.page.browser import typing_times, watch

TITLES = ["央行下调存款准备金率零点五个百分点", "国足客场两球告负无缘世界杯决赛圈", "幼童独坐窗台楼下街坊扯起被单接着"]
PAUSES = [0, 120]  # milliseconds between an answer and the next key: as fast as it goes, and as people type
RUN = Path(__file__).resolve().parents[1] / "run.py"


def main() -> None:
    parser = argparse.ArgumentParser(description="From a key to its bars.")
    parser.add_argument("--save-dir", default="saved_dict", help="with a trained classifier")
    folder = parser.parse_args().save_dir
    command = [sys.executable, str(RUN), "--serve", "--port", "0", "--save-dir", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server, sync_playwright() as playwright:
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found, "the server did not start"
            browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, NAMES))))
            page = browser.new_page()
            page.goto(found[0])
            expect(page.locator("#bars li").first).to_be_visible()
            watch(page)
            typing_times(page, TITLES[0][:5])  # the model is loaded
            print("milliseconds from a key to its bars    median     95 %  longest")
            for pause in PAUSES:
                times = sorted(time for title in TITLES for time in typing_times(page, title, pause=pause))
                name = f"{len(times)} keys, {pause} ms after the last answer"
                print(f"{name:37}{statistics.median(times):8.1f} {times[int(0.95 * len(times))]:8.1f} {times[-1]:8.1f}")
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
