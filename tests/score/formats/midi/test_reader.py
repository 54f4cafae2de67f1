"""MIDI with lyrics: lyric events, karaoke, XF, in the encodings that occur."""

import io
import struct

import mido
import pretty_midi
import pytest

from duetto.errors import ScoreError
from duetto.score.formats.midi import events
from duetto.score.formats.midi import reader as midi
from duetto.score.formats.midi.reader import read_midi
from duetto.score.formats.midi.writer import write_midi
from duetto.score.score import Note, Score, Tempo, TimeSignature
from duetto.score.tempo import TempoMap


def track(*messages):
    """A track of (tick, message) in time order."""
    made, now = mido.MidiTrack(), 0
    for tick, message in sorted(messages, key=lambda pair: pair[0]):
        made.append(message.copy(time=tick - now))
        now = tick
    return made


def meta(kind, **values):
    return mido.MetaMessage(kind, **values)


def sung(tick, duration, note, channel=0):
    on = mido.Message("note_on", channel=channel, note=note, velocity=90)
    return [(tick, on), (tick + duration, mido.Message("note_on", channel=channel, note=note, velocity=0))]


def smf(*tracks, kind=1, ticks=480, charset="utf-8"):
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks, charset=charset)
    file.tracks.extend(tracks)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def lyric(tick, text):
    return tick, meta("lyrics", text=text)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "song.mid"
        path.write_bytes(content)
        return read_midi(path)

    return write_and_read


def told(score):
    return [(n.tick, n.duration, n.midi, n.lyric) for n in score.notes]


CLOCK = track(
    (0, meta("set_tempo", tempo=500_000)),
    (0, meta("time_signature", numerator=3, denominator=4)),
    (288, meta("set_tempo", tempo=1_000_000)),
    (576, meta("time_signature", numerator=4, denominator=4)),
)


def test_each_track_with_words_is_a_line_and_others_accompany(read):
    lead = track(
        (0, meta("track_name", name="歌")),
        *sung(0, 96, 60),
        *sung(96, 96, 62),
        *sung(192, 96, 64),
        lyric(0, "hel-"),
        lyric(192, "lo"),
    )
    band = track((0, meta("track_name", name="Bass")), *sung(0, 96, 36, 1), *sung(0, 50, 38, 9))
    (score,) = read(smf(CLOCK, lead, band, ticks=96))
    assert score.name == "歌"
    assert told(score) == [(0, 480, 60, "hel-"), (480, 480, 62, "-"), (960, 480, 64, "lo")]
    assert score.tempos == (Tempo(0, 120.0), Tempo(1440, 60.0))
    assert score.time_signatures == (TimeSignature(0, 3, 4), TimeSignature(2, 4, 4))
    assert score.ignored == ("2 other lines of the file: accompaniment, or sung apart",)


def test_karaoke_text_goes_to_the_line_that_it_begins_with(read):
    words = track(
        (0, meta("track_name", name="Words")),
        (0, meta("text", text="@KMIDI KARAOKE FILE")),
        (0, meta("text", text="@TSong")),
        (480, meta("text", text="\\Twin")),
        (960, meta("text", text="kle")),
        (1440, meta("text", text="/lit")),
        (1920, meta("text", text="tle ")),
    )
    melody = track(*(part for step in range(4) for part in sung(480 + 480 * step, 400, 60 + step, 3)))
    bass = track(*(part for step in range(8) for part in sung(240 + 300 * step, 200, 40, 1)))
    (score,) = read(smf(CLOCK, words, bass, melody))
    assert [(n.midi, n.lyric) for n in score.notes] == [(60, "Twin"), (61, "kle"), (62, "lit"), (63, "tle")]


def test_the_karaoke_chunk_of_xf_names_its_channel_and_reads_kanji(read):
    notes = [*sung(0, 480, 72, 0), *sung(480, 480, 74, 0), *sung(0, 480, 60, 4), *sung(480, 480, 62, 4)]
    words = track(
        (0, meta("cue_marker", text="$Lyrc:5:320:JP")),
        (0, meta("lyrics", text="春[はる]")),
        (480, meta("lyrics", text="/が<")),
    )
    chunk = smf(words, charset="cp932")
    chunk = chunk[chunk.index(b"MTrk") + 4 :]
    (score,) = read(smf(track(*notes), kind=0) + b"XFKM" + chunk)
    assert [(n.midi, n.lyric) for n in score.notes] == [(60, "はる"), (62, "が")]


@pytest.mark.parametrize(
    ("text", "charset"),
    [("さくら", "utf-8"), ("さくら", "cp932"), ("カ", "cp932"), ("gar\xe7on \xe9t\xe9", "cp1252"), ("été", "utf-8")],
)
def test_text_is_read_in_the_encoding_that_it_is_in(read, text, charset):
    (score,) = read(smf(track(*sung(0, 480, 60), lyric(0, text)), charset=charset))
    assert score.notes[0].lyric == text


def test_the_tag_of_the_standard_settles_japanese_without_kana(read):
    (score,) = read(smf(track(*sung(0, 480, 60), lyric(0, "{@JP}"), lyric(0, "春")), charset="cp932"))
    assert score.notes[0].lyric == "春"


def test_all_in_one_track_is_told_apart_by_channel(read):
    notes = [*sung(0, 480, 60, 0), *sung(480, 480, 62, 0), *sung(0, 240, 40, 1), *sung(300, 240, 40, 1)]
    (score,) = read(smf(track(*notes, lyric(0, "a"), lyric(480, "b")), kind=0))
    assert [(n.midi, n.lyric) for n in score.notes] == [(60, "a"), (62, "b")]


def test_without_words_every_line_but_drums_is_read(read):
    scores = read(smf(track(*sung(0, 480, 60, 0)), track(*sung(0, 480, 48, 1), *sung(0, 480, 36, 9))))
    assert [told(score) for score in scores] == [[(0, 480, 60, "")], [(0, 480, 48, "")]]
    assert "no lyrics: the notes are sung on one vowel" in scores[0].ignored


def test_syllables_a_little_off_and_several_on_a_note_find_their_note(read):
    notes = [*sung(480, 480, 60), *sung(960, 480, 62)]
    (score,) = read(smf(track(*notes, lyric(0, "lost"), lyric(470, "a"), lyric(700, "b"), lyric(965, "c"))))
    assert [n.lyric for n in score.notes] == ["ab", "c"]
    assert "1 syllable without a note" in score.ignored


def test_notes_that_are_never_ended_end_with_the_track(read):
    content = smf(track((0, mido.Message("note_on", note=60, velocity=9)), (960, meta("text", text="end"))))
    assert told(read(content)[0]) == [(0, 960, 60, "")]


def test_a_riff_wrapper_is_taken_off(read):
    content = smf(track(*sung(0, 480, 60)))
    riff = b"RIFF" + struct.pack("<I", len(content) + 12) + b"RMIDdata" + struct.pack("<I", len(content))
    assert read(riff + content)[0].notes


def test_a_key_that_does_not_exist_is_no_reason_to_refuse_the_song(read):
    content = smf(track((0, meta("key_signature", key="C")), *sung(0, 480, 60)))
    assert read(content.replace(b"\xff\x59\x02\x00\x00", b"\xff\x59\x02\x05\x03"))[0].notes


def test_pitch_bend_of_a_sung_line_is_told(read):
    (score,) = read(smf(track(*sung(0, 480, 60), (100, mido.Message("pitchwheel", pitch=1000)), lyric(0, "a"))))
    assert score.ignored[-1] == "pitch bend (1 event)"


GOOD = smf(CLOCK, track(*sung(0, 480, 60), lyric(0, "a")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD[:30], "damaged"),
        (GOOD[:-10], "damaged"),
        (GOOD[:8] + b"\x00\x02" + GOOD[10:], "format 2"),
        (GOOD[:12] + b"\xe7\x28" + GOOD[14:], "film frames"),
        (GOOD[:12] + b"\x00\x00" + GOOD[14:], "film frames"),
        (GOOD.replace(b"MTrk", b"MTrx"), "damaged"),
        (smf(CLOCK), "no notes"),
        (smf(track(*sung(0, 480, 36, 9))), "but drums"),
        (smf(track(*sung(250_000_000, 480, 60))), "outside any song"),
        (smf(track(*sung(0, 480, 60), lyric(0, "a" * 3000))), "3000 characters"),
        (smf(track((0, meta("set_tempo", tempo=1)), *sung(0, 480, 60))), "tempo of 6e+07"),
    ],
)
def test_damage_is_one_sentence(read, content, said):
    with pytest.raises(ScoreError, match=r"song\.mid .*\.$") as caught:
        read(content)
    assert said in str(caught.value)


def test_sizes_are_limited(read, monkeypatch):
    monkeypatch.setattr(midi, "MAX_NOTES", 0)
    with pytest.raises(ScoreError, match="more than 0 notes"):
        read(GOOD)
    monkeypatch.setattr(events, "MAX_MIDI_BYTES", 50)
    with pytest.raises(ScoreError, match="at most 50 are read"):
        read(GOOD)


def test_an_independent_reader_agrees_on_what_we_write(tmp_path):
    notes = (Note(0, 480, 60, "か"), Note(960, 700, 62, "-"), Note(1700, 333, 64, "lo"))
    score = Score(
        "Lead", notes, (Tempo(0, 119.48), Tempo(1000, 90.5)), (TimeSignature(0, 3, 4), TimeSignature(2, 5, 8))
    )
    write_midi([score], tmp_path / "song.mid")
    read = pretty_midi.PrettyMIDI(str(tmp_path / "song.mid"), charset="utf-8")
    (instrument,) = read.instruments
    tempo = TempoMap(score.tempos)
    assert [note.pitch for note in instrument.notes] == [60, 62, 64]
    ends = [tempo.seconds(note.tick + note.duration) for note in notes]
    assert [note.end for note in instrument.notes] == pytest.approx(ends, abs=1e-4)
    assert [lyric.text for lyric in read.lyrics] == ["か", "-", "lo"]
    assert [(change.numerator, change.time) for change in read.time_signature_changes] == [
        (3, 0.0),
        (5, pytest.approx(tempo.seconds(2880), abs=1e-4)),
    ]
