import logging
import multiprocessing
from pathlib import Path

import pytest

from duetto.errors import StorageError
from duetto.ownership.registry import Artefact, open_registry, registry_path

CHAIN = (
    Artefact("r1", "recording", "take.wav", "/music/take.wav", subjects=("Ann 01",)),
    Artefact("c1", "corpus", "corpus", "/data/c1", (("recording", "r1"),)),
    Artefact("w1", "weights", "voice", "/logs/a/voice", (("corpus", "c1"),), record={"consent": {"subject": "ann-01"}}),
    Artefact("w2", "weights", "voice", "/logs/b/voice", (("base", "w1"), ("corpus", "c2"))),
    Artefact("c2", "corpus", "corpus", "/data/c2", subjects=("bob",)),
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))


def enter(number: int) -> None:
    with open_registry() as registry:
        for step in range(20):
            registry.enter([Artefact(f"{number}-{step}", "features", "f", f"/f/{number}-{step}", (("audio", "c1"),))])


def test_everything_made_from_a_person_is_found_whatever_way_the_name_is_spelled():
    with open_registry() as registry:
        registry.enter(CHAIN)
        for spelling in ("ann-01", "ANN_01", " Ann  01 ", "ａｎｎ-01"):
            assert {each.id for each in registry.of_subject(spelling)} == {"r1", "c1", "w1", "w2"}, spelling
        assert {each.id for each in registry.of_subject("bob")} == {"c2", "w2"}
        assert registry.of_subject("carl") == []


def test_links_run_both_ways_and_records_come_back():
    with open_registry() as registry:
        registry.enter(CHAIN)
        assert registry.parents("w2") == [("base", "w1"), ("corpus", "c2")]
        assert registry.children("c1") == [("corpus", "w1")]
        assert registry.of_ids(["w1"])[0].record == {"consent": {"subject": "ann-01"}}


def test_several_processes_write_at_once():
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=enter, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with open_registry() as registry:
        assert len(registry.children("c1")) == 80


def test_what_is_forgotten_leaves_no_byte():
    with open_registry() as registry:
        registry.enter(CHAIN)
        registry.forget([each.id for each in registry.of_subject("ann-01")])
    assert b"ann-01" not in registry_path().read_bytes()
    assert b"bob" in registry_path().read_bytes()


def test_a_damaged_registry_starts_anew_and_says_so(caplog: pytest.LogCaptureFixture):
    with open_registry() as registry:
        registry.enter(CHAIN)
    registry_path().write_bytes(b"no database at all " * 200)
    with caplog.at_level(logging.WARNING), open_registry() as registry:
        assert registry.find("w1") == []
    assert "was damaged" in caplog.text
    assert "--rebuild" in caplog.text


def test_a_registry_in_the_wrong_place_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StorageError), open_registry():
        pass
