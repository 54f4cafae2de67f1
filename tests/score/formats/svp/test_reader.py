"""SVP as Synthesizer V Studio writes it."""

import copy
import json

import pytest

from duetto.errors import ScoreError
from duetto.score.formats.svp import fields as svp_fields
from duetto.score.formats.svp import reader as svp
from duetto.score.formats.svp.reader import read_svp
from duetto.score.score import Tempo, TimeSignature

BLICK = 1_470_000  # of a tick


def note(tick, duration, pitch, lyrics, **more):
    return {
        "onset": tick * BLICK,
        "duration": duration * BLICK,
        "pitch": pitch,
        "lyrics": lyrics,
        "phonemes": "",
    } | more


def track(name, notes, groups=(), mixer=None, **main):
    return {
        "name": name,
        "dispColor": "ff7db235",
        "mixer": {"gainDecibel": 0.0, "pan": 0.0, "mute": False, "solo": False, "display": True} | (mixer or {}),
        "mainGroup": {"name": "main", "uuid": name, "parameters": {}, "notes": notes} | main,
        "mainRef": {"groupID": name, "blickOffset": 0, "pitchOffset": 0, "isInstrumental": False},
        "groups": list(groups),
    }


PROJECT = {
    "version": 113,
    "time": {
        "meter": [
            {"index": 0, "numerator": 4, "denominator": 4},
            {"index": 4, "numerator": 3, "denominator": 4},
        ],
        "tempo": [{"position": 0, "bpm": 128.0}, {"position": 1920 * BLICK, "bpm": 64.5}],
    },
    "library": [
        {"name": "chorus", "uuid": "abc", "parameters": {}, "notes": [note(0, 240, 60, "ら"), note(240, 240, 62, "-")]}
    ],
    "tracks": [
        track(
            "Lead",
            [
                note(0, 480, 60, "hello", phonemes="hh ah l ow"),
                note(480, 480, 62, "+", detune=12),
                note(960, 120, 62, "br"),
                note(1080, 360, 64, "sil"),
            ],
            groups=[
                {"groupID": "abc", "blickOffset": 3840 * BLICK, "pitchOffset": 0, "isInstrumental": False},
                {"groupID": "abc", "blickOffset": 5760 * BLICK, "pitchOffset": 5},
                {"groupID": "nowhere", "blickOffset": 0},
            ],
            parameters={
                "pitchDelta": {"mode": "cubic", "points": [0, 0.0, 10 * BLICK, 100.0, 20 * BLICK, 0.0]},
                "loudness": {"mode": "cubic", "points": [0, 1.0]},
                "tension": {"mode": "cubic", "points": []},
            },
        ),
        track("Harmony", [note(0, 480, 57, "あ")], mixer={"mute": True}),
        {**track("Band", []), "mainRef": {"isInstrumental": True, "audio": {"filename": "C:\\band.wav"}}},
    ],
    "renderConfig": {"destination": "./", "filename": "untitled"},
}


@pytest.fixture
def read(tmp_path):
    def write_and_read(project, tail="\x00"):
        path = tmp_path / "song.svp"
        path.write_text((project if isinstance(project, str) else json.dumps(project)) + tail, encoding="utf-8")
        return read_svp(path)

    return write_and_read


def test_tracks_groups_and_clock_are_read(read):
    lead, harmony = read(PROJECT)
    assert (lead.name, lead.is_muted) == ("Lead", False)
    assert (harmony.name, harmony.is_muted) == ("Harmony", True)
    assert lead.tempos == (Tempo(0, 128.0), Tempo(1920, 64.5))
    assert lead.time_signatures == (TimeSignature(0, 4, 4), TimeSignature(4, 3, 4))
    assert [(n.tick, n.duration, n.midi, n.lyric) for n in lead.notes] == [
        (0, 480, 60, "hello"),
        (480, 480, 62, "-"),
        (1080, 360, 64, "sil"),
        (3840, 240, 60, "ら"),
        (4080, 240, 62, "-"),
        (5760, 240, 65, "ら"),
        (6000, 240, 67, "-"),
    ]


def test_pitch_deviation_is_followed_between_its_points(read):
    points = read(PROJECT)[0].pitch_bend_semitones.points
    assert points == ((5, 0.5), (10, 1.0), (15, 0.5), (20, 0.0))


def test_what_a_score_does_not_hold_is_named(read):
    assert read(PROJECT)[0].ignored == (
        "breath or pause left as a rest (1 time)",
        "detuned note (1 time)",
        "loudness (1 time)",
        "phonemes of a note: its lyric is read instead (1 time)",
        "syllable sign + sung on the vowel before it (1 time)",
    )


def test_a_solo_mutes_the_others(read):
    project = copy.deepcopy(PROJECT)
    project["tracks"][1]["mixer"] = {"mute": False, "solo": True}
    assert [score.is_muted for score in read(project)] == [True, False]


def test_positions_between_ticks_go_to_the_nearest(read):
    project = copy.deepcopy(PROJECT)
    project["tracks"] = [track("a", [{**note(0, 0, 60, "a"), "onset": BLICK // 3, "duration": BLICK * 5 // 3}])]
    assert [(n.tick, n.duration) for n in read(project)[0].notes] == [(0, 2)]


def changed(change):
    project = copy.deepcopy(PROJECT)
    change(project)
    return project


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p.pop("tracks"), "no tracks"),
        (lambda p: p.update(tracks=[]), "no track with notes"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(pitch=128), "pitch 128"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(pitch="C4"), "pitch 'C4'"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(pitch=True), "pitch 'True'"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(onset=None), "onset 'None'"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(onset=10**30), "onset"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(duration=1e18), "outside any song"),
        (lambda p: p["tracks"][0]["mainGroup"]["notes"][0].update(lyrics="a" * 3000), "3000 characters"),
        (lambda p: p["time"]["tempo"][0].update(bpm=0), "tempo of 0"),
        (lambda p: p["time"]["tempo"][0].update(bpm=float("nan")), "bpm 'nan'"),
        (lambda p: p["time"]["meter"][0].update(denominator=3), "metre 4/3"),
        (lambda p: p["time"]["meter"][0].update(index=-1), "bar -1"),
        (lambda p: p["tracks"][0]["mainGroup"]["parameters"]["pitchDelta"].update(points=["a", 1]), "no number"),
        (lambda p: p["tracks"][0]["mainGroup"]["parameters"]["pitchDelta"].update(points=[10**25, 1]), "no number"),
    ],
)
def test_absurd_content_is_refused_by_name(read, change, told):
    with pytest.raises(ScoreError, match=r"song\.svp .*\.$") as caught:
        read(changed(change))
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '{"a":' * 100_000, '{"tracks":[' + "9" * 10_000])
def test_what_is_no_json_project_is_refused(read, text):
    with pytest.raises(ScoreError, match="JSON"):
        read(text)


def test_a_group_that_is_referred_to_without_end_is_refused(read, monkeypatch):
    monkeypatch.setattr(svp, "MAX_NOTES", 1000)
    project = copy.deepcopy(PROJECT)
    project["tracks"][0]["groups"] = [{"groupID": "abc", "blickOffset": 0}] * 600
    with pytest.raises(ScoreError, match="more than 1000 notes"):
        read(project)


def test_a_slow_curve_over_hours_stays_small(read):
    project = copy.deepcopy(PROJECT)
    points = [0, 0.0, 10_000_000 * BLICK, 2400.0]
    project["tracks"][0]["mainGroup"]["parameters"]["pitchDelta"] = {"points": points}
    assert len(read(project)[0].pitch_bend_semitones.points) <= 2001


def test_a_file_over_the_limit_of_json_is_refused_unread(read, monkeypatch):
    monkeypatch.setattr(svp_fields, "MAX_JSON_BYTES", 100)
    with pytest.raises(ScoreError, match="at most 100 are read"):
        read(PROJECT)
