"""A run that is killed again and again has one history in W&B, by the real client against a stand-in for its server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from wandb.env import SERVICE

from duetto.training.wandb_files import last_step, mend, messages, not_sent
from tests.tracking.stand_in import SeenRun, StandIn, stand_in
from tests.tracking.training import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SIGNATURE = "r0123456789"
KILLS = ((1, 57), (51, 120), (101, 150))  # first and last step; a resumed training begins after its checkpoint
ALL = 160


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """As a shell's: an earlier test's service of W&B keeps a killed run open for as long as it lives."""
    own = {key: value for key, value in os.environ.items() if key != SERVICE}
    return {**own, "HOME": str(tmp_path), "WANDB_MODE": "online"}


def check(seen: SeenRun) -> None:
    """Every step once, in order, with all that was logged at it."""
    rows = seen.history
    assert [row["step"] for row in rows] == list(range(1, ALL + 1))
    counts = [row["_step"] for row in rows]
    assert counts == sorted(set(counts))
    assert all(row["loss_7"] == pytest.approx(row["step"] + 0.007, rel=1e-5) for row in rows)
    assert [row["step"] for row in rows if "mcd_output" in row] == list(range(10, ALL + 1, 10))


def sync(run: Path, server: StandIn, environment: dict[str, str]) -> None:
    folders = sorted(str(path) for path in (run / "wandb").glob("offline-run-*"))
    command = [sys.executable, "-m", "wandb", "sync", *folders]
    values = {**environment, **server.environment()}
    subprocess.run(command, env=values, cwd=run, check=True, capture_output=True, timeout=240)


def test_offline_three_kills_and_a_sync_give_one_history_without_a_gap(tmp_path: Path, environment: dict[str, str]):
    run = tmp_path / f"rvc-case_b-full-compact-{SIGNATURE}"
    for first, last in KILLS:
        train(run, first, last, "offline", environment, kill=True)
    train(run, KILLS[-1][1] + 1, ALL, "offline", environment)
    assert len(not_sent(run)) == 4
    with stand_in() as server:
        sync(run, server, environment)
        assert list(server.runs) == [SIGNATURE]
        check(server.runs[SIGNATURE])
        assert server.unknown == []
    assert not_sent(run) == []


def test_a_kill_before_w_and_b_wrote_anything_is_made_good(tmp_path: Path, environment: dict[str, str]):
    run = tmp_path / f"rvc-case_b-full-compact-{SIGNATURE}"
    train(run, 1, 3, "offline", environment, kill=True)
    (log,) = (run / "wandb").glob("offline-run-*/*.wandb")
    assert list(messages(log)) == []  # `wandb sync` fails at it, and at all that are named after it
    train(run, 1, ALL, "offline", environment)
    with stand_in() as server:
        sync(run, server, environment)
        check(server.runs[SIGNATURE])


def test_online_three_kills_give_one_history(tmp_path: Path, environment: dict[str, str]):
    run = tmp_path / f"rvc-case_b-full-compact-{SIGNATURE}"
    with stand_in() as server:
        environment |= server.environment()
        for first, last in KILLS:
            train(run, first, last, "online", environment, kill=True)
        train(run, KILLS[-1][1] + 1, ALL, "online", environment)
        assert list(server.runs) == [SIGNATURE]
        check(server.runs[SIGNATURE])
        assert server.runs[SIGNATURE].is_complete
        assert server.unknown == []


def test_what_began_offline_goes_on_offline_until_it_is_sent(tmp_path: Path, environment: dict[str, str]):
    run = tmp_path / f"rvc-case_b-full-compact-{SIGNATURE}"
    train(run, 1, 50, "offline", environment)
    with stand_in() as server:
        assert "goes on offline" in train(run, 51, 100, "auto", environment | server.environment())
        assert server.runs == {}
        sync(run, server, environment)
        train(run, 101, ALL, "auto", environment | server.environment())
        check(server.runs[SIGNATURE])


def test_a_torn_log_is_cut_after_its_last_whole_message(tmp_path: Path, environment: dict[str, str]):
    train(tmp_path, 1, 20, "offline", environment)
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    whole = log.read_bytes()
    ends = [message.end for message in messages(log)]
    assert ends[-1] == len(whole)
    log.write_bytes(whole[: ends[-3] + 5])
    mend(tmp_path)
    assert log.read_bytes() == whole[: ends[-3]]
    assert last_step(tmp_path) in (19, 20)
    log.write_bytes(whole[:20])
    mend(tmp_path)
    assert not log.exists()
