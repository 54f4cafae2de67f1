"""Downloads from a hub that cuts, lies and vanishes: a whole file with the right digest, or one sentence."""

import hashlib
import json
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from duetto.errors import CheckpointError, ConfigError, DownloadError, StorageError
from duetto.features.content import encoder_digest
from duetto.features.hubert_variants import require_weights
from duetto.hub import table
from duetto.hub.cache import cache_folder, place_of
from duetto.hub.get import add_weights, get_weights, held
from duetto.runs.identity import described_features
from duetto.settings.config import ContentConfig, FeaturesConfig
from tests.hub.conftest import CONTENT, ROW, UNKNOWN

KEY = f"{ROW.repository}/{ROW.file}"
UNKNOWN_KEY = f"{UNKNOWN.repository}/{UNKNOWN.file}"


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    """Small files in place of large ones: the package waits seconds, and writes ten megabytes, at a time."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.file_download.time", types.SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1200)


def leftovers():
    return sorted(path.name for path in place_of(ROW).parent.glob(".*.part"))


def test_a_file_comes_once_and_is_checked_again_at_each_use(hub):
    path = get_weights("small")
    assert path == place_of(ROW)
    assert path.read_bytes() == CONTENT
    assert get_weights("small") == path
    assert hub.ranges == [0]  # one transfer
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(CheckpointError, match=r"is not small: its SHA-256 begins with .*weights get small --again"):
        get_weights("small")
    assert get_weights("small", again=True).read_bytes() == CONTENT


def test_a_connection_that_is_cut_is_resumed_where_it_broke(hub):
    hub.cuts = 2
    assert get_weights("small").read_bytes() == CONTENT
    assert hub.ranges == [0, len(CONTENT) // 2, len(CONTENT) * 3 // 4]


def test_a_process_that_was_killed_goes_on_where_it_was(hub):
    etag = hashlib.sha256(CONTENT).hexdigest()
    place = place_of(ROW)
    place.parent.mkdir(parents=True)
    version = hashlib.sha256(etag.encode()).hexdigest()[:12]
    (place.parent / f".small.pt.{version}.part").write_bytes(CONTENT[:1000])
    (place.parent / ".small.pt.ofanotherone.part").write_bytes(b"what the file was before")
    assert get_weights("small").read_bytes() == CONTENT
    assert hub.ranges == [1000]
    assert leftovers() == []


def test_a_hub_that_keeps_cutting_is_one_sentence_and_what_came_stays(hub):
    hub.promised = 5  # every answer ends too early
    with pytest.raises(DownloadError, match=r"small could not be downloaded \(.*Run again to resume"):
        get_weights("small")
    assert len(leftovers()) == 1
    assert not place_of(ROW).exists()


def test_wrong_bytes_are_refused_and_do_not_stay(hub):
    hub.files[KEY] = b"z" + CONTENT[1:]
    with pytest.raises(CheckpointError, match="is not small: its SHA-256 begins with"):
        get_weights("small")
    assert not place_of(ROW).exists()


def test_a_wrong_size_is_refused(hub):
    hub.files[KEY] = CONTENT + b"more"
    with pytest.raises(CheckpointError, match=f"has {len(CONTENT) + 4} bytes; small has {len(CONTENT)}"):
        get_weights("small")


def test_a_mirror_that_answers_html_is_told_from_weights(hub):
    hub.html = b"<!DOCTYPE html><html>Log in</html>"
    with pytest.raises(DownloadError, match="does not answer as a hub does"):
        get_weights("small")
    hub.html, hub.html_body = b"", b"<html>Rate limit</html>".ljust(len(CONTENT))
    with pytest.raises(CheckpointError, match="is a web page, not the weights unknown"):
        get_weights("unknown")
    assert not (cache_folder() / "digests" / "unknown.json").exists()  # nothing was pinned


def test_a_first_digest_is_recorded_and_a_changed_file_refused(hub):
    get_weights("unknown")
    record = json.loads((cache_folder() / "digests" / "unknown.json").read_text())
    assert record["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert record["origin"].startswith(f"{hub.url}/owner/place@0123456789")
    hub.files[UNKNOWN_KEY] = b"new" + CONTENT
    with pytest.raises(
        CheckpointError, match=r"is not what unknown was at its first use.*delete .*unknown\.json first"
    ):
        get_weights("unknown", again=True)
    (cache_folder() / "digests" / "unknown.json").unlink()
    assert get_weights("unknown").read_bytes() == b"new" + CONTENT


def test_what_the_hub_does_not_have_is_one_sentence(hub):
    hub.files.clear()
    with pytest.raises(DownloadError, match=r"small could not be downloaded .*weights add small FILE"):
        get_weights("small")


def test_no_network_is_one_sentence_and_offline_files_are_taken(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", 1)
    with pytest.raises(DownloadError, match=r"could not be downloaded \(.*refused"):
        get_weights("small")
    mine = tmp_path / "downloaded_at_work.bin"
    mine.write_bytes(CONTENT)
    assert add_weights("small", mine) == place_of(ROW)
    assert get_weights("small").read_bytes() == CONTENT
    mine.write_bytes(b"another")
    with pytest.raises(CheckpointError, match="has 7 bytes; small has"):
        add_weights("small", mine)


def test_two_at_once_make_one_transfer(hub):
    hub.gate = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(get_weights, "small") for _ in range(2)]
        while not hub.ranges:
            time.sleep(0.01)
        hub.gate.set()  # one is in the middle of it, the other waits or comes later
        assert {each.result(20) for each in both} == {place_of(ROW)}
    assert hub.ranges == [0]


def test_a_full_disk_is_one_sentence(hub):
    etag = hashlib.sha256(CONTENT).hexdigest()
    place_of(ROW).parent.mkdir(parents=True)
    version = hashlib.sha256(etag.encode()).hexdigest()[:12]
    (place_of(ROW).parent / f".small.pt.{version}.part").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="the disk is full"):
        get_weights("small")


def test_a_cache_that_cannot_be_written_is_one_sentence(hub, tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="Cannot write"):
        get_weights("small")


def test_without_the_package_the_sentence_says_what_to_install(hub, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(DownloadError, match="pip install huggingface_hub"):
        get_weights("small")


def test_an_unknown_name_lists_the_known_ones(hub):
    with pytest.raises(ConfigError, match="no weights named smal"):
        get_weights("smal")


def test_what_is_held_is_told_without_a_download(hub):
    assert held("small").path is None
    get_weights("small").write_bytes(b"short")
    assert "has 5 bytes" in held("small").fault
    assert len(hub.ranges) == 1


def test_a_table_digest_needs_no_record_so_that_a_read_only_cache_serves(hub, monkeypatch):
    get_weights("small")
    (cache_folder() / "digests" / "small.json").unlink()

    def refuse(*_):
        raise StorageError("read-only")

    monkeypatch.setattr("duetto.hub.get.record", refuse)
    assert get_weights("small").read_bytes() == CONTENT


def test_a_file_and_what_belongs_beside_it_come_together_and_are_added_together(hub, monkeypatch, tmp_path):
    row = replace(UNKNOWN, name="vocoder", beside="config.json")
    monkeypatch.setattr(table, "public_weights", lambda: (row,))
    hub.files[f"{row.repository}/folder/config.json"] = b"{}"
    assert get_weights("vocoder").with_name("config.json").read_bytes() == b"{}"
    get_weights("vocoder").with_name("config.json").write_bytes(b"changed")
    with pytest.raises(CheckpointError, match=r"is not what vocoder-config\.json was.*weights get vocoder --again"):
        get_weights("vocoder")
    mine = tmp_path / "unknown.pt"
    mine.write_bytes(CONTENT)
    with pytest.raises(CheckpointError, match=r"vocoder needs the config\.json that it came with"):
        add_weights("vocoder", mine)
    mine.with_name("config.json").write_bytes(b"{}")
    assert add_weights("vocoder", mine) == place_of(row)


def test_an_encoder_and_conversion_take_the_hub_s_file_by_name(hub, monkeypatch):
    row = replace(ROW, name="contentvec")
    monkeypatch.setattr(table, "public_weights", lambda: (row,))
    content = ContentConfig("contentvec", 12, 768, "hub")
    assert require_weights("contentvec", "hub") == place_of(row)
    assert encoder_digest(content) == row.sha256
    features = FeaturesConfig(24000, 240, 1024, 80, content=content)
    assert described_features(features)["content"]["weights"] == row.sha256  # other weights are another run
