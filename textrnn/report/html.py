"""One self-contained page per run: no script, no network, plots embedded as SVG whose text is real text."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.metrics import class_scores
from textrnn.report.text import shortened

STYLE = """
body { font: 15px/1.55 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
       color: #222; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; } th, td { padding: .25rem .6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 1px solid #999; font-weight: 600; }
pre { white-space: pre-wrap; background: #f6f6f6; padding: .8rem; }
.matrix td { min-width: 2.2rem; text-align: center; } .matrix th { font-weight: 500; }
.scroll { overflow-x: auto; } img { max-width: 100%; } li { margin: .2rem 0; } .note { color: #666; }
"""


def escaped(text: str) -> str:
    """Text for a page: escaped, on one line, a very long one cut."""
    return html.escape(shortened(text, 300))


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escaped(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    head = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _matrix(confusion: NDArray[np.int64], class_names: Sequence[str]) -> str:
    """The confusion matrix as a table; a darker cell holds a larger share of its true class."""
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    head = "<th>true \\ predicted</th>" + "".join(f"<th>{escaped(name)}</th>" for name in class_names)
    rows = []
    for name, counts, row_shares in zip(class_names, confusion, shares, strict=True):
        cells = "".join(
            f'<td style="background:rgba(31,95,168,{share:.2f});color:{"#fff" if share > 0.5 else "#222"}"'
            f' title="{share:.1%}">{count or ""}</td>'
            for count, share in zip(counts, row_shares, strict=True)
        )
        rows.append(f"<tr><th>{escaped(name)}</th>{cells}</tr>")
    body = "".join(rows)
    return (
        f'<div class="scroll"><table class="matrix"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def embedded(svg: bytes, description: str) -> str:
    data = base64.b64encode(svg).decode()
    return f'<img alt="{html.escape(description)}" src="data:image/svg+xml;base64,{data}">'


def make_page(
    *,
    title: str,
    summary: Sequence[tuple[str, str]],
    comparison: Sequence[Sequence[str]],
    confusion: NDArray[np.int64],
    class_names: Sequence[str],
    confused: Sequence[tuple[str, str, int, Sequence[str]]],
    notices: Sequence[str],
    curves: bytes,
) -> bytes:
    """The content of ``report.html``.

    Args:
        summary: names and values shown at the top.
        comparison: a header row and a row for each of this model and the baseline.
        confused: (true class, predicted class, rows, example texts), worst first.
        curves: an SVG.
    """
    scores = class_scores(confusion)
    per_class = [
        [name, f"{scores.precision[i]:.4f}", f"{scores.recall[i]:.4f}", f"{scores.f1[i]:.4f}", f"{scores.support[i]:,}"]
        for i, name in enumerate(class_names)
    ]
    pairs = "".join(
        f"<li>{escaped(true)} taken for {escaped(predicted)}: {rows} rows<ul>"
        + "".join(f"<li>{escaped(text)}</li>" for text in examples)
        + "</ul></li>"
        for true, predicted, rows, examples in confused
    )
    noted = "".join(f'<li class="note">{escaped(notice)}</li>' for notice in notices)
    return page(
        title,
        [
            ("", html_table(["", ""], summary)),
            ("On the test split", html_table(comparison[0], comparison[1:])),
            ("Class by class", html_table(["class", "precision", "recall", "F1", "support"], per_class)),
            ("Confusion matrix", _matrix(confusion, class_names)),
            ("Most confused", f"<ul>{pairs or '<li>nothing was confused</li>'}</ul>"),
            ("How training went", embedded(curves, "loss and accuracy against the optimizer step")),
            *([("Notices", f"<ul>{noted}</ul>")] if noted else []),
        ],
    )


def page(title: str, sections: Iterable[tuple[str, str]]) -> bytes:
    """A whole page from headings (empty: none) and what stands under them, in HTML."""
    body = "\n".join(f"<h2>{escaped(heading)}</h2>\n{content}" if heading else content for heading, content in sections)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title><style>{STYLE}</style></head><body>
<h1>{escaped(title)}</h1>
{body}
</body></html>
""".encode()
