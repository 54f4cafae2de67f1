import json
import math
from dataclasses import replace

import pytest

from benchmarks.scale import Cluster, Study, costs_of, describe

NEVER = math.inf
FREE = Study(
    runs=8, voices=2, corpora=1, gpus=4, prepare_s=10, start_s=5, train_s=100, score_s=20, read_mb=0, checkpoint_mb=0,
    keep_mb=0, checkpoint_s=10, mean_life_s=NEVER,
)  # fmt: skip


def ends(study):
    cluster = Cluster(study, 0)
    account = cluster.simulate()
    return cluster.env.now, account


def test_without_disk_and_interruptions_the_hours_are_those_of_a_sum():
    seconds, account = ends(FREE)
    assert account.prepared_s == 20  # one after another
    assert seconds == pytest.approx(10 + 2 * 125)  # four of the first corpus begin at once, then the other four
    assert (account.trained_s, account.lost_s) == (8 * 100, 0)
    assert account.held_s == pytest.approx(8 * 125)


def test_corpora_made_at_once_and_scores_without_the_card_end_sooner():
    assert ends(replace(FREE, gpus=8))[0] == 20 + 125
    assert ends(replace(FREE, gpus=8, preparers=2))[0] == 10 + 125
    assert ends(replace(FREE, preparers=2, scores_on_gpu=False))[0] == pytest.approx(10 + 105 + 105 + 20)


def test_interrupted_runs_lose_what_came_after_the_checkpoint_and_all_finish():
    _, account = ends(replace(FREE, mean_life_s=60))
    assert account.interrupted > 0
    assert account.trained_s == 8 * 100  # whatever was interrupted
    assert 0 < account.lost_s <= 10 * account.interrupted


def test_one_disk_serves_one_after_another():
    seconds, account = ends(replace(FREE, gpus=8, preparers=2, keep_mb=500, disk_mb_s=100))
    assert seconds == pytest.approx(10 + 125 + 8 * 5)
    assert account.moved_mb == 8 * 500


def test_a_row_has_a_cell_for_each_column():
    assert describe("small", FREE, 0).count("|") == 9


def test_costs_are_read_from_a_run(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/a.ckpt").write_bytes(b"0" * 2_000_000)
    (tmp_path / "voice").write_bytes(b"0" * 1_000_000)
    pace = {"corpus": [10.0, 4], "features": [5.0, 4], "test": [30.0, 2], "training": [480.0, 900]}
    (tmp_path / "run.json").write_text(json.dumps({"pace": pace}))
    costs = costs_of(tmp_path)
    assert (costs["prepare_s"], costs["score_s"], costs["checkpoint_mb"]) == (15.0, 30.0, 2.0)
    assert 1.0 < costs["keep_mb"] < 1.001
