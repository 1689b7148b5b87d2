"""The cleaned copy is read back as it was written, whatever the texts are."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import ROOT
from tests.factories import small_rows, write_rows
from textrnn.config import DataConfig, Run
from textrnn.corpus.readers import read_rows
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError
from textrnn.tasks.check import check, examine, write_fixed, write_suspects

TEXTS = st.one_of(st.text(min_size=1), st.text(st.sampled_from("a\"\n\r,;\t\\' é"), min_size=1, max_size=9))


@given(st.lists(TEXTS, min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_the_copy_is_read_as_it_was_written(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        usual = small_rows(60)
        rows = [*usual, *((text, "猫狗") for text in texts if text.strip())]
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        result = write_fixed(Run("classify", "LSTM", {"dataset": str(path)}), Path(folder, "clean"))
        (copy,) = Path(folder, "clean").glob("train.*")
        back = read_rows(copy)
        assert list(zip(back.texts, back.labels, strict=True)) == result.fixed.rows["train"]


def test_the_estimate_grows_with_what_there_is_to_learn(tmp_path: Path) -> None:
    seconds = []
    for count in (200, 2000):
        path = write_rows(
            tmp_path / f"{count}.txt", [(f"{text}{i}", label) for i, (text, label) in enumerate(small_rows(count))]
        )
        estimate = check(Run("classify", "LSTM", {"dataset": str(path)})).estimate
        assert estimate is not None
        seconds.append(estimate.seconds)
    assert 0 < seconds[0] < seconds[1] < 60


def test_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.csv: "):
        examine(find_dataset(str(path)), DataConfig())


def test_errors_come_first(tmp_path: Path) -> None:
    rows = [*small_rows(60), *((f"x{i}", "猫狗|山水") for i in range(3)), ("\u200b", "山水")]
    found = check(Run("classify", "LSTM", {"dataset": str(write_rows(tmp_path / "a.txt", rows))})).findings
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities)  # "error" comes before "warning"
    assert severities[:2] == ["error", "warning"]


def test_a_check_does_not_wait_for_torch() -> None:
    code = "import sys, textrnn.tasks.check, textrnn.report.check; assert not {'torch', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_header_of_the_copy_is_no_row_where_a_class_has_the_name_of_a_column(tmp_path: Path) -> None:
    rows = [(text, "label" if label == "猫狗" else label) for text, label in small_rows(60)]
    path = write_rows(tmp_path / "rows.txt", rows)
    result = write_fixed(Run("classify", "LSTM", {"dataset": str(path)}), tmp_path / "clean")
    back = read_rows(tmp_path / "clean" / "train.csv")
    assert list(zip(back.texts, back.labels, strict=True)) == result.fixed.rows["train"]


def test_a_test_split_without_labels_is_told(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in small_rows(60)), encoding="utf-8")
    (tmp_path / "test.csv").write_text("text\na\nb\n", encoding="utf-8")
    result = check(Run("classify", "LSTM", {"dataset": str(path)}))
    (found,) = [finding for finding in result.findings if finding.id == "unlabelled-test"]
    assert (found.severity, found.where) == ("warning", str(tmp_path / "test.csv"))
    assert [reading.path.name for reading in result.readings] == ["train.csv"]


def test_a_separator_of_labels_says_that_there_are_several(tmp_path: Path) -> None:
    rows = [(text, label if at % 4 else f"{label} & 山水") for at, (text, label) in enumerate(small_rows(60))]
    write_rows(tmp_path / "rows.tsv", rows)
    data = DataConfig(dataset=str(tmp_path / "rows.tsv"), label_separator="&")
    result = examine(find_dataset(data.dataset), data)
    assert set(result.classes) == {"山水", "数字", "猫狗"}
    assert result.estimate is not None
    asked = Run("classify", "LSTM", {"dataset": data.dataset, "label_separator": "&"})
    with pytest.raises(
        DataError, match=r"^`labels`: what is probably wrong is looked for where each row has one label"
    ):
        write_suspects(asked, tmp_path / "suspects.csv")
