"""Builds the notebooks from source/: ``python examples/make.py`` makes and runs all, or those that are named.

A source is Python with cells, as editors know them: ``# %%`` begins code, ``# %% [markdown]`` begins text in comments.
"""

from __future__ import annotations

import base64
import io
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

EXAMPLES = Path(__file__).resolve().parent
SOURCES = sorted((EXAMPLES / "source").glob("*.py"))


def notebook_of(source: Path) -> nbformat.NotebookNode:
    """A notebook that was not run yet."""
    cells = []
    parts = re.split(r"^# %%(.*)\n", source.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for index, (kind, body) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        if kind.strip() == "[markdown]":
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines())
            cell = nbformat.v4.new_markdown_cell(text)
        else:
            cell = nbformat.v4.new_code_cell(body.strip())
        cell["id"] = f"cell-{index}"  # the same every time, so that a change shows and nothing else
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def run(notebook: nbformat.NotebookNode, folder: Path, others: Mapping[str, str] | None = None) -> None:
    """Run a notebook's cells in an empty folder, and put what they print and draw into it.

    Args:
        others: variables of the environment, beside those that are there.
    """
    paths = [str(EXAMPLES.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(others or {})}
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environment)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = _smaller(output["data"]["image/png"])


def _smaller(picture: str) -> str:
    """A plot in base64, with so many colours as a plot needs."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        few = image.convert("RGB").quantize(96, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def main(names: list[str]) -> None:
    """Make those whose name begins as one of `names`, or all."""
    for source in SOURCES:
        if names and not source.stem.startswith(tuple(names)):
            continue
        notebook = notebook_of(source)
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, Path(folder))
        nbformat.write(notebook, EXAMPLES / f"{source.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
