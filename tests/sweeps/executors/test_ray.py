"""Tasks of a real Ray of this machine: `make test-cluster`."""

import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.settings.executor_config import RayConfig
from duetto.storage.files import write_json
from duetto.sweeps.executors.protocol import Task
from duetto.sweeps.executors.ray_cluster import RayExecutor
from tests.sweeps.executors.small_tasks import FAILS, FINE, ends_of, is_gone, pid_of, task, waiting_task

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(find_spec("ray") is None, reason="no ray: pip install '.[ray]', then make test-cluster"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own: open files, deprecations
]


def executor(folder, **settings):
    folder.mkdir(exist_ok=True)
    return RayExecutor(RayConfig(**settings), folder, 4)


def test_tasks_end_as_their_workers_do_one_is_killed_and_one_runs_out_of_time(tmp_path):
    def kill():
        mark = tmp_path / "killed.pid"
        if mark.is_file() and mark.read_text():
            os.kill(int(mark.read_text()), signal.SIGKILL)
            mark.unlink()

    tasks = [task(tmp_path, "fine", FINE), task(tmp_path, "fails", FAILS), waiting_task(tmp_path, "killed")]
    ends = ends_of(executor(tmp_path / "sweep", time="1"), [*tasks, waiting_task(tmp_path, "late")], kill)
    assert (ends["fine"].status, tasks[0].log.read_text()) == (0, "fine\n")
    assert (ends["fails"].status, ends["fails"].last_lines) == (2, ("There is no such song.",))
    assert (ends["killed"].status, ends["killed"].interruption) == (-9, "")
    assert ends["late"].interruption.startswith("Its time was over: executor.time=1")
    assert is_gone(pid_of(tmp_path, "late"))


def test_ctrl_c_ends_the_tasks_and_a_lost_process_is_an_interruption(tmp_path):
    def interrupt():
        if (tmp_path / "waits.pid").is_file():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ends_of(executor(tmp_path / "sweep"), [waiting_task(tmp_path)], interrupt)
    assert is_gone(pid_of(tmp_path))

    def lose():
        mark = tmp_path / "lost.pid"
        if mark.is_file() and mark.read_text():
            parent = Path(f"/proc/{mark.read_text()}/stat").read_text().split(")")[1].split()[1]
            os.kill(int(parent), signal.SIGKILL)  # Ray's process of the task
            time.sleep(1)

    (end,) = ends_of(executor(tmp_path / "sweep"), [waiting_task(tmp_path, "lost")], lose).values()
    assert end.interruption.startswith("Its node or its process was lost (WorkerCrashedError)")
    assert is_gone(pid_of(tmp_path, "lost"))


WORKER = """
import json, sys
from pathlib import Path
settings = dict(each.split("=", 1) for each in sys.argv[1:] if "=" in each)
run = Path(settings["logs"]) / "one"
run.mkdir(parents=True, exist_ok=True)
before = (run / "steps.txt").read_text() if (run / "steps.txt").is_file() else ""
(run / "steps.txt").write_text(before + "2")
(run / "run.json").write_text("{}")
corpus = Path(settings["data.root"]) / "preprocessed" / "c"
(run / "preprocessing.json").write_text(json.dumps({"corpus": str(corpus)}))
print("made on a node")
"""


def test_a_run_of_a_node_with_folders_of_its_own_is_carried_there_and_back(tmp_path, monkeypatch):
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    run = tmp_path / "logs" / "one"
    write_json(run / "run.json", {})
    (run / "steps.txt").write_text("1")
    monkeypatch.setattr("duetto.runs.registration.register_run", lambda run: None)
    command = (os.sys.executable, str(script), "-", "-", str(tmp_path / "no conf"))
    one = Task(str(run), command, tmp_path / "output" / "one.txt", (), tmp_path / "data")
    (end,) = ends_of(executor(tmp_path / "sweep", folders="fetched"), [one]).values()
    assert (end.status, end.last_lines) == (0, ())
    assert (run / "steps.txt").read_text() == "12"  # what was there went along, and came back
    assert f'"corpus": "{tmp_path}/data/preprocessed/c"' in (run / "preprocessing.json").read_text()
    assert one.log.read_text() == "made on a node\n"
    own = Task(str(run), command, one.log, ("data.path=my_voice",), tmp_path / "data")
    (end,) = ends_of(executor(tmp_path / "sweep", folders="fetched"), [own]).values()
    assert "recordings are not sent" in end.last_lines[0]


def test_what_cannot_be_held_and_who_does_not_answer_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"executor\.cpus=512: this machine has \d+"):
        ends_of(executor(tmp_path / "sweep", cpus=512), [task(tmp_path, "fine", FINE)])
    with pytest.raises(ConfigError, match="no Ray cluster answers there"):
        ends_of(executor(tmp_path / "sweep", address="127.0.0.1:1"), [task(tmp_path, "fine", FINE)])
