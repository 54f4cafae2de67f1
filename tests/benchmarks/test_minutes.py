import math

import numpy as np
import pytest
from rich.console import Console

from duetto.errors import CorpusError
from duetto.runs.compose import compose_runs
from duetto.storage.audio import read_info, write_audio
from duetto.storage.files import read_json, write_json, write_text
from duetto.storage.run_folder import RunFolder

NAN = math.nan


def song(**scores):
    good = {
        "speaker_similarity": 0.9,
        "speaker_similarity_to_source": 0.7,
        "dc_offset": 1e-5,
        "length_error_samples": 0.0,
        "clipped_share": 0.0,
    }
    return {"song": "tea", "metrics": {**good, **scores}}


def row(*songs, **more):
    mean = {"mcd_gap_closed": 0.7, "f0_rmse_cents": 40.0, "voicing_error": 0.05, "phone_error_excess": None, "rtf": 0.5}
    validation = {"minutes": 1.0, "mcd_output": 8.0, "speaker_similarity": 0.8, "voicing_error": 0.1}
    done = {"name": "rvc base", "model": "rvc", "group": "base", "value": 8.0, "error": None, "run": "r", "steps": 9}
    return {**done, "training_minutes": 8.0, "curve": [validation], "mean": mean, "songs": list(songs), **more}


def test_the_worst_song_counts_where_a_mean_would_hide_it(benchmark):
    scores = benchmark("minutes").score(
        row(song(), song(dc_offset=-0.01, length_error_samples=-3.0, clipped_share=0.2))
    )
    assert (scores["largest_dc"], scores["largest_length_error"], scores["clipped_share"]) == (0.01, 3.0, 0.2)


def test_closer_songs_are_counted_over_those_that_define_it(benchmark):
    minutes = benchmark("minutes")
    far, unknown = song(speaker_similarity_to_source=0.95), song(speaker_similarity=None)
    assert minutes.score(row(song(), far, unknown))["target_closer"] == 0.5
    assert math.isnan(minutes.score(row(unknown))["target_closer"])


def test_targets_are_met_missed_or_undefined(benchmark):
    verdict = benchmark("minutes").verdict
    assert verdict(0.6, ">=", 0.6) == " ✓"
    assert verdict(0.59, ">=", 0.6) == " ✗"
    assert verdict(35.1, "<=", 35.0) == " ✗"
    assert verdict(NAN, "<=", 35.0) == verdict(None, "<=", 35.0) == " (undefined)"
    assert verdict(1.0, None, None) == ""


def test_the_table_says_what_is_met_and_what_failed(benchmark):
    text = benchmark("minutes").table([row(song()), {"name": "rvc scratch", "error": "no space"}])
    assert "0.70 ✓" in text
    assert "40.0 ✗" in text
    assert "– (undefined)" in text
    assert "failed: no space" in text
    widths = {line.count("|") for line in text.strip().splitlines()}
    assert len(widths) == 1


@pytest.mark.slow
def test_results_are_whole_after_every_cell(benchmark, tmp_path):
    minutes = benchmark("minutes")
    rows = [row(song()), row(song(), name="rvc, 1 min of data", group="data", value=1.0)]
    minutes.write_results(rows, tmp_path, "python benchmarks/minutes.py")
    assert read_json(tmp_path / "minutes.json")["rows"][1]["value"] == 1.0
    assert {path.name for path in tmp_path.iterdir()} == {
        "minutes.json",
        "minutes.md",
        *(f"minutes_{what}.{kind}" for what in ("training", "data") for kind in ("svg", "png")),
    }


def test_ten_minutes_of_data_need_the_slow_songs(benchmark):
    minutes = benchmark("minutes")
    cells = {cell.name: cell for cell in minutes.make_cells(minutes.parse(["--models", "rvc"]))}
    assert len(cells) == 7
    assert "base=none" in cells["rvc scratch"].overrides
    assert not any("slow_" in setting for setting in cells["rvc, 5 min of data"].overrides)
    ten = next(s for s in cells["rvc, 10 min of data"].overrides if s.startswith("data.train_songs"))
    assert "slow_02" in ten
    assert not set(minutes.TESTS) & set(ten.strip("]").split("[")[1].split(","))


def test_the_default_cell_is_the_default_run(benchmark):
    minutes, cells = benchmark("minutes"), benchmark("cells")
    settings = minutes.make_cells(minutes.parse(["--models", "rvc"]))[0].overrides
    ours, default = compose_runs(cells.CONF, [settings, ("model=rvc", "data=case_b")])
    assert (ours.data, ours.model, ours.base, ours.preprocess) == (
        default.data,
        default.model,
        default.base,
        default.preprocess,
    )
    assert ours.trainer.max_minutes == default.trainer.max_minutes


def test_a_cell_that_fails_is_a_row_and_the_others_go_on(benchmark, monkeypatch, tmp_path):
    cells = benchmark("cells")
    folder = tmp_path / "run"
    (folder / "voice").mkdir(parents=True)
    (folder / "voice" / "generator.safetensors").write_bytes(bytes(2**20))
    record = {"signature": "s", "steps": 9, "training_minutes": 1.0, "device": "cpu", "ledger": {"seconds_used": 60.0}}
    write_json(folder / "run.json", record)
    write_json(folder / "metrics.json", {"mean": {"rtf": 0.5}, "undefined": {"rtf": 0, "x": 1}, "songs": []})
    write_text(folder / "curve.csv", "step,minutes\n5,0.5\n")

    def run(settings, console):
        if settings.seed == 1:
            raise CorpusError("nothing to train on")
        return {"run": str(folder)}

    monkeypatch.setattr(cells, "complete_run", run)
    told = []
    common = ("model=rvc", "data=case_b", "logger=none")
    todo = [cells.Cell(f"seed {seed}", "rvc", "g", seed, (*common, f"seed={seed}")) for seed in (1, 0)]
    rows = cells.run_cells(todo, Console(quiet=True), lambda rows: told.append(len(rows)))
    assert told == [1, 2]
    assert rows[0]["error"] == "nothing to train on"
    assert rows[1]["curve"] == [{"step": 5.0, "minutes": 0.5}]
    assert (rows[1]["weights_mib"], rows[1]["undefined"]) == (1.0, {"x": 1})


def test_a_wrong_setting_stops_before_the_first_cell(benchmark):
    cells = benchmark("cells")
    with pytest.raises(Exception, match="no_such_setting"):
        cells.run_cells(
            [cells.Cell("a", "rvc", "g", 0, ("no_such_setting=1",))], Console(quiet=True), lambda rows: None
        )


def test_the_default_runs_songs_are_kept_to_listen_to(benchmark, tmp_path):
    minutes, place = benchmark("minutes"), RunFolder(tmp_path / "run").evaluation("e123456789")
    for name in ("source", "output", "reference", "copy_synthesis"):
        write_audio(place.songs / "tea__mei" / f"{name}.wav", np.full(80_000, 0.1, np.float32), 8000)
    write_json(place.metrics, {})
    write_json(place.record, {})
    rows = [
        row(song(), run=str(tmp_path / "run")),
        row(song(), group="scratch", run="elsewhere"),
        row(group="base", error="x"),
    ]
    minutes.keep_audio(rows, tmp_path / "audio")
    kept = sorted(path.relative_to(tmp_path / "audio").as_posix() for path in (tmp_path / "audio").rglob("*.flac"))
    assert kept == [f"rvc/tea__mei/{name}.flac" for name in ("output", "reference", "source")]
    assert read_info(tmp_path / "audio" / kept[0]).duration_s == minutes.EXCERPT_S
