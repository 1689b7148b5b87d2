"""Who is let in: on loopback by the names of this machine, beyond it with the key; never a page of another site."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serve.running import Running, running
from textrnn.errors import ConfigError
from textrnn.serve.gate import checked_key, is_loopback

QUESTION = {"text": "猫"}


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "127.0.0.1.evil.example:PORT", ""])
def test_other_hosts(served: Running, host: str) -> None:
    found = served.client.get("/healthz", headers={"host": host.replace("PORT", str(served.port))})
    assert found.status_code == 403
    assert found.json()["error"] == {
        "status": 403,
        "code": "foreign_host",
        "message": "the header Host names another server; expected localhost and the port",
    }


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_our_own_names(served: Running, host: str) -> None:
    assert served.client.get("/healthz", headers={"host": f"{host}:{served.port}"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1"])
def test_pages_of_other_sites(served: Running, origin: str) -> None:
    found = served.client.post("/v1/classify", json=QUESTION, headers={"origin": origin})
    assert found.status_code == 403
    assert found.json()["error"]["code"] == "foreign_origin"
    assert "access-control-allow-origin" not in served.client.get("/v1/models", headers={"origin": origin}).headers


def test_our_own_page(served: Running) -> None:
    headers = {"origin": f"http://127.0.0.1:{served.port}"}
    assert served.client.post("/v1/classify", json=QUESTION, headers=headers).status_code == 200


def test_the_key(models_folder: Path) -> None:
    with running(models_folder, host="0.0.0.0", key="a-key") as served:
        client, right = served.client, {"authorization": "Bearer a-key"}
        for headers in (
            {},
            {"authorization": "Bearer a-kez"},
            {"authorization": "a-key"},
            {"authorization": "Basic a-key"},
        ):
            for found in (
                client.post("/v1/classify", json=QUESTION, headers=headers),
                client.get("/v1/models", headers=headers),
                client.get("/metrics", headers=headers),
                client.get("/openapi.json", headers=headers),
                client.get("/nowhere", headers=headers),
            ):
                assert found.status_code == 401
                assert found.headers["www-authenticate"] == "Bearer"
                assert found.json()["error"]["code"] == "wrong_key"
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code in (200, 401)  # where the page is there, it needs none
        assert client.post("/v1/classify", json=QUESTION, headers=right).status_code == 200
        assert client.get("/v1/models", headers={**right, "host": "models.example"}).status_code == 200
        assert client.get("/openapi.json", headers=right).json()["security"] == [{"key": []}]
        odd = httpx.Headers([(b"authorization", "Bearer 钥匙".encode())])
        assert client.get("/v1/models", headers=odd).status_code == 401


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_keys_that_are_refused() -> None:
    assert checked_key("127.0.0.1", None) is None
    assert checked_key("127.0.0.1", "k") == "k"
    with pytest.raises(ConfigError) as caught:
        checked_key("0.0.0.0", "")
    assert str(caught.value) == (
        "`host` 0.0.0.0: others can reach that; expected a key for them in the environment variable TEXTRNN_API_KEY: "
        "set it, or leave `host` out to answer this machine only"
    )
    for key in ("a b", "钥匙", "a\n"):
        with pytest.raises(ConfigError) as caught:
            checked_key("0.0.0.0", key)
        assert str(caught.value) == (
            "TEXTRNN_API_KEY: it cannot stand in a header; expected letters, digits and marks of ASCII without spaces"
        )
