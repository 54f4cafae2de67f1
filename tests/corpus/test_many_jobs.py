"""Jobs that begin at once on an empty cache, as those of a batch system do."""

from collections import Counter
from pathlib import Path

import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.jobs import is_complete
from duetto.settings.config import DataConfig
from tests.corpus.fakes import FakeSinger
from tests.storage.shared_disk import NO_LOCKS, all_at_once, what_is_left, without_locks


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["locks", "nfs"])
def test_eight_jobs_sing_each_song_once(
    case_b_config: DataConfig, tmp_path: Path, disk: str, monkeypatch: pytest.MonkeyPatch
):
    if disk in NO_LOCKS:
        without_locks(monkeypatch, NO_LOCKS[disk])
    log = tmp_path / "sung"

    def job(number: int) -> None:
        folder = build_corpus(case_b_config, surroundings=Surroundings(FakeSinger(log=log), workers=1))
        assert is_complete(folder)

    all_at_once(8, job)
    sung = Counter(log.read_text().splitlines())
    assert len(sung) == 8
    assert set(sung.values()) == {1}
    assert what_is_left(Path(case_b_config.root)) == []
