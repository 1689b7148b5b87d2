"""What happens in the browser between a key and what is seen."""

from __future__ import annotations

from playwright.sync_api import Page

WATCH = """() => {
  window.times = [];
  let typed = 0;
  document.getElementById("text").addEventListener("beforeinput", () => { typed = performance.now(); }, true);
  new MutationObserver(() => {
    if (!typed) return;
    const began = typed;
    typed = 0;
    // The frame after the change has it on the screen.
    requestAnimationFrame(() => { const sent = new MessageChannel(); sent.port1.onmessage = () => window.times.push(performance.now() - began); sent.port2.postMessage(0); });
  }).observe(document.getElementById("bars"), { subtree: true, attributes: true, attributeFilter: ["style"] });
}"""


def typing_times(page: Page, text: str) -> list[float]:
    """Milliseconds from each typed character to the frame that shows its bars."""
    page.locator("#text").fill("")
    page.evaluate(WATCH)
    page.locator("#text").focus()
    for count, character in enumerate(text, 1):
        page.keyboard.insert_text(character)
        while page.evaluate("window.times.length") < count:
            page.wait_for_timeout(10)
    times: list[float] = page.evaluate("window.times")
    return times
