from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import error, pairs, read, written
from textrnn.config import DataConfig
from textrnn.corpus.readers import decode, read_class_names, read_rows
from textrnn.errors import ConfigError, DataError
from textrnn.report.notes import words

CHINESE = [
    ("水壶比照片好看，家里人都喜欢", "质量"),
    ("快递晚了两天才送到", "物流"),
    ("价格比隔壁店便宜", "价格"),
    ("客服回复特别慢", "客服"),
]
SAMPLES = {  # texts of the languages for which each encoding was made
    "gb18030": ("GB18030", CHINESE),
    "big5": ("Big5", [("這個價錢比隔壁便宜很多", "價格"), ("包裹晚了兩天才送到", "物流"), ("品質比照片上的還好", "品質")]),
    "shift_jis": ("Shift-JIS", [("商品がとても良かったです", "品質"), ("配送が遅れました", "配送"), ("値段が高いと思います", "価格")]),
    "euc_kr": ("EUC-KR", [("배송이 너무 늦어요", "배송"), ("가격이 비싸요", "가격"), ("품질이 정말 좋습니다", "품질")]),
    "cp1250": ("Windows-1250", [("Paczka przyszła za późno", "dostawa"), ("Jakość świetna, polecam każdemu", "jakość"), ("Obsługa nie odpowiada, żałuję", "obsługa")]),
    "cp1251": ("Windows-1251", [("Доставка опоздала на два дня", "доставка"), ("Цена слишком высокая", "цена"), ("Поддержка не отвечает", "поддержка")]),
    "cp1252": ("Windows-1252", [("El envío llegó mañana, qué lástima", "envío"), ("Größe und Qualität schön", "Qualität"), ("Très cher, déçu à l’arrivée", "prix")]),
    "cp1253": ("Windows-1253", [("Η παράδοση άργησε πολύ", "παράδοση"), ("Η τιμή είναι υψηλή", "τιμή"), ("Πολύ καλή ποιότητα", "ποιότητα")]),
    "cp1254": ("Windows-1254", [("Kargo çok geç geldi ve değmez", "kargo"), ("Fiyatı yüksek ama iyi değil", "fiyat"), ("Işık güzel, şık bir ürün", "ürün")]),
}  # fmt: skip


def lines_of(rows: list[tuple[str, str]], count: int = 60, line_end: str = "\n") -> str:
    return "".join(f"{rows[at % len(rows)][0]} {at}\t{rows[at % len(rows)][1]}{line_end}" for at in range(count))


def expected(rows: list[tuple[str, str]], count: int = 60) -> list[tuple[str, str]]:
    return [(f"{rows[at % len(rows)][0]} {at}", rows[at % len(rows)][1]) for at in range(count)]


@pytest.mark.parametrize("codec", SAMPLES)
def test_an_encoding_is_known_by_the_characters_that_it_gives(tmp_path: Path, codec: str) -> None:
    name, sample = SAMPLES[codec]
    rows = read(tmp_path, "a.txt", lines_of(sample), codec)
    assert pairs(rows) == expected(sample)
    assert rows.reading is not None
    assert (rows.reading.encoding, rows.reading.damaged_lines) == (name, ())


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_unicode_of_every_width(tmp_path: Path, codec: str, line_end: str) -> None:
    rows = read(tmp_path, "a.txt", lines_of(CHINESE, line_end=line_end), codec)
    assert pairs(rows) == expected(CHINESE)
    assert list(rows.line_numbers) == list(range(1, 61))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_without_a_byte_order_mark(tmp_path: Path, codec: str) -> None:
    assert pairs(read(tmp_path, "a.txt", lines_of(CHINESE), codec)) == expected(CHINESE)


def test_nul_bytes_in_utf_8_are_no_utf_16(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.txt", "a\0b\t0\n\0\0价格\t1\n")
    assert pairs(rows) == [("ab", "0"), ("价格", "1")]


def test_utf_16_that_begins_with_a_nul_is_no_utf_32(tmp_path: Path) -> None:
    assert pairs(read(tmp_path, "a.txt", "\0价格\t0\n快递\t1\n", "utf-16")) == [("价格", "0"), ("快递", "1")]


def test_a_byte_order_mark_in_the_middle_of_glued_files(tmp_path: Path) -> None:
    part = "text,label\r\n价格便宜,价格\r\n".encode("utf-8-sig")
    rows = read(tmp_path, "a.csv", part * 3)
    assert pairs(rows) == [("价格便宜", "价格")] * 3
    assert rows.reading is not None
    assert rows.reading.details == ("2 repeated headers",)


def test_half_utf_8_and_half_gbk(tmp_path: Path) -> None:
    half = lines_of(CHINESE)
    rows = read(tmp_path, "a.txt", half.encode("utf-8") + half.encode("gbk"))
    assert pairs(rows) == expected(CHINESE) * 2
    assert rows.reading is not None
    assert "60 lines in" in rows.reading.details[0]


def test_a_few_lines_of_utf_8_in_gbk(tmp_path: Path) -> None:
    lines = lines_of(CHINESE).splitlines(keepends=True)
    rows = read(
        tmp_path, "a.txt", b"".join(line.encode("utf-8" if at in (7, 31) else "gbk") for at, line in enumerate(lines))
    )
    assert pairs(rows) == expected(CHINESE)
    assert rows.reading is not None
    assert (rows.reading.encoding, rows.reading.details) == ("GB18030", ("2 lines in UTF-8",))


def test_one_latin_1_line_never_turns_a_spanish_file_into_chinese(tmp_path: Path) -> None:
    spanish = [("El envío llegó mañana", "envío"), ("La calidad está muy bien", "calidad")]
    lines = lines_of(spanish, 100).splitlines(keepends=True)
    rows = read(
        tmp_path, "a.txt", b"".join(line.encode("latin-1" if at == 40 else "utf-8") for at, line in enumerate(lines))
    )
    assert rows.reading is not None
    assert rows.reading.encoding == "UTF-8"
    assert rows.texts[39:43:2] == ["La calidad está muy bien 39", "La calidad está muy bien 41"]
    assert "\ufffd" in rows.texts[40] or rows.texts[40] == "El envío llegó mañana 40"


def test_latin_1_far_into_a_file_is_not_taken_for_chinese(tmp_path: Path) -> None:
    content = "a plain line of ASCII text\tpos\n" * 10_000 + "a naïve man in Zürich saw it\tpos\n"
    rows = read(tmp_path, "a.txt", content, "latin-1")
    assert rows.texts[-1] == "a naïve man in Zürich saw it"


def test_traditional_characters_in_gb18030(tmp_path: Path) -> None:
    text = "財經新聞報導，臺灣證券交易所擴大開放"
    assert read(tmp_path, "a.txt", f"{text}\t財經\n", "gb18030").texts == [text]


@pytest.mark.parametrize(("codec", "name"), [("utf-8", "UTF-8"), ("gbk", "GB18030")])
def test_a_lone_damaged_byte_is_replaced_counted_and_named(tmp_path: Path, codec: str, name: str) -> None:
    lines = [line.encode(codec) for line in lines_of(CHINESE, 200).splitlines(keepends=True)]
    lines[136] = b"\xff" + lines[136]
    rows = read(tmp_path, "a.txt", b"".join(lines))
    assert rows.reading is not None
    assert (rows.reading.encoding, rows.reading.damaged_lines) == (name, (137,))
    assert rows.texts[136] == f"\ufffd{CHINESE[136 % 4][0]} 136"
    assert pairs(rows)[:136] + pairs(rows)[137:] == expected(CHINESE, 200)[:136] + expected(CHINESE, 200)[137:]


def test_the_line_of_a_damaged_byte_is_counted_by_carriage_returns_where_they_end_lines(tmp_path: Path) -> None:
    lines = [line.encode() for line in lines_of(CHINESE, 50, "\r").splitlines(keepends=True)]
    lines[20] = lines[20].replace(b"\t", b"\xff\t")
    rows = read(tmp_path, "a.txt", b"".join(lines))
    assert rows.reading is not None
    assert rows.reading.damaged_lines == (21,)


def test_many_damaged_lines_stop_everything(tmp_path: Path) -> None:
    lines = [line.encode() for line in lines_of(CHINESE, 200).splitlines(keepends=True)]
    lines[9:19] = [b"\xff" + line for line in lines[9:19]]
    assert error(tmp_path, "a.txt", b"".join(lines)).startswith("a.txt:10: ")


def test_an_encoding_that_is_named(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.txt", "café\t0\n\x93x\x94\t1\n", "latin-1", encoding="latin-1")
    assert rows.texts == ["café", "x"]
    assert rows.reading is not None
    assert rows.reading.encoding == "ISO-8859-1"
    assert read(tmp_path, "a.txt", "价格\t0\n", "gbk", encoding="gb2312").texts == ["价格"]
    assert read(tmp_path, "a.txt", "價格\t0\n", "big5", encoding="big5").texts == ["價格"]
    assert read(tmp_path, "a.txt", "价格\t0\n", "utf-16-le", encoding="utf-16").texts == ["价格"]


def test_an_encoding_that_is_named_and_wrong(tmp_path: Path) -> None:
    assert error(tmp_path, "a.txt", lines_of(CHINESE), encoding="ascii") == (
        "a.txt:1: not ASCII, nor are 59 more lines; expected few such lines or none: save the file as UTF-8, or name "
        "its `encoding`"
    )
    with pytest.raises(ConfigError) as caught:
        read_rows(written(tmp_path, "a.txt", "a\t0\n"), DataConfig(encoding="utf8000"))
    assert str(caught.value) == (
        "`encoding` utf8000: no such encoding; expected one such as utf-8, gb18030, big5, utf-16, cp1252, shift_jis, "
        "euc_kr; did you mean utf-8?"
    )
    with pytest.raises(ConfigError):
        read_rows(tmp_path / "a.txt", DataConfig(encoding="base64"))


def test_what_is_no_text_at_all(tmp_path: Path) -> None:
    junk = bytes((at * 73 + at // 7) % 256 for at in range(5000))
    assert error(tmp_path, "a.csv", junk) == (
        "a.csv:1: bytes that no text has; expected text: name the text or table that is meant, or its "
        "`encoding` if it is one"
    )


def test_line_ends_of_three_systems_in_one_file(tmp_path: Path) -> None:
    content = "".join(f"text {at}\t{at % 2}" + ["\n", "\r\n", "\r"][at % 3] for at in range(30))
    assert pairs(read(tmp_path, "a.txt", content)) == [(f"text {at}", str(at % 2)) for at in range(30)]


def test_a_lone_carriage_return_inside_of_a_text_ends_no_line(tmp_path: Path) -> None:
    content = "".join(f"text {at}\t{at % 2}\n" for at in range(30)) + "one\rtwo\t1\n"
    assert read(tmp_path, "a.txt", content).texts[-1] == "one\ntwo"


def test_carriage_returns_that_end_records_and_line_feeds_inside_of_quotation_marks(tmp_path: Path) -> None:
    rows = read(
        tmp_path, "a.csv", "text,label\r" + "".join(f'"one {at}, and\ntwo",{"ab"[at % 2]}\r' for at in range(10))
    )
    assert pairs(rows) == [(f"one {at}, and\ntwo", "ab"[at % 2]) for at in range(10)]


def test_white_space_of_unicode_ends_no_line(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.txt", "a\tb\u2028c\x85d\t0\nx\t1\n")
    assert rows.texts == ["a\tb\u2028c\x85d", "x"]
    assert list(rows.line_numbers) == [1, 2]


def test_decode_says_what_was_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert decode("价格\r\n".encode("utf-8-sig"), path) == ("价格\r\n", None)
    text, note = decode("价格便宜".encode("gbk"), path)
    assert text == "价格便宜"
    assert note is not None
    assert words(note) == f"{path}: not UTF-8; read as GB18030"


def test_class_names(tmp_path: Path) -> None:
    assert read_class_names(written(tmp_path, "c.txt", "财经\n体育\n\n")) == (["财经", "体育"], None)
    names, note = read_class_names(written(tmp_path, "c.txt", "财经\n体育\n".encode("gb18030")))
    assert names == ["财经", "体育"]
    assert note is not None
    assert words(note) == f"{tmp_path / 'c.txt'}: not UTF-8; read as GB18030"
    path = written(tmp_path, "c.txt", "财经\n体育\n财经\n")
    with pytest.raises(DataError) as caught:
        read_class_names(path)
    assert str(caught.value) == f"{path}:3: 财经 appears twice (first on line 1); expected each class once"
