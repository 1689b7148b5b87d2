"""The notebooks in examples/: as their sources have them, run without an error, and nothing in them that is of one machine."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from tests.pages import ROOT

EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
# The cells are run as they are printed, but for these settings.
SHORTER = {
    "01-own-csv": {"hidden_size=64, embedding_size=64": "hidden_size=8, embedding_size=8, epochs=2", "cv=5": "cv=2"},
    "02-time-machine": {'recipe="d2l",': 'recipe="d2l", epochs=2, max_chars=2000, hidden_size=16,', "epochs=10, hidden_size=256,": "epochs=1, max_chars=8000, hidden_size=16,"},
    "03-memory": {
        "lengths = (10, 15, 20, 25, 30, 35)": "lengths = (4,)",
        "lengths=lengths)": 'lengths=lengths, named={"epochs": 1, "hidden_size": 4})',
        "digits=(6, 7, 0, 0, 1, 0, 0, 0, 0, 0)))": 'digits=(6, 7, 0, 0, 1), named={"epochs": 1, "hidden_size": 4}))',
    },
    "04-explaining-errors": {'model="BiLSTM_Ngram"': 'model="BiLSTM_Ngram", epochs=2, hidden_size=8, embedding_size=8'},
    "textbook": {"also = {}": 'also = {"epochs": 1, "hidden_size": 4, "variants": 1}'},
}  # fmt: skip
LARGEST_PICTURE = 100_000  # bytes
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|work|usr|Users|private)/|[A-Z]:\\\\|site-packages|warning", re.IGNORECASE
)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """examples/make.py"""
    spec = importlib.util.spec_from_file_location("make", EXAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(path: Path) -> str:
    return path.stem


def printed(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """What the cells left, pictures aside."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output.text
            yield str(output.get("text", ""))
            yield from (str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/"))


def test_there_is_a_notebook_of_each_source(make: ModuleType) -> None:
    assert [path.stem for path in NOTEBOOKS] == [path.stem for path in make.SOURCES]
    assert [*SHORTER] == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_has_the_cells_of_its_source(path: Path, make: ModuleType) -> None:
    kept = nbformat.read(path, as_version=4)
    nbformat.validate(kept)
    made = make.notebook_of(EXAMPLES / "source" / f"{path.stem}.py")
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [(cell.cell_type, cell.source) for cell in made.cells], (
        f"python examples/make.py {path.stem} makes it anew"
    )  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_what_is_kept_was_run_in_order_and_is_of_no_machine(path: Path) -> None:
    kept = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in kept.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    for text in printed(kept):
        assert not OF_A_MACHINE.search(text), text
    pictures = [
        data["image/png"]
        for cell in kept.cells
        for output in cell.get("outputs", [])
        if "image/png" in (data := output.get("data", {}))
    ]
    assert pictures
    assert all(len(picture) * 3 / 4 < LARGEST_PICTURE for picture in pictures)


def test_the_notebooks_run(make: ModuleType, tmp_path: Path) -> None:
    """One after the other in one kernel, which is emptied between them: most of the time goes into its start."""
    cells = []
    for path in NOTEBOOKS:
        notebook = make.notebook_of(EXAMPLES / "source" / f"{path.stem}.py")
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for long, short in SHORTER[path.stem].items():
            assert any(long in cell.source for cell in code), f"{path.stem}: no {long}"
            for cell in code:
                cell.source = cell.source.replace(long, short)
        cells += [*code, nbformat.v4.new_code_cell("%reset -f\nimport matplotlib\n\nmatplotlib.rcdefaults()")]
    notebook.cells = cells
    make.run(notebook, tmp_path, {"TEXTRNN_DATA": "", "OMP_NUM_THREADS": "1"})
    for text in printed(notebook):
        assert not OF_A_MACHINE.search(text), text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", cell.source):
                assert target.startswith("https://") or (EXAMPLES / target).is_file(), target
