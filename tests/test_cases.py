"""The commands of files that people have, with what is said of each: kinds of input found in public bug reports.

A folder of ``tests/cases`` is a kind. What is read is told in the first line; what cannot be read, in the only one.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.commands import Result, error_of, run_in
from textrnn.config import DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.report.notes import words

CASES = Path(__file__).parent / "cases"
SMALL = ["--model", "LSTM", "--hidden-size", "4", "--epochs", "1", "--quiet", "--no-baseline", "--save-dir", "out"]
SKIP = "or leave such rows out with --on-bad-row skip"
PLAIN = "UTF-8, comma, header; text = text, label = label; 120 rows"

READ = {  # what is understood, and how many classes there are
    "01-label-first/SMSMessages": ("UTF-8, tab, no header; text = column 2, label = column 1; 90 rows; label first", 2),
    "01-label-first/few.txt": ("UTF-8, tab, no header; text = column 2, label = column 1; 36 rows; label first", 3),
    "01-label-first/cnews": ("train.txt, val.txt, test.txt: UTF-8, tab, no header; text = column 2, label = column 1; 160, "
     "32 and 32 rows; label first", 4),
    "03-fasttext-marks/glued.txt": ("UTF-8, fastText; text = text, label = label; 120 rows; a comma ends a label", 4),
    "03-fasttext-marks/label_last.txt": ("UTF-8, fastText; text = text, label = label; 120 rows", 4),
    "03-fasttext-marks/two_labels.txt": ("UTF-8, fastText; text = text, label = label; 120 rows; several labels a row; "
     "20.0 % of rows have two or more", 4),
    "04-several-labels-in-a-cell/pipe.csv": ("UTF-8, comma, header; text = 评论, label = 标签; 160 rows; several labels a "
     "row, joined by '|'; 33.8 % of rows have two or more", 4),
    "04-several-labels-in-a-cell/comma.csv": ("UTF-8, comma, header; text = 评论, label = 标签; 160 rows; several labels a "
     "row, joined by ','; 33.8 % of rows have two or more", 4),
    "04-several-labels-in-a-cell/one_hot.csv": ("UTF-8, comma, header; text = text, labels = delivery, billing, quality, "
     "account; 120 rows; a column for each label, and one label a row", 4),
    "06-missing-cells/hotel.csv": ("UTF-8, comma, header; text = review, label = label; 239 rows, 1 left out (no text: line "
     "182)", 2),
    "06-missing-cells/survey_words_only.csv": ("UTF-8, comma, header; text = text, label = label; 195 rows", 10),
    "08-backslash-quotes/export.csv": ("UTF-8, comma, header; text = text, label = label; 160 rows; backslashes escape", 4),
    "10-tsv-multiline/export.tsv": ("UTF-8, tab, header; text = text, label = label; 120 rows", 4),
    "10-tsv-multiline/no_header.txt": ("UTF-8, tab, no header; text = column 1, label = column 2; 120 rows", 4),
    "11-vendor-csv/excel_sep.csv": ("UTF-8, semicolon, header; text = text, label = label; 120 rows; sep=; on the first "
     "line", 4),
    "11-vendor-csv/trailing.csv": (PLAIN, 4),
    "11-vendor-csv/pipe.csv": ("UTF-8, |, header; text = text, label = label; 120 rows", 4),
    "11-vendor-csv/excel_u16.csv": ("UTF-16, tab, header; text = 文本, label = 类别; 120 rows", 4),
    "13-gbk-broken-byte/weibo.txt": ("GB18030, tab, no header; text = column 1, label = column 2; 200 rows, 1 line with "
     "damaged bytes (line 137)", 4),
    "13-gbk-broken-byte/utf8_cut.txt": ("UTF-8, tab, no header; text = column 1, label = column 2; 200 rows, 1 line with "
     "damaged bytes (line 89)", 4),
    "15-cr-only/mac.txt": ("UTF-8, tab, no header; text = column 1, label = column 2; 160 rows; carriage returns end "
     "lines", 4),
    "15-cr-only/mac.csv": ("UTF-8, comma, header; text = text, label = label; 160 rows; carriage returns end lines", 4),
    "15-cr-only/mac.jsonl": ("UTF-8, JSON lines; text = text, label = label; 160 rows; carriage returns end lines", 4),
    "17-json-exports/array.json": ("UTF-8, JSON array; text = text, label = label; 120 rows", 4),
    "17-json-exports/array_one_line.json": ("UTF-8, JSON array; text = text, label = label; 120 rows", 4),
    "17-json-exports/doccano.jsonl": ("UTF-8, JSON lines; text = text, label = label (also there: id); 120 rows", 4),
    "17-json-exports/labelstudio.json": ("UTF-8, JSON array; text = data.text, label = annotations.result.value.choices "
     "(also there: id, annotations.result.from_name, annotations.result.type); 120 rows", 4),
    "17-json-exports/columns.json": ("UTF-8, JSON of columns; text = text, label = label; 120 rows", 4),
    "17-json-exports/tnews.json": ("UTF-8, JSON lines; text = sentence, label = label (also there: label_desc, keywords); "
     "120 rows", 4),
    "18-many-classes/intents.csv": ("UTF-8, comma, header; text = utterance, label = intent; 1,392 rows", 242),
    "20-not-text/reviews.xlsx": ("Excel workbook, header; text = text, label = label; 80 rows; sheet a", 4),
    "20-not-text/renamed.csv": ("Excel workbook, header; text = text, label = label; 80 rows; sheet a", 4),
    "20-not-text/reviews.csv.gz": ("UTF-8, comma, header; text = text, label = label; 80 rows", 4),
    "20-not-text/reviews.zip": ("reviews.csv: UTF-8, comma, header; text = text, label = label; 80 rows", 4),
    "25-sister-files/shop/train.csv": ("train.csv, dev.csv, test.csv: UTF-8, comma, header; text = text, label = label; "
     "160, 40 and 40 rows", 4),
    "25-sister-files/shop": ("train.csv, dev.csv, test.csv: UTF-8, comma, header; text = text, label = label; 160, 40 and "
     "40 rows", 4),
    "25-sister-files/prefixed/shop.train.csv": ("shop.train.csv, shop.dev.csv, shop.test.csv: UTF-8, comma, header; text = "
     "text, label = label; 160, 40 and 40 rows", 4),
    "25-sister-files/prefixed": ("shop.train.csv, shop.dev.csv, shop.test.csv: UTF-8, comma, header; text = text, label = "
     "label; 160, 40 and 40 rows", 4),
    "30-odd-texts/odd.jsonl": ("UTF-8, JSON lines; text = text, label = label; 124 rows, 1 left out (no text: line 11); "
     "control characters left out of 6 texts", 2),
    "30-odd-texts/only_marks.txt": ("UTF-8, tab, no header; text = column 1, label = column 2; 144 rows", 2),
}  # fmt: skip
REFUSED = {
    "06-missing-cells/survey.csv": "survey.csv:13: 5 of 200 rows: no label on lines 13, 42, 79, 122; no text on line 132; "
    "expected at most 1 % of the rows without text or label: fill the label in, or fill the text in, " + SKIP,
    "06-missing-cells/numbers.jsonl": "numbers.jsonl:51: 2 of 160 rows: no text on line 51; no label on line 91; expected at "
    "most 1 % of the rows without text or label: fill the text in, or fill the label in, " + SKIP,
    "11-vendor-csv/toutiao.txt": "toutiao.txt:1: nothing that separates a text from its label in every line; the line was "
    "understood as one text, '6551700932705387022_!_101_!_news_价格_!_活动价比隔壁店便宜算下来不亏_!_活动,不亏'; expected a "
    "tab, a comma, a semicolon or | between the columns: --separator '_!_' if that is what separates columns, for it stands "
    "in every line",
    "11-vendor-csv/spaces.txt": "spaces.txt:1: nothing that separates a text from its label in every line; the line was "
    "understood as one text, '活动价比隔壁店便宜算下来不亏 1'; expected a tab, a comma, a semicolon or | between the "
    "columns: put a tab between the text and its class, or name what separates them with --separator, such as --separator "
    "' ' for a blank",
    "15-cr-only/mac_bad_row_101.csv": "mac_bad_row_101.csv:101: no comma in the line: 'only one field'; expected text and "
    "label in each row: put the separator between the text and its class, " + SKIP,
    "20-not-text/reviews.html.csv": "reviews.html.csv: an HTML page; expected text: open it in a browser and save what it "
    "shows as text, or download the data file itself",
    "20-not-text/https://example.org/reviews.csv": "https://example.org/reviews.csv: an address on the web; expected a file "
    "on this machine: download it first and name the file",
    "20-not-text/missing.csv": "missing.csv: no such file or folder; expected --dataset to be a name, a folder or a file",
}  # fmt: skip


def place_of(case: str, folder: Path) -> tuple[Path, str]:
    """A copy of the case's folder, and what is named there."""
    kind, _, named = case.partition("/")
    shutil.copytree(CASES / kind, folder / kind)
    return folder / kind, named


def expected_line(case: str) -> str:
    line, name = READ[case][0], Path(case).name
    return line if ".csv: " in line or ".txt: " in line else f"{name}: {line}"


@pytest.mark.parametrize("case", READ)
def test_what_is_read(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, named = place_of(case, tmp_path)
    monkeypatch.chdir(folder)
    dataset = load_dataset(find_dataset(named), DataConfig())
    assert expected_line(case) in [words(note) for note in dataset.notes]
    assert len(dataset.class_names) == READ[case][1]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    folder, named = place_of(case, tmp_path)
    assert error_of(run_in(folder, "--dataset", named, *SMALL)) == REFUSED[case]


def first_line(result: Result) -> str:
    assert (result.status, result.err) == (0, "")
    return next(line for line in result.out.splitlines() if not line.startswith("note: "))


@pytest.mark.parametrize(
    "case", ["01-label-first/SMSMessages", "25-sister-files/shop/train.csv", "30-odd-texts/odd.jsonl"]
)
def test_what_is_read_is_learnt(tmp_path: Path, case: str) -> None:
    folder, named = place_of(case, tmp_path)
    result = run_in(folder, "--dataset", named, *SMALL)
    assert first_line(result) == expected_line(case)
    assert not set(result.out) & set(map(chr, [*range(9), *range(11, 32), 127]))


@pytest.mark.slow
@pytest.mark.skipif("TEXTRNN_ROUND_TRIPS" not in os.environ, reason="set TEXTRNN_ROUND_TRIPS to train on every file")
@pytest.mark.parametrize("case", READ)
def test_every_file_is_learnt(tmp_path: Path, case: str) -> None:
    folder, named = place_of(case, tmp_path)
    assert first_line(run_in(folder, "--dataset", named, *SMALL)) == expected_line(case)


@pytest.mark.parametrize(
    ("name", "first"),
    [("pipe.csv", "'客服|质量' is '客服' and '质量'"), ("comma.csv", "'价格,物流' is '价格' and '物流'")],
)
def test_several_labels_in_a_cell_where_one_is_expected(tmp_path: Path, name: str, first: str) -> None:
    folder, named = place_of(f"04-several-labels-in-a-cell/{name}", tmp_path)
    said = error_of(run_in(folder, "--dataset", named, "--no-multi-label", *SMALL))
    assert said.startswith(
        f"{name}:2: 54 rows with several labels in one cell: {first}, and would be a class of its own ("
    )


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    folder, named = place_of("20-not-text/reviews.parquet", tmp_path)
    said = error_of(run_in(folder, "--dataset", named, *SMALL))
    assert said.startswith("reviews.parquet: a Parquet file that cannot be read (")
    assert said.endswith("); expected a whole one: copy or write it once more")


def test_a_column_that_is_named(tmp_path: Path) -> None:
    folder, named = place_of("17-json-exports/tnews.json", tmp_path)
    result = run_in(folder, "--dataset", named, "--label-column", "label_desc", *SMALL)
    assert first_line(result) == (
        "tnews.json: UTF-8, JSON lines; text = sentence, label = label_desc (also there: label, keywords); 120 rows"
    )


def test_separators_and_columns_that_are_named(tmp_path: Path) -> None:
    """The remedies that the errors name can be followed."""
    folder, _ = place_of("11-vendor-csv/toutiao.txt", tmp_path)
    columns = ["--separator", "_!_", "--text-column", "4", "--label-column", "3"]
    assert first_line(run_in(folder, "--dataset", "toutiao.txt", *columns, *SMALL)) == (
        "toutiao.txt: UTF-8, '_!_', no header; text = column 4, label = column 3 (also there: column 1, column 2, column "
        "5); 120 rows"
    )
    assert first_line(run_in(folder, "--dataset", "spaces.txt", "--separator", " ", *SMALL)) == (
        "spaces.txt: UTF-8, blank, no header; text = column 1, label = column 2; 120 rows"
    )


def test_one_novel_with_three_line_ends(tmp_path: Path) -> None:
    folder, _ = place_of("15-cr-only/", tmp_path)
    settings = ["--task", "lm", "--hidden-size", "4", "--epochs", "1", "--quiet", "--save-dir", "out"]
    figures = []
    for line_end in ("lf", "cr", "crlf"):
        assert run_in(folder, "--corpus", f"novel_{line_end}.txt", *settings).status == 0
        metrics = folder / "out" / f"novel_{line_end}" / "lm_LSTM" / "metrics.json"
        figures.append(json.loads(metrics.read_text(encoding="utf-8"))["valid"])
    assert figures[0] == figures[1] == figures[2]


def test_texts_of_a_million_characters(tmp_path: Path) -> None:
    rows = [f"the parcel number {at} was late,{'ab'[at % 2]}" for at in range(60)]
    rows += ["x" * 1_600_000 + ",a", f'"{"one two, " * 40_000}",b', "字" * 300_000 + ",a"]
    (tmp_path / "long.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    result = run_in(tmp_path, "--dataset", "long.csv", *SMALL)
    assert first_line(result) == "long.csv: UTF-8, comma, header; text = text, label = label; 63 rows"
