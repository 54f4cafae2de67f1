from dataclasses import fields, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duetto.errors import ScoreError, StorageError
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.formats.vsqx.schema import bend_semitones, vibrato_depth_cents, vibrato_rate_hz
from duetto.score.formats.vsqx.writer import write_vsqx
from duetto.score.score import Curve, Note, Score, Tempo, TimeSignature, Vibrato

SCORE = Score("song", (Note(0, 480, 60, "ら", "4 a"),), (Tempo(0, 120.0),))

# Values on the steps that the format has; others are rounded to them.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8).filter(
    lambda text: text == " ".join(text.split())
)
seven_bits = st.integers(0, 127)
positions = st.lists(st.integers(0, 65535).map(lambda p: p / 65535), max_size=3, unique=True).map(sorted)


@st.composite
def vibratos(draw):
    return Vibrato(
        draw(st.integers(1, 100)) / 100,
        tuple((position, vibrato_depth_cents(draw(seven_bits))) for position in draw(positions)),
        tuple((position, vibrato_rate_hz(draw(seven_bits))) for position in draw(positions)),
    )


@st.composite
def scores(draw):
    notes, tick = [], 0
    for _ in range(draw(st.integers(1, 6))):
        tick += draw(st.integers(0, 2000))
        duration = draw(st.integers(1, 2000))
        vibrato = draw(st.none() | vibratos())
        notes.append(Note(tick, duration, draw(seven_bits), draw(texts), draw(texts), draw(seven_bits), vibrato))
        tick += duration
    later = st.lists(st.integers(1, 50_000), max_size=4, unique=True).map(sorted)
    tempos = [Tempo(t, draw(st.integers(1, 100_000)) / 100) for t in [0, *draw(later)]]
    metres = [
        TimeSignature(m, draw(st.integers(1, 12)), draw(st.sampled_from([1, 2, 4, 8, 16])))
        for m in [0, *draw(later.map(lambda ms: [m % 1000 + 1 for m in ms]).map(lambda ms: sorted(set(ms))))]
    ]
    dynamics = tuple((t, float(draw(seven_bits))) for t in [0, *draw(later)])
    bend_range = draw(st.integers(1, 24))
    bends = [
        (t, bend_semitones(draw(st.integers(-8192, 8191)), bend_range)) for t in [1, *(t + 1 for t in draw(later))]
    ]
    bends[0] = (1, bend_semitones(draw(st.sampled_from([8191, -8192])), bend_range))  # the range that the writer finds
    others = {
        name: Curve(tuple((t, float(draw(seven_bits))) for t in draw(later)))
        for name in ("breathiness", "brightness", "clearness", "gender", "portamento")
    }
    return Score(
        draw(texts),
        tuple(notes),
        tuple(tempos),
        tuple(metres),
        Curve(tuple(bends)),
        Curve(dynamics),
        is_muted=draw(st.booleans()),
        **others,
    )


@given(score=scores(), generation=st.sampled_from(["vsq3", "vsq4"]))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_is_written_reads_back_the_same(score, generation, tmp_path):
    path = tmp_path / "song.vsqx"
    write_vsqx(score, path, generation)
    assert f"<{generation} " in path.read_text(encoding="utf-8")
    assert read_vsqx(path) == (score,)


def test_the_property_covers_every_field_of_a_score_but_what_was_ignored():
    given_fields = {"name", "notes", "tempos", "time_signatures", "pitch_bend_semitones", "dynamics", "ignored"}
    given_fields |= {"breathiness", "brightness", "clearness", "gender", "portamento", "is_muted"}
    assert {field.name for field in fields(Score)} == given_fields


@given(
    bends=st.lists(st.tuples(st.integers(1, 24), st.integers(-8192, 8191)), min_size=1, max_size=8),
    generation=st.sampled_from(["vsq3", "vsq4"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bends_under_changing_ranges_survive_to_the_last_bit(bends, generation, tmp_path):
    points = tuple((10 * i, bend_semitones(bend, bend_range)) for i, (bend_range, bend) in enumerate(bends))
    score = replace(SCORE, pitch_bend_semitones=Curve(points))
    write_vsqx(score, tmp_path / "song.vsqx", generation)
    assert read_vsqx(tmp_path / "song.vsqx") == (score,)


@pytest.mark.parametrize("generation", ["vsq3", "vsq4"])
def test_several_scores_are_tracks_of_one_song(generation, tmp_path):
    alto = replace(SCORE, name="alto", notes=(Note(0, 480, 55, "ま", "m a"),))
    write_vsqx((SCORE, alto), tmp_path / "duet.vsqx", generation)
    assert read_vsqx(tmp_path / "duet.vsqx") == (SCORE, alto)
    with pytest.raises(ScoreError, match="differ in tempo"):
        write_vsqx((SCORE, replace(alto, tempos=(Tempo(0, 90.0),))), tmp_path / "x.vsqx", generation)


def test_what_was_ignored_is_not_written(tmp_path):
    path = tmp_path / "song.vsqx"
    write_vsqx(replace(SCORE, ignored=("something",)), path)
    assert read_vsqx(path) == (SCORE,)


def test_values_between_the_steps_of_the_format_are_rounded(tmp_path):
    path = tmp_path / "song.vsqx"
    vibrato = Vibrato(0.333, ((0.5, 50.0),), ((0.5, 6.0),))
    score = replace(
        SCORE,
        notes=(replace(SCORE.notes[0], vibrato=vibrato),),
        pitch_bend_semitones=Curve(((0, 0.3), (10, -1.7))),
        tempos=(Tempo(0, 119.4849),),
    )
    write_vsqx(score, path)
    (read,) = read_vsqx(path)
    assert read.tempos[0].bpm == 119.48
    assert read.notes[0].vibrato.length == 0.33
    assert read.notes[0].vibrato.depth[0][1] == pytest.approx(50.0, abs=0.48)
    assert read.notes[0].vibrato.rate[0][1] == pytest.approx(6.0, abs=0.034)
    assert [value for _, value in read.pitch_bend_semitones.points] == pytest.approx([0.3, -1.7], abs=2 / 8191)


def test_the_root_holds_its_parts_in_the_order_of_the_schema(tmp_path):
    path = tmp_path / "song.vsqx"
    write_vsqx(SCORE, path)
    namespace = "{http://www.yamaha.co.jp/vocaloid/schema/vsq4/}"
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{namespace}vsq4"
    order = ["vender", "version", "vVoiceTable", "mixer", "masterTrack", "vsTrack", "monoTrack", "stTrack", "aux"]
    assert [child.tag.removeprefix(namespace) for child in root] == order


def test_the_part_starts_after_four_bars_of_the_first_metre(tmp_path):
    path = tmp_path / "song.vsqx"
    write_vsqx(replace(SCORE, time_signatures=(TimeSignature(0, 3, 4), TimeSignature(2, 4, 4))), path)
    text = path.read_text(encoding="utf-8")
    assert "<vsPart><t>5760</t>" in text
    assert "<timeSig><m>6</m><nu>4</nu><de>4</de></timeSig>" in text


def test_text_that_looks_like_markup_survives(tmp_path):
    path = tmp_path / "song.vsqx"
    score = replace(SCORE, name="a]]>b&amp;<c>", notes=(replace(SCORE.notes[0], lyric="]]>"),))
    write_vsqx(score, path)
    assert read_vsqx(path) == (score,)


@pytest.mark.parametrize(
    "score",
    [
        replace(SCORE, notes=()),
        replace(SCORE, tempos=()),
        replace(SCORE, tempos=(Tempo(0, 0.0),)),
        replace(SCORE, tempos=(Tempo(0, float("nan")),)),
        replace(SCORE, time_signatures=()),
        replace(SCORE, name="bell\x07"),
        replace(SCORE, name=" blank"),
        replace(SCORE, notes=(Note(-1, 10, 60, "ら"),)),
        replace(SCORE, notes=(Note(0, 0, 60, "ら"),)),
        replace(SCORE, notes=(Note(0, 10, 128, "ら"),)),
        replace(SCORE, notes=(Note(0, 10, 60, "ら", velocity=128),)),
        replace(SCORE, notes=(Note(0, 10, 60, "ら"), Note(5, 10, 60, "ら"))),
        replace(SCORE, notes=(Note(0, 10, 60, "ら", vibrato=Vibrato(1.5)),)),
        replace(SCORE, pitch_bend_semitones=Curve(((0, 25.0),))),
        replace(SCORE, dynamics=Curve(((0, 128.0),))),
        replace(SCORE, dynamics=Curve(((0, float("nan")),))),
        replace(SCORE, pitch_bend_semitones=Curve(((0, float("nan")),))),
        replace(SCORE, pitch_bend_semitones=Curve(((-1, 0.0),))),
        replace(SCORE, dynamics=Curve(((5, 1.0), (5, 2.0)))),
        replace(SCORE, time_signatures=(TimeSignature(0, 4, 3),)),
        replace(SCORE, time_signatures=(TimeSignature(1, 4, 4),)),
        replace(SCORE, notes=(Note(0, 10**9, 60, "ら"),)),
    ],
)
def test_what_the_format_cannot_hold_is_refused_and_nothing_is_left(score, tmp_path):
    with pytest.raises(ScoreError):
        write_vsqx(score, tmp_path / "song.vsqx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        write_vsqx(SCORE, tmp_path / "file" / "song.vsqx")


def test_writing_twice_gives_the_same_bytes(tmp_path):
    one, two = tmp_path / "one.vsqx", Path(tmp_path / "two.vsqx")
    write_vsqx(SCORE, one)
    write_vsqx(SCORE, two)
    assert one.read_bytes() == two.read_bytes()
