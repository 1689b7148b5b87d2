"""Do texts of the training split stand in the other splits again? A score looks better than it is by such rows."""

from __future__ import annotations

from collections.abc import Iterator

from textrnn.corpus.check import Finding, ReadDataset


def repeated_texts(read: ReadDataset) -> Iterator[Finding]:
    """One warning for each held-out split that repeats texts of the training split."""
    seen = set(read.rows["train"].texts)
    for split in ("dev", "test"):
        texts = read.rows[split].texts
        repeated = [text for text in texts if text in seen]
        if repeated:
            rows = "row repeats a text" if len(repeated) == 1 else "rows repeat texts"
            yield Finding(
                "repeated-texts",
                "warning",
                split,
                f"{len(repeated):,} of {len(texts):,} {rows} of the training split "
                f"(for instance {_shortened(repeated[0])})",
                "scores on them say little",
            )


def _shortened(text: str, longest: int = 24) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
