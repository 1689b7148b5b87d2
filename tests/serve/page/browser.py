"""What happens in the browser between a key and what is seen."""

from __future__ import annotations

from playwright.sync_api import Page

# The frame after the change has it on the screen: a message is handled when that frame is drawn.
WATCH = """() => {
  window.times = [];
  let typed = 0;
  document.getElementById("text").addEventListener("beforeinput", () => { typed = performance.now(); }, true);
  new MutationObserver(() => {
    if (!typed) return;
    const began = typed;
    typed = 0;
    requestAnimationFrame(() => {
      const drawn = new MessageChannel();
      drawn.port1.onmessage = () => window.times.push(performance.now() - began);
      drawn.port2.postMessage(0);
    });
  }).observe(document.getElementById("bars"), { subtree: true, attributes: true, attributeFilter: ["style"] });
}"""


def watch(page: Page) -> None:
    """Measure from now on; once a page."""
    page.evaluate(WATCH)


def typing_times(page: Page, text: str, *, pause: float = 0.0) -> list[float]:
    """Milliseconds from each typed character to the frame that shows its bars.

    Args:
        pause: milliseconds between an answer and the next key.
    """
    page.locator("#text").fill("")
    page.wait_for_timeout(100)  # the bars are emptied; that is no answer
    page.evaluate("window.times.length = 0")
    for count, character in enumerate(text, 1):
        page.keyboard.insert_text(character)
        while page.evaluate("window.times.length") < count:
            page.wait_for_timeout(5)
        page.wait_for_timeout(pause)
    times: list[float] = page.evaluate("window.times")
    return times
