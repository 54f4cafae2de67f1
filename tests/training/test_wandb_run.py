"""W&B never asks and never hangs."""

import io
import time

import pytest
from rich.console import Console

from duetto.settings.logger_config import LoggerConfig
from duetto.training.wandb_run import INIT_TIMEOUT_S, About, _settings, has_api_key, open_wandb


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def start(tmp_path, console, may_upload=True, **settings):
    about = About("run-0123456789", "0123456789", {"seed": 0}, may_upload=may_upload)
    return open_wandb(LoggerConfig(**settings), tmp_path, about, console)


def test_a_key_is_found_in_the_environment(monkeypatch):
    assert not has_api_key()
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert has_api_key()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_without_a_key_offline_files_are_written_and_nothing_is_asked(tmp_path):
    run, where = start(tmp_path, Console(quiet=True))
    run.log(1, {"loss": 1.0})
    run.close()
    assert "offline" in where
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_key_without_network_ends_in_a_named_warning_and_offline_files(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    console = Console(record=True, width=200, file=io.StringIO())
    begin = time.monotonic()
    run, _ = start(tmp_path, console)
    run.close()
    assert time.monotonic() - begin < 3 * INIT_TIMEOUT_S
    assert "W&B cannot be reached" in console.export_text()
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_private_corpus_stays_offline_without_the_scope_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    console = Console(record=True, width=200, file=io.StringIO())
    run, where = start(tmp_path, console, may_upload=False)
    run.close()
    assert "cloud_logging" in console.export_text()
    assert "wandb sync" not in where


@pytest.mark.parametrize("wanted", [False, True])
def test_metrics_of_the_machine_are_sampled_if_asked_for_and_never_what_it_is(wanted):
    settings = _settings(LoggerConfig(system_metrics=wanted))
    assert settings.x_disable_stats is settings.x_disable_machine_info is not wanted
    assert settings.x_disable_meta
    assert settings.disable_git
    assert settings.disable_code
