import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.conversion.sources import check_source, expand_sources, plan_outputs, tell_passed_over
from duetto.errors import AudioError, CheckpointError, ConfigError
from duetto.runs import infer as infer_module
from duetto.runs.infer import find_speaker, infer, make_request
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig
from duetto.storage import leftovers
from duetto.voices.find import find_run
from tests.runs.voiced import RATE, make_run, settings, tone, voiced_run

__all__ = ["voiced_run"]  # a fixture


def test_runs_are_found_by_latest_name_signature_and_path(tmp_path):
    run = make_run(tmp_path, "rvc-case_b-full-compact-0123456789")
    for wanted in ("latest", run.name, "01234", str(run)):
        assert find_run(tmp_path, wanted) == run


def test_an_unknown_run_names_those_that_exist(tmp_path):
    with pytest.raises(CheckpointError, match="Train one first"):
        find_run(tmp_path, "latest")
    run = make_run(tmp_path, "rvc-case_b-full-compact-0123456789")
    with pytest.raises(CheckpointError, match=run.name):
        find_run(tmp_path, "other")


def test_an_ambiguous_signature_is_refused(tmp_path):
    make_run(tmp_path, "a-01aa")
    make_run(tmp_path, "b-01bb")
    with pytest.raises(CheckpointError, match="2 runs fit"):
        find_run(tmp_path, "01")


def test_no_source_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="Which recording"):
        infer(InferConfig(logs=str(tmp_path)), Console(quiet=True))


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(RATE), "is silent"),
        (0.5 * np.ones(RATE // 20), "expected at least 0.1 s"),
        (np.full(RATE, np.nan), "NaN"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path, samples, sentence):
    soundfile.write(tmp_path / "x.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=sentence):
        check_source(tmp_path / "x.wav")


def test_outputs_are_named_after_their_sources(tmp_path):
    outputs = plan_outputs([tmp_path / "a.wav", tmp_path / "b.flac"], None, tmp_path / "run", 6.0)
    assert [path.name for path in outputs] == ["a_+6.wav", "b_+6.wav"]


def test_an_output_never_lands_on_a_source_or_on_another_output(tmp_path):
    source = tmp_path / "a.wav"
    with pytest.raises(ConfigError, match="overwrite its source"):
        plan_outputs([source], str(source), tmp_path, 0.0)
    with pytest.raises(ConfigError, match="share a name"):
        plan_outputs([source, tmp_path / "x" / "a.wav"], str(tmp_path / "out"), tmp_path, 0.0)
    with pytest.raises(ConfigError, match="several sources"):
        plan_outputs([source, tmp_path / "b.wav"], "one.wav", tmp_path, 0.0)
    with pytest.raises(ConfigError, match=r"expected a \.wav or \.flac"):
        plan_outputs([source], "out.mp3", tmp_path, 0.0)


def test_folders_and_patterns_name_their_recordings_once_and_in_order(tmp_path):
    for name in ("b.wav", "a.wav"):
        tone(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no audio")
    both = [tmp_path / "a.wav", tmp_path / "b.wav"]
    assert expand_sources([str(tmp_path)]) == both
    assert expand_sources([f"{tmp_path}/*.wav"]) == both
    assert expand_sources([str(tmp_path / "b.wav"), str(tmp_path)]) == both[::-1]
    assert expand_sources(["absent.wav"]) == [Path("absent.wav")]
    (tmp_path / "take [1].wav").write_bytes(both[0].read_bytes())
    assert expand_sources([str(tmp_path / "take [1].wav")]) == [tmp_path / "take [1].wav"]


def test_a_folder_or_pattern_without_audio_is_one_sentence(tmp_path):
    for name in (str(tmp_path), f"{tmp_path}/*.wav"):
        with pytest.raises(ConfigError, match="names no recording"):
            expand_sources([name])


def test_one_bad_recording_does_not_lose_the_others(tmp_path, voiced_run):
    songs = tmp_path / "songs"
    songs.mkdir()
    for name in ("a.wav", "c.wav"):
        tone(songs / name)
    (songs / "b.wav").write_bytes(b"RIFF, but not really")
    tone(songs / "d.wav", level=0.0)
    console = Console(record=True, width=200, file=io.StringIO())
    with pytest.raises(AudioError, match=r"2 of 4 recordings could not be converted .*the others are done"):
        infer(settings(tmp_path, source=str(songs), transpose=-2.0, cents=50.0), console)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.wav")) == ["a_-1.5.wav", "c_-1.5.wav"]
    assert soundfile.info(tmp_path / "out" / "a_-1.5.wav").frames == RATE
    shown = console.export_text()
    assert "cannot be read as audio" in shown
    assert "is silent" in shown
    assert len(voiced_run) == 1, "the voice and its index are loaded once for all recordings"


def test_an_output_is_marked_from_the_moment_on_that_it_is_there(tmp_path, voiced_run, monkeypatch):
    seen = []

    def killed(path, *rest):
        with soundfile.SoundFile(path) as file:
            seen.append((file.title, file.frames))
        raise KeyboardInterrupt

    monkeypatch.setattr(infer_module, "write_origin", killed)
    tone(tmp_path / "a.wav")
    with pytest.raises(KeyboardInterrupt):
        infer(settings(tmp_path, source=str(tmp_path / "a.wav")), Console(quiet=True))
    assert seen == [("Converted singing voice (AI-generated)", RATE)]


def test_what_a_killed_conversion_left_is_removed_by_the_next(tmp_path, voiced_run, monkeypatch):
    (tmp_path / "out").mkdir()
    left = tmp_path / "out" / ".part.0011223344556677.wav"
    left.write_bytes(b"half")
    tone(tmp_path / "a.wav")
    monkeypatch.setattr(leftovers, "MIN_AGE_S", 0.0)
    infer(settings(tmp_path, source=str(tmp_path / "a.wav")), Console(quiet=True))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.wav", "a.wav.json"]


def test_a_single_bad_recording_is_its_own_sentence_and_loads_no_voice(tmp_path, voiced_run):
    with pytest.raises(AudioError, match="no audio file"):
        infer(settings(tmp_path, source=str(tmp_path / "absent.wav")), Console(quiet=True))
    assert not voiced_run
    assert not (tmp_path / "out").exists()


def test_files_in_a_folder_take_the_format_asked_for(tmp_path, voiced_run):
    [output] = infer(settings(tmp_path, source=str(tone(tmp_path / "a.wav")), format="flac"), Console(quiet=True))
    assert output == tmp_path / "out" / "a.flac"
    assert soundfile.info(output).format == "FLAC"


def test_a_speaker_is_a_number_or_a_name():
    voice = SimpleNamespace(card={"speakers": ["mei", "miku"]}, model=ModelConfig(name="rvc", num_speakers=2))
    assert [find_speaker(wanted, voice) for wanted in (0, 1, "1", "miku")] == [0, 1, 1, 1]
    for wanted in (2, -1, "teto"):
        with pytest.raises(ConfigError, match=r"speakers 0 to 1 \(mei, miku\)"):
            find_speaker(wanted, voice)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"index_rate": 1.5}, "index_rate=1.5: expected 0 to 1"),
        ({"level_match": float("nan")}, "level_match=nan"),
        ({"formant": 20.0}, "expected -12 to 12"),
        ({"transpose": 70.0}, "transpose"),
        ({"transpose": "up"}, "transpose=up: expected semitones, such as -12, or auto"),
        ({"transpose": True}, "expected semitones"),
        ({"rate": 100}, "rate=100: expected 8000 to 384000"),
        ({"chunk_s": 0.5}, "chunk_s"),
        ({"format": "mp3"}, "expected wav or flac"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        InferConfig(source="a.wav", **changes).validate()


def test_cents_are_hundredths_of_semitones():
    request = make_request(InferConfig(transpose=3.0, cents=-25.0, formant=1.0, level_match=0.25), 0)
    assert request.transpose_semitones == pytest.approx(2.75)
    assert (request.formant_semitones, request.level_match) == (1.0, 0.25)


def test_a_folder_of_sources_takes_every_suffix_that_training_takes_and_names_what_it_passes_over(tmp_path):
    for name in ("a.opus", "b.caf", "c.W64", "d.aifc", "e.au", "f.wave", "._a.wav", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).touch()
    for name in ("cover.jpg", "notes.txt", "desktop.ini"):
        (tmp_path / name).touch()
    (tmp_path / "takes").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    found = [path.name for path in expand_sources([str(tmp_path)])]
    assert found == ["a.opus", "b.caf", "c.W64", "d.aifc", "e.au", "f.wave"]
    assert tell_passed_over([str(tmp_path), str(tmp_path / "a.opus")]) == [
        f"source={tmp_path}: 2 files are not recordings by the suffix: cover.jpg, notes.txt; "
        "its subfolders were not searched: takes."
    ]


def test_a_source_that_is_damaged_or_very_soft_says_so(tmp_path):
    waveform = np.full(16_000, 10 ** (-55 / 20), np.float32)
    soundfile.write(tmp_path / "soft.wav", waveform, 16_000, subtype="FLOAT")
    assert check_source(tmp_path / "soft.wav").remarks[0].startswith("is recorded very softly: its peak is -55 dBFS")
    waveform[100] = 100.0
    soundfile.write(tmp_path / "damaged.wav", waveform, 16_000, subtype="FLOAT")
    source = check_source(tmp_path / "damaged.wav")
    assert source.ceiling == 1.0
    assert source.remarks[0].startswith("holds 1 sample far beyond full scale (up to 100.0)")


def test_outputs_are_folders_unless_their_suffix_is_a_file_type(tmp_path):
    source = tmp_path / "a.wav"
    for name in ("takes (v1.2)", "St. Anger", "folder.wav/", "2.5"):
        (output,) = plan_outputs([source], str(tmp_path) + f"/{name}", tmp_path, 0.0)
        assert output.name == "a.wav"
    (tmp_path / "mine.flac").mkdir()
    assert plan_outputs([source], str(tmp_path / "mine.flac"), tmp_path, 0.0) == [tmp_path / "mine.flac" / "a.wav"]


def test_names_with_brackets_are_printed_as_they_are(tmp_path):
    stream = io.StringIO()
    task = infer_module.ConversionTask(tmp_path / "[red]a[b].wav", tmp_path / "out", error=AudioError("[bold]x[/]"))
    with pytest.raises(AudioError, match="2 of 2"):
        infer_module.close([task, task], Console(file=stream, width=200), "title")
    assert "[red]a[b].wav" in stream.getvalue()
    assert "[bold]x[/]" in stream.getvalue()


def test_files_that_are_not_there_are_told_before_recordings_are_read(tmp_path, voiced_run):
    source = tone(tmp_path / "a.wav")
    model = tmp_path / "x.pth"
    with pytest.raises(CheckpointError, match=r"There is no file .*x\.pth, which checkpoint names"):
        infer(settings(tmp_path, source=str(source), checkpoint=str(model)), Console(quiet=True))
    model.touch()
    for name, error in (("index", CheckpointError), ("vocoder", CheckpointError), ("content_path", ConfigError)):
        changes = {"checkpoint": str(model), name: str(tmp_path / "absent.x")}
        with pytest.raises(error, match=r"absent\.x(, which| is not a file)"):
            infer(settings(tmp_path, source=str(source), **changes), Console(quiet=True))
    assert not voiced_run
