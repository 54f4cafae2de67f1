"""MusicXML as MuseScore, Sibelius and Finale write it."""

from duetto.score.score import Tempo, TimeSignature
from tests.score.formats.musicxml.documents import MUSESCORE, attributes, bar, note, score, word


def told(line):
    return [(n.tick, n.duration, n.midi, n.lyric) for n in line.notes]


def test_a_song_of_musescore_is_read(read):
    (voice,) = read(MUSESCORE)
    assert voice.name == "Voice"
    assert told(voice) == [
        (0, 480, 67, "O"),
        (480, 480, 72, "glo-"),
        (960, 480, 74, "-"),
        (1440, 960 + 480, 76, "ria"),
        (3360, 960, 66, "ah"),
        (4320, 1920, 67, "-"),
    ]
    assert voice.time_signatures == (TimeSignature(0, 1, 4), TimeSignature(1, 4, 4))
    assert voice.tempos == (Tempo(0, 96.0), Tempo(3120, 60.0))
    assert voice.ignored == ("1 voice without words",)


def test_triplets_and_other_divisions_fall_on_their_ticks(read):
    (line,) = read(score(("V", bar(attributes(3) + "".join(note("C", 1, word("a")) for _ in range(12))))))
    assert [n.tick for n in line.notes] == [160 * index for index in range(12)]


def test_voices_with_words_are_lines_of_their_own(read):
    """A closed score: soprano and alto on one staff, both with words."""
    bars = bar(
        attributes(1)
        + note("E", 2, word("so"))
        + note("F", 2, word("pran"))
        + "<backup><duration>4</duration></backup>"
        + "<forward><duration>1</duration></forward>"
        + note("C", 3, word("al"), voice=2)
    )
    first, second = read(score(("Choir", bars)))
    assert (first.name, told(first)) == ("Choir", [(0, 960, 64, "so"), (960, 960, 65, "pran")])
    assert (second.name, told(second)) == ("Choir (voice 2)", [(480, 1440, 60, "al")])


def test_of_chords_the_highest_note_is_sung_and_grace_notes_are_told(read):
    content = (
        attributes(1)
        + '<note><grace slash="yes"/><pitch><step>B</step><octave>4</octave></pitch><voice>1</voice></note>'
        + note("C", 2, word("la"))
        + note("E", 2, extra="").replace("<note>", "<note><chord/>")
        + note("D", 2, word("li"))
    )
    (line,) = read(score(("V", bar(content))))
    assert told(line) == [(0, 960, 64, "la"), (960, 960, 62, "li")]
    assert line.ignored[1:] == ("grace notes (1 time)", "lower notes of chords (1 time)")


def test_the_first_verse_is_sung_and_others_are_told(read):
    (line,) = read(score(("V", bar(attributes(1) + note("C", 4, word("zwei", number=2), word("eins"))))))
    assert told(line) == [(0, 1920, 60, "eins")]
    assert "syllables of further verses (1 time)" in line.ignored


def test_words_joined_by_an_elision_are_one_syllable(read):
    lyric = "<lyric><syllabic>single</syllabic><text>か</text><elision>‿</elision><text>あ</text></lyric>"
    assert read(score(("V", bar(attributes(1) + note("C", 4, lyric)))))[0].notes[0].lyric == "かあ"


def test_a_transposing_part_is_read_as_it_sounds(read):
    transpose = (
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>"
    )
    assert read(score(("V", bar(attributes(1, more=transpose) + note("D", 4, word("a"))))))[0].notes[0].midi == 48


def test_a_metronome_mark_counts_where_no_sound_says_the_tempo(read):
    """Sibelius: dotted quarter = 60 is 90 quarters."""
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>60</per-minute></metronome></direction-type></direction>"
    )
    assert read(score(("V", bar(attributes(1) + mark + note("C", 4, word("a"))))))[0].tempos == (Tempo(0, 90.0),)


def test_a_metronome_mark_in_words_is_told(read):
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>ca. 60</per-minute>"
        "</metronome></direction-type></direction>"
    )
    (line,) = read(score(("V", bar(attributes(1) + mark + note("C", 4, word("a"))))))
    assert line.tempos == (Tempo(0, 120.0),)
    assert "metronome marks in words (1 time)" in line.ignored


def test_repeats_are_told(read):
    barline = '<barline location="right"><repeat direction="backward"/></barline>'
    (line,) = read(score(("V", bar(attributes(1) + note("C", 4, word("a")) + barline))))
    assert "repeat signs, sung once (1 time)" in line.ignored


def test_a_score_without_words_is_read_line_by_line(read):
    lines = read(score(("A", bar(attributes(1) + note("C", 4))), ("B", bar(attributes(1) + note("E", 4)))))
    assert [told(line) for line in lines] == [[(0, 1920, 60, "")], [(0, 1920, 64, "")]]
