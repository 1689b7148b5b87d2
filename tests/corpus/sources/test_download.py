"""The download code against a server on this machine that can be made to misbehave."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.factories import small_rows
from textrnn.corpus import texts
from textrnn.corpus.sources import catalog
from textrnn.corpus.sources.catalog import PublishedDataset, find_dataset
from textrnn.corpus.sources.download import fetch, git_blob_id
from textrnn.corpus.texts import PublishedText, find_text
from textrnn.errors import DataError

CONTENT = "".join(f"{text}\t{label}\n" for text, label in small_rows(3000)).encode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    cut_after: int | None = None
    ranges = True
    silent = False
    stall_after: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str | None]] = []
        self.files: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *arguments: object) -> None: ...

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        if self.server.silent:
            threading.Event().wait(1.5)
            return
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.cut_after or self.server.stall_after])
        if self.server.stall_after:
            self.wfile.flush()
            threading.Event().wait(1.5)


@pytest.fixture
def server() -> Iterator[_Server]:
    server = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_git_blob_id() -> None:
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object


def test_fetch(server: _Server, tmp_path: Path) -> None:
    server.files["a.txt"] = CONTENT
    seen: list[tuple[str, int, int | None]] = []
    target = tmp_path / "new" / "a.txt"
    fetch(f"{server.url}/a.txt", target, f"git:{git_blob_id(CONTENT)}", on_progress=lambda *now: seen.append(now))
    assert target.read_bytes() == CONTENT
    assert [file.name for file in target.parent.iterdir()] == ["a.txt"]
    assert seen[-1] == ("a.txt", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_resumed(server: _Server, tmp_path: Path, ranges: bool) -> None:
    server.files["a.txt"] = CONTENT
    server.cut_after = 10_000
    target = tmp_path / "a.txt"
    with pytest.raises(DataError, match="cannot be downloaded"):
        fetch(f"{server.url}/a.txt", target, f"git:{git_blob_id(CONTENT)}")
    assert not target.exists()
    server.cut_after, server.ranges = None, ranges
    fetch(f"{server.url}/a.txt", target, f"git:{git_blob_id(CONTENT)}")
    assert target.read_bytes() == CONTENT
    assert server.requests[-1] == ("/a.txt", "bytes=10000-")


def test_a_part_that_is_already_whole(server: _Server, tmp_path: Path) -> None:
    server.files["a.txt"] = CONTENT
    (tmp_path / "a.txt.part").write_bytes(CONTENT)
    fetch(f"{server.url}/a.txt", tmp_path / "a.txt", f"git:{git_blob_id(CONTENT)}")
    assert (tmp_path / "a.txt").read_bytes() == CONTENT


def test_wrong_content_is_not_kept(server: _Server, tmp_path: Path) -> None:
    server.files["a.txt"] = b"something else"
    with pytest.raises(DataError) as caught:
        fetch(f"{server.url}/a.txt", tmp_path / "a.txt", "git:" + "0" * 40)
    assert str(caught.value) == (
        f"{server.url}/a.txt: the file that came is not the one published (git blob id "
        f"{git_blob_id(b'something else')}, expected {'0' * 40}); nothing was kept: try again, or put a good copy at "
        f"{tmp_path / 'a.txt'}"
    )
    assert list(tmp_path.iterdir()) == []


def test_missing_on_the_server(server: _Server, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch(f"{server.url}/a.txt", tmp_path / "a.txt", "git:" + "0" * 40)
    assert str(caught.value) == (
        f"{server.url}/a.txt: cannot be downloaded (the server answered 404 Not Found); expected a network connection: "
        f"try again (it goes on where it stopped), set HTTPS_PROXY or TEXTRNN_MIRROR, or put the file at "
        f"{tmp_path / 'a.txt'}"
    )


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be downloaded \(\[Errno 111\] Connection refused\)"):
        fetch("http://127.0.0.1:9/a.txt", tmp_path / "a.txt", "git:" + "0" * 40)


def test_a_server_that_says_nothing(server: _Server, tmp_path: Path) -> None:
    server.silent = True
    with pytest.raises(DataError, match=r"cannot be downloaded \(timed out\)"):
        fetch(f"{server.url}/a.txt", tmp_path / "a.txt", "git:" + "0" * 40, timeout=0.3)


def test_what_came_before_a_stall_is_kept(server: _Server, tmp_path: Path) -> None:
    server.files["a.txt"] = CONTENT
    server.stall_after = 5_000
    with pytest.raises(DataError, match="timed out"):
        fetch(f"{server.url}/a.txt", tmp_path / "a.txt", f"git:{git_blob_id(CONTENT)}", timeout=0.3)
    assert (tmp_path / "a.txt.part").stat().st_size == 5_000


@pytest.mark.parametrize(
    "url", ["mirror.example/a.txt", "/some/dir/a.txt", "http://[bad/a.txt", "http://127.0.0.1:9/文"]
)
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match="cannot be downloaded") as caught:
        fetch(url, tmp_path / "a.txt", "git:" + "0" * 40)
    assert "\n" not in str(caught.value)


def test_a_folder_with_a_part_of_a_known_data_set_is_completed(
    server: _Server, in_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = in_folder()
    (here / "data" / "thucnews").mkdir(parents=True)
    (here / "data" / "thucnews" / "train.txt").write_bytes(CONTENT)
    server.files = {f"thucnews/{name}.txt": CONTENT[:4000].rpartition(b"\n")[0] for name in ("dev", "test", "class")}
    ids = {path.partition("/")[2]: git_blob_id(content) for path, content in server.files.items()}
    monkeypatch.setitem(
        catalog.PUBLISHED_DATASETS, "thucnews", PublishedDataset("http://127.0.0.1:9", {**ids, "train.txt": "0" * 40})
    )
    monkeypatch.setattr(catalog, "PROJECT_DATA", here / "none")
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    monkeypatch.setenv("TEXTRNN_MIRROR", server.url)
    source = find_dataset("thucnews")
    assert source.dev is not None
    assert source.class_names is not None
    assert source.train.read_bytes() == CONTENT


def test_a_known_name_is_downloaded_once(
    server: _Server, in_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = in_folder()
    contents = {
        "class.txt": "猫狗\n山水\n数字\n".encode(),
        "train.txt": CONTENT,
        "dev.txt": CONTENT[:5000].rpartition(b"\n")[0] + b"\n",
        "test.txt": CONTENT[:4000].rpartition(b"\n")[0] + b"\n",
    }
    server.files = {f"thucnews/{name}": content for name, content in contents.items()}
    known = PublishedDataset("http://127.0.0.1:9", {name: git_blob_id(content) for name, content in contents.items()})
    monkeypatch.setitem(catalog.PUBLISHED_DATASETS, "thucnews", known)
    monkeypatch.setattr(catalog, "PROJECT_DATA", here / "none")
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    monkeypatch.setenv("TEXTRNN_MIRROR", server.url + "/")
    source = find_dataset("THUCNews")
    assert source.train == Path("data/thucnews/train.txt")
    assert source.train.read_bytes() == CONTENT
    asked = len(server.requests)
    assert find_dataset("thucnews").train.read_bytes() == CONTENT
    assert len(server.requests) == asked == 4


def test_published_ids_match_the_real_files(real_data: Path) -> None:
    for name in ("class.txt", "dev.txt", "test.txt"):  # the training file there is a quarter of the published one
        content = (real_data / "thucnews" / name).read_bytes()
        assert git_blob_id(content) == catalog.PUBLISHED_DATASETS["thucnews"].blob_ids[name]


def test_a_text_is_downloaded_once_and_verified(
    server: _Server, in_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder()
    content = b"The time traveller.\n" * 500
    server.files["timemachine.txt"] = b"<html>not found</html>"
    monkeypatch.setitem(
        texts.PUBLISHED_TEXTS,
        "timemachine",
        PublishedText("http://127.0.0.1:9/x", f"sha1:{hashlib.sha1(content).hexdigest()}"),
    )
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    monkeypatch.setenv("TEXTRNN_MIRROR", server.url)
    with pytest.raises(DataError) as caught:
        find_text("timemachine")
    wrong, right = (hashlib.sha1(c).hexdigest() for c in (server.files["timemachine.txt"], content))
    assert str(caught.value) == (
        f"{server.url}/timemachine.txt: the file that came is not the one published (SHA-1 {wrong}, expected {right}); "
        "nothing was kept: try again, or put a good copy at data/timemachine.txt"
    )
    server.files["timemachine.txt"] = content
    for _ in range(2):
        assert find_text("timemachine").path.read_bytes() == content
    assert len(server.requests) == 2


def test_a_silent_server_is_given_up(
    server: _Server, in_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder()
    server.silent = True
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    monkeypatch.setenv("TEXTRNN_MIRROR", server.url)
    with pytest.raises(DataError, match=r"timemachine\.txt: cannot be downloaded \(.*timed out"):
        find_text("timemachine", timeout=0.3)


def test_published_checksums_match_the_real_texts(real_data: Path) -> None:
    for name, known in texts.PUBLISHED_TEXTS.items():
        kind, _, expected = known.checksum.partition(":")
        content = (real_data / f"{name}.txt").read_bytes()
        assert (git_blob_id(content) if kind == "git" else hashlib.sha1(content).hexdigest()) == expected
