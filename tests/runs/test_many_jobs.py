"""Fifty jobs on one folder of runs and one registry: nothing is lost, and no lock is left."""

from pathlib import Path

import pytest

from duetto.errors import StorageError
from duetto.ownership.home import home
from duetto.ownership.registry import Artefact, open_registry
from duetto.ownership.revocation import add_revocation, read_revocations
from duetto.runs.registration import list_features, register
from duetto.runs.train import check_writable, locked, update_run
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import RunFolder
from tests.storage.shared_disk import NO_LOCKS, all_at_once, what_is_left, without_locks

JOBS = 50


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["locks", *NO_LOCKS])
def test_fifty_jobs_lose_nothing_and_leave_no_lock(tmp_path: Path, disk: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    if disk in NO_LOCKS:
        without_locks(monkeypatch, NO_LOCKS[disk])
    logs, corpus = tmp_path / "logs", tmp_path / "corpus"
    corpus.mkdir()

    def job(number: int) -> None:
        check_writable(logs)
        run = RunFolder(logs / f"run-{number}")
        with locked(run.path):
            write_json(run.record, {"signature": str(number)})
            list_features(corpus, {f"clip-{number}": f"/features/{number}"})
            register([Artefact(f"{number}", "run", run.name, str(run.path), (("corpus", "c"),), (f"p-{number}",))])
            add_revocation(f"person-{number}", "2026-01-01")
            update_run(run.path, {"status": "finished"})

    all_at_once(JOBS, job)
    assert len(list(logs.glob("*/run.json"))) == JOBS
    assert all(read_object(record)["status"] == "finished" for record in logs.glob("*/run.json"))
    assert len(read_object(corpus / "features.json")) == JOBS
    with open_registry() as registry:
        assert len(registry.children("c")) == JOBS
        assert [registry.of_subject(f"p-{number}")[0].id for number in range(JOBS)] == [str(n) for n in range(JOBS)]
    assert len(read_revocations().days) == JOBS
    assert what_is_left(tmp_path) == []
    assert what_is_left(home()) == []


@pytest.mark.slow
def test_of_fifty_jobs_on_one_run_one_works_at_a_time_and_the_others_are_told(tmp_path: Path):
    run, done = tmp_path / "run", tmp_path / "done"
    done.mkdir()
    (tmp_path / "told").mkdir()

    def job(number: int) -> None:
        try:
            with locked(run):
                (run / "inside").touch(exist_ok=False)
                (run / "inside").unlink()
        except StorageError as error:
            (tmp_path / "told" / str(number)).write_text(str(error))
        else:
            (done / str(number)).touch()

    all_at_once(JOBS, job)
    told = [path.read_text() for path in (tmp_path / "told").iterdir()]
    assert len(told) + len(list(done.iterdir())) == JOBS
    assert list(done.iterdir())
    assert all("is working on" in sentence and "Wait for it, or stop it." in sentence for sentence in told)
    assert what_is_left(tmp_path) == []
