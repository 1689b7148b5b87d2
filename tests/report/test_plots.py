from __future__ import annotations

import struct
import warnings
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import noto_cjk_sans_otc
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, FontProperties, fontManager

from textrnn.report import drawing, plots
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
def matplotlibs_own() -> list[FontEntry]:
    """The fonts of a machine without any Chinese font."""
    return [font for font in fontManager.ttflist if Path(matplotlib.get_data_path()) in Path(font.fname).parents]


def size_of(png: bytes) -> tuple[int, int]:
    header = png[:24]
    assert header.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", header[16:24])
    return width, height


def texts_of(svg: bytes) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_no_font_is_believed_that_only_has_placeholders(matplotlibs_own: list[FontEntry]) -> None:
    """matplotlib brings a font that claims every character and draws each script as one box."""
    assert any("Last Resort" in font.name for font in matplotlibs_own)
    assert drawing.font_for(["财经"], matplotlibs_own) is None
    assert drawing.font_for(["café"], matplotlibs_own) == "DejaVu Sans"


def test_without_a_font_pngs_carry_indices_and_svgs_the_names(
    matplotlibs_own: list[FontEntry], recwarn: pytest.WarningsRecorder
) -> None:
    files, named = plots.plot_confusion(CONFUSION, NAMES, title="LSTM on 新闻", fonts=matplotlibs_own)
    assert not named
    shown = set(texts_of(files["confusion_counts.svg"]))
    assert {*NAMES, "LSTM on 新闻: test rows"} <= shown
    with_indices, _ = plots.plot_confusion(CONFUSION, ["0", "1", "2"], title="LSTM on …")
    for name in ("confusion_counts.png", "confusion_normalised.png"):
        assert files[name] == with_indices[name]
    assert not recwarn.list  # nothing is said about glyphs


def test_without_a_font_titles_keep_what_is_latin(
    matplotlibs_own: list[FontEntry], recwarn: pytest.WarningsRecorder
) -> None:
    def files(title: str) -> dict[str, bytes]:
        return drawing.render_titled_plot("curves", (3, 2), title, lambda figure: None, fonts=matplotlibs_own)

    assert files("LSTM on 新闻")["curves.png"] == files("LSTM on …")["curves.png"]
    assert texts_of(files("LSTM on 新闻")["curves.svg"]) == ["LSTM on 新闻"]
    assert not recwarn.list


@pytest.mark.parametrize("names", [["пра́вда", "λόγος", "ok"], NAMES])
def test_with_a_font_pngs_carry_the_names(names: list[str]) -> None:
    files, named = plots.plot_confusion(CONFUSION, names, title="x")
    assert named
    assert (
        files["confusion_counts.png"]
        != plots.plot_confusion(CONFUSION, ["0", "1", "2"], title="x")[0]["confusion_counts.png"]
    )


@pytest.mark.parametrize("text", ["财经 房产", "ひらがな", "한국어", "臺灣"])
def test_the_packaged_font_shows_the_names(text: str) -> None:
    """What is drawn is as wide as in the font that comes as a package; boxes in its place would not be."""

    def width(**font: object) -> float:
        figure = Figure()
        drawn = figure.text(0, 0, text, fontsize=20, **font)
        return drawn.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width

    family = drawing.font_for([text])
    assert family is not None
    packaged = str(noto_cjk_sans_otc.FONT_PATH)
    assert width(family=family) == pytest.approx(
        width(fontproperties=FontProperties(fname=packaged, size=20)), rel=0.02
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert width(family="DejaVu Sans") != pytest.approx(width(family=family), rel=0.02)


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
    np.testing.assert_allclose(drawing.running_mean([1, 3, 5, 7], 2), [1, 2, 4, 6])
    np.testing.assert_allclose(drawing.running_mean([1, 3, 5], 10), [1, 2, 3])


def test_shares_are_short() -> None:
    confusion = np.array([[1, 500, 500], [5, 95, 0], [0, 0, 7]])
    svg = plots.plot_confusion(confusion, ["a", "b", "c"], title="x")[0]["confusion_normalised.svg"]
    assert sorted(text for text in texts_of(svg) if "." in text) == [".05", ".50", ".50", ".95", "1.00"]


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
