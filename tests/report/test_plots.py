from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager

from textrnn.report import drawing, plots
from textrnn.report.html import make_page
from textrnn.training.history import History

CONFUSION = np.array([[8, 2, 0], [1, 7, 2], [0, 0, 10]])
NAMES = ["财经", "体育$x$", "<b>&"]


def history() -> History:
    evaluations = [
        {"step": s, "epoch": 1, "seconds": s / 10, "train_loss": 1.0, "dev_loss": 2.0 / s, "dev_accuracy": 0.1 * s}
        for s in (2, 4, 6)
    ]
    return History([2.0, 1.5, 1.2, 1.0, 0.9, 0.8], [0.1] * 6, [1] * 6, [8] * 6, evaluations, best_step=6)


@pytest.fixture
def no_fonts_but_matplotlibs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without any Chinese font."""
    own = [f for f in font_manager.fontManager.ttflist if Path(matplotlib.get_data_path()) in Path(f.fname).parents]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    drawing._font_for.cache_clear()
    yield
    drawing._font_for.cache_clear()


def size_of(png: bytes) -> tuple[int, int]:
    header = png[:24]
    assert header.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", header[16:24])
    return width, height


@pytest.mark.usefixtures("no_fonts_but_matplotlibs")
def test_no_font_is_believed_that_only_has_placeholders() -> None:
    """matplotlib brings a font that claims every character and draws each script as one box."""
    assert any("Last Resort" in font.name for font in font_manager.fontManager.ttflist)
    assert drawing.font_for(["财经"]) is None
    assert drawing.font_for(["café"]) == "DejaVu Sans"


@pytest.mark.usefixtures("no_fonts_but_matplotlibs")
def test_without_a_font_pngs_carry_indices_and_svgs_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, ...]] = []
    draw = plots._draw_confusion
    monkeypatch.setattr(
        plots, "_draw_confusion", lambda axes, values, names: (drawn.append(tuple(names)), draw(axes, values, names))
    )
    files, named = plots.plot_confusion(CONFUSION, NAMES, title="LSTM on 新闻")
    assert not named
    assert drawn == [("0", "1", "2"), tuple(NAMES)] * 2
    svg = files["confusion_counts.svg"].decode()
    for name in ("财经", "体育$x$", "&lt;b&gt;&amp;", "LSTM on 新闻: test rows"):
        assert name in svg


@pytest.mark.usefixtures("no_fonts_but_matplotlibs")
def test_without_a_font_nothing_is_said_about_glyphs(recwarn: pytest.WarningsRecorder) -> None:
    plots.plot_curves(history(), title="LSTM on 新闻")
    plots.plot_confusion(CONFUSION, NAMES, title="LSTM on 新闻")
    assert not recwarn.list


def test_with_a_font_pngs_carry_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    if drawing.font_for(NAMES) is None:
        pytest.skip("no installed font has Chinese characters")
    drawn: list[tuple[str, ...]] = []
    monkeypatch.setattr(plots, "_draw_confusion", lambda axes, values, names: drawn.append(tuple(names)))
    assert plots.plot_confusion(CONFUSION, NAMES, title="x")[1]
    assert drawn == [tuple(NAMES)] * 4


def test_files_are_complete_and_repeatable() -> None:
    def draw() -> dict[str, bytes]:
        files = plots.plot_curves(history(), title="LSTM on headlines")
        return files | plots.plot_confusion(CONFUSION, ["a", "b", "c"], title="LSTM on headlines")[0]

    files = draw()
    stems = ("confusion_counts", "confusion_normalised", "curves")
    assert sorted(files) == [f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")]
    assert draw() == files
    width, height = size_of(files["curves.png"])
    assert width > 1000
    assert height > 400


def test_running_mean_by_hand() -> None:
    np.testing.assert_allclose(drawing.smoothed([1, 3, 5, 7], 2), [1, 2, 4, 6])
    np.testing.assert_allclose(drawing.smoothed([1, 3, 5], 10), [1, 2, 3])


def test_shares_are_short() -> None:
    assert [plots._share_label(value) for value in (0.001, 0.05, 0.5, 1.0)] == ["", ".05", ".50", "1.00"]


def test_names_that_no_plot_has_room_for() -> None:
    names = ["长" * 3000, "\x1b[31mred\u202e", "ok"]
    files, _ = plots.plot_confusion(CONFUSION, names, title="x" * 2000)
    width, height = size_of(files["confusion_counts.png"])
    assert max(width, height) < 2500
    ElementTree.fromstring(files["confusion_counts.svg"])  # well-formed, whatever the names hold


def test_two_hundred_classes_are_drawn_without_a_black_band() -> None:
    names = [f"class {index}" for index in range(200)]
    files, _ = plots.plot_confusion(np.eye(200, dtype=np.int64), names, title="x")
    svg = files["confusion_counts.svg"].decode()
    assert svg.count("class ") == 2 * 100


def test_page_escapes_what_people_wrote() -> None:
    page = make_page(
        title="LSTM on <script>",
        summary=[("seed", "0")],
        comparison=[["on test", "accuracy"], ["LSTM", "0.5"]],
        confusion=CONFUSION,
        class_names=NAMES,
        confused=[("财经", "<b>&", 2, ["<img src=x onerror=alert(1)>"])],
        notices=["a <notice>"],
        curves=plots.plot_curves(history(), title="x")["curves.svg"],
    ).decode()
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "财经" in page
    assert page.count("<img ") == 1
    assert "http:" not in page.replace("http://www.w3.org", "")
