import base64
import io
import json
import math
import os
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from PIL import Image

from duetto.errors import AudioError, StorageError
from duetto.report.collect import collect_run, number, read_columns
from duetto.report.figures import PICTURE_NAME, loss_figure, quality_figure, song_picture, spectrogram_triple
from duetto.report.headline import duration_text, headline, warnings_of
from duetto.report.page import write_run_page

from .run_folder import HOSTILE, RATE, facts, make_run, metrics, row, scores

VOID = {"meta", "img", "line", "circle", "br", "link", "input"}


class Page(HTMLParser):
    """Collects elements, checks that they nest, and keeps the visible text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.visible = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.visible.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.visible).split())


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), songs=(("tea", "mei"), ("<b>rain & snow", "mei")))


@pytest.fixture(scope="module")
def page(run_folder):
    return Page(write_run_page(run_folder).read_text(encoding="utf-8"))


def payload(uri, kind):
    start = f"data:{kind};base64,"
    assert uri.startswith(start)
    return io.BytesIO(base64.b64decode(uri.removeprefix(start), validate=True))


def scored_run(folder, rows, label=None, **changes):
    (folder / "metrics.json").write_text(json.dumps(metrics(rows, label)))
    (folder / "run.json").write_text(json.dumps(facts(**changes)))
    return collect_run(folder)


def test_the_page_lies_in_the_run_folder_and_names_the_run(run_folder, page):
    assert (run_folder / "index.html").is_file()
    assert page.all("html") == [{"lang": "en"}]
    assert "case_b-rvc-compact-1f3a" in page.text


def test_the_headline_says_gap_pitch_and_time(page):
    assert "Closed 57 % of the gap between source and vocoder, kept the melody within 14 cents" in page.text
    assert "after 8 min of training" in page.text


def test_four_players_a_song_hold_audio_of_the_right_length(page):
    players = page.all("audio")
    assert len(players) == 8
    for player in players:
        waveform, rate = soundfile.read(payload(player["src"], "audio/mpeg"))
        assert rate == 24000
        assert waveform.size == round(0.6 * RATE)
        assert "controls" in player
    labels = [player["aria-label"] for player in players]
    assert labels[4:] == [f"{name} of tea, sung by mei" for name in ("Source", "Output", "Reference", "Copy synthesis")]


def test_a_player_sings_what_the_file_holds(run_folder, page):
    heard, _ = soundfile.read(payload(page.all("audio")[5]["src"], "audio/mpeg"))
    written, _ = soundfile.read(run_folder / "songs" / "tea__mei" / "output.wav")
    assert np.corrcoef(heard, written)[0, 1] > 0.98


def test_every_picture_is_a_png_with_a_description(page):
    pictures = page.all("img")
    assert len(pictures) == 4  # two songs, quality, losses
    for picture in pictures:
        Image.open(payload(picture["src"], "image/png")).verify()
        assert len(picture["alt"]) > 40


def test_nothing_is_loaded_from_elsewhere(page):
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data", "poster"):
            assert attributes.get(name, "data:").startswith(("data:", "#main"))
    policy = page.all("meta")[1]["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_values_from_files_are_escaped(page):
    assert len(page.all("script")) == 1
    assert not page.all("b") or "<b>rain & snow" in page.text
    assert HOSTILE in json.loads(page.text[page.text.index('{ "model"') : page.text.rindex("}") + 1])["note"]
    assert "shorter than the segment <0.5 s>" in page.text


def test_the_ledger_adds_up_and_groups_by_reason(page):
    assert "120.0 s came in, 102.0 s (85 %) were used, 18.0 s were dropped ." in page.text.replace(
        "dropped.", "dropped ."
    )
    assert "shorter than the segment <0.5 s> 6.0 4" in page.text
    assert "unaccounted" not in page.text


def test_seconds_that_vanished_are_named(tmp_path):
    lost = facts(ledger={"seconds_in": 100.0, "seconds_used": 80.0, "dropped": []})
    (tmp_path / "run.json").write_text(json.dumps(lost))
    page = Page(write_run_page(tmp_path).read_text(encoding="utf-8"))
    assert "20.0 s are unaccounted for" in page.text


def test_a_table_has_scores_beside_their_bounds(page):
    assert "5.10 dB 8.90 dB 2.80 dB lower 2 0" in page.text


def test_an_empty_folder_still_gives_a_page_that_says_so(tmp_path):
    page = Page(write_run_page(tmp_path).read_text(encoding="utf-8"))
    assert "Not scored yet." in page.text
    assert "it was not scored" in page.text
    assert not page.all("audio")


def test_writing_twice_gives_the_same_bytes(tmp_path):
    make_run(tmp_path, num_seconds=0.2, with_curves=False)
    first = write_run_page(tmp_path).read_bytes()
    assert write_run_page(tmp_path).read_bytes() == first


def test_worse_than_the_source_is_said_aloud(tmp_path):
    run = scored_run(tmp_path, [row("tea", "mei", scores(-0.2))])
    assert headline(run).startswith("Ended 20 % of the gap farther from the reference")
    assert any(sentence.startswith("Worse than the unconverted source") for sentence in warnings_of(run))


def test_a_good_run_of_three_songs_needs_no_warning(tmp_path):
    assert warnings_of(scored_run(tmp_path, [row(name, "mei", scores()) for name in "abc"])) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"f0_rmse_cents": 80.0}, "more than a quarter tone"),
        ({"gross_pitch_error": 0.2}, "20 % of the sung frames"),
        ({"voicing_error": 0.4}, "Voicing is wrong in 40 %"),
        ({"clipped_share": 0.01}, "clips"),
        ({"dc_offset": -0.05}, "DC offset of -0.050"),
        ({"buzz_excess": 2.5}, "a comb at the frame rate stands 2.5 dB higher than in the source"),
        ({"length_error_samples": -10.0}, "-10 samples"),
        ({"speaker_similarity": 0.5}, "By speaker similarity, the unconverted source"),
        ({"mcd_copy_synthesis": 6.0}, "The vocoder is weak: copy synthesis is already 6.0 dB off"),
        ({"gap_closed": 1.2}, "Better than the copy synthesis"),
        ({"gap_closed": None}, "bounds are too close together"),
    ],
)
def test_each_fault_has_its_warning(tmp_path, changes, words):
    rows = [row(name, "mei", scores(**changes)) for name in "abc"]
    sentences = warnings_of(scored_run(tmp_path, rows))
    assert len(sentences) == 1
    assert words in sentences[0]


def test_without_the_reference_scores_are_called_diagnostics(tmp_path):
    rows = [row(name, "mei", scores(None, mcd_output=None), has_reference=False) for name in "abc"]
    run = scored_run(tmp_path, rows, {"f0_rmse_cents": "diagnostic"})
    assert headline(run).startswith("No statement on timbre, kept the melody")
    assert ["diagnostic" in sentence for sentence in warnings_of(run)] == [True]


@pytest.mark.parametrize(
    ("seconds", "text"), [(45.2, "45 s"), (480.0, "8 min"), (485.0, "8 min 5 s"), (7380.0, "2 h 3 min")]
)
def test_durations_read_like_speech(seconds, text):
    assert duration_text(seconds) == text


def test_a_table_torn_by_a_crash_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "curve.csv").write_text("step,mcd_output\n1,8.5\n2,\n3")
    columns = read_columns(tmp_path / "curve.csv")
    assert columns["step"].tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(columns["mcd_output"], [8.5, math.nan, math.nan])


@pytest.mark.parametrize("value", [None, True, "tea", [], {}])
def test_what_is_no_number_is_undefined(value):
    assert math.isnan(number(value))


def test_damaged_runs_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(StorageError, match="no run folder"):
        collect_run(tmp_path / "gone")
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(StorageError, match="expected an object"):
        collect_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(StorageError, match="not valid JSON"):
        collect_run(tmp_path)


def test_a_damaged_song_is_refused_in_a_sentence(tmp_path):
    make_run(tmp_path, num_seconds=0.2, with_curves=False)
    (tmp_path / "songs" / "tea__mei" / "output.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match="cannot be read"):
        write_run_page(tmp_path)


def test_nothing_to_draw_draws_nothing():
    assert quality_figure({}) is None
    assert loss_figure({"step": np.arange(3.0), "minutes": np.arange(3.0)}) is None
    assert quality_figure({"step": np.arange(2.0), "mcd_output": np.full(2, math.nan)}) is None


def test_spectrograms_of_two_and_three_files_differ_in_height(tmp_path):
    song = make_run(tmp_path, num_seconds=0.2, with_curves=False) / "songs" / "tea__mei"
    two = Image.open(io.BytesIO(spectrogram_triple(song / "source.wav", song / "output.wav", None)))
    three = Image.open(io.BytesIO(spectrogram_triple(song / "source.wav", song / "output.wav", song / "reference.wav")))
    assert two.width == three.width
    assert two.height < three.height


def test_a_picture_is_kept_until_the_output_is_made_again(tmp_path):
    song = make_run(tmp_path, num_seconds=0.2, with_curves=False) / "songs" / "tea__mei"
    audio = {role: song / f"{role}.wav" for role in ("source", "output")}
    first = song_picture(audio)
    (song / PICTURE_NAME).write_bytes(b"kept")
    assert song_picture(audio) == b"kept"
    os.utime(song / PICTURE_NAME, ns=(0, 0))
    assert song_picture(audio) == first


def test_what_preprocessing_took_is_told_step_by_step_with_the_worst_clips(tmp_path):
    run = make_run(tmp_path, with_curves=False)
    step = {
        "step": "gate<b>",
        "seconds_in": 60.0,
        "seconds_out": 60.0,
        "dropped_s": {},
        "band_loss_db": {"0-300": 0.2, "8000-inf": 12.0},
        "level_change_db": -1.5,
        "hole_fraction": 0.123,
        "log_kurtosis_ratio": None,
        "voiced_lost": 0.04,
        "zero_share_after": 0.0,
        "undefined": {"log_kurtosis_ratio": 2},
    }
    worst = {"hole_fraction": [{"clip": "target/a", "step": "gate<b>", "start_s": 0.0, "value": 0.4}]}
    (run / "preprocessing.json").write_text(json.dumps({"steps": [step], "worst": worst}))
    text = write_run_page(run).read_text()
    assert "Damage by preprocessing" in text
    for value in ("-12.0", "12.3%", "4.0%", "gate&lt;b&gt;", "8k+", "2 undefined values", "target/a", "40.0%"):
        assert value in text
    (run / "preprocessing.json").unlink()
    assert "Damage by preprocessing" not in write_run_page(run).read_text()
