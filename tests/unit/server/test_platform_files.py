"""Which URLs platform files claim: read again when they change, and never the server's undoing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from server.platform_files import PlatformFiles


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_files_globs_go_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "easyrtc.toml").write_text('[match]\nurls = ["http://127.0.0.1:4000/demos/*"]\n[texts]\nen = "x"\n')
    globs = PlatformFiles(tmp_path).globs()
    assert list(globs) == ["easyrtc"]
    assert globs["easyrtc"][0].matches(urlsplit("http://127.0.0.1:4000/demos/demo_multiparty.html"))


def test_what_the_workers_read_is_read_here_too(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[match]\nurls = "https://one.example.org/*"\n')
    (tmp_path / "mark.toml").write_bytes('[match]\r\nurls = ["https://mark.example.org/*"]\r\n'.encode("utf-8-sig"))
    globs = PlatformFiles(tmp_path).globs()
    assert globs["one"][0].matches(urlsplit("https://one.example.org/a"))
    assert globs["mark"][0].matches(urlsplit("https://mark.example.org/a"))


def test_a_new_file_counts_within_a_second_and_a_deleted_one_no_more(tmp_path: Path) -> None:
    clock = Clock()
    files = PlatformFiles(tmp_path / "platforms", clock)
    assert files.globs() == {}
    (tmp_path / "platforms").mkdir()
    path = tmp_path / "platforms" / "a.toml"
    path.write_text('[match]\nurls = ["https://a.example.org/*"]')
    clock.now = 0.5
    assert files.globs() == {}
    clock.now = 1.0
    assert list(files.globs()) == ["a"]
    path.unlink()
    clock.now = 2.0
    assert files.globs() == {}


def test_a_broken_file_keeps_no_other_out(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('[match]\nurls = ["https://a.example.org/*"]')
    (tmp_path / "syntax.toml").write_text("[match")
    (tmp_path / "scheme.toml").write_text('[match]\nurls = ["ftp://x/*"]')
    (tmp_path / "type.toml").write_text("match = 5")
    (tmp_path / "item.toml").write_text("[match]\nurls = [5]")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert list(PlatformFiles(tmp_path).globs()) == ["good"]
