from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.formats.vsqx.schema import CONTROLS
from duetto.score.score import Note, Tempo, TimeSignature
from tests.score.formats.vsqx.documents import VSQ3, note, part, vsq4


def test_vsq3_is_read_with_metre_changes_in_the_pre_measure(read):
    (score,) = read(VSQ3)
    assert score.name == "Lead"
    assert score.time_signatures == (TimeSignature(0, 4, 4), TimeSignature(2, 6, 8))
    assert score.tempos == (Tempo(0, 119.48), Tempo(960, 60.0))
    (sung,) = score.notes
    assert (sung.tick, sung.duration, sung.midi, sung.velocity) == (480, 240, 60, 70)
    assert (sung.lyric, sung.phones) == ("ら", "4 a")


def test_vibrato_scales_are_ours(read):
    vibrato = read(VSQ3)[0].notes[0].vibrato
    assert vibrato.length == 0.5
    assert vibrato.depth == ((1.0, 120.0),)
    assert vibrato.rate == ((0.0, 1.5),)


def test_pitch_bend_is_pit_times_pbs(read):
    points = read(VSQ3)[0].pitch_bend_semitones.points
    assert points == ((490, -6.0), (500, -12.0), (510, 24.0))


def test_dynamics_and_breathiness_are_read(read):
    assert read(VSQ3)[0].dynamics.points == ((520, 100.0),)
    assert read(VSQ3)[0].breathiness.points == ((530, 30.0),)


def test_each_controller_of_either_generation_has_a_curve_of_its_own(read):
    short = {"DYN": "D", "BRE": "B", "BRI": "R", "CLE": "C", "GEN": "G", "POR": "T"}
    for index, (identity, control) in enumerate(CONTROLS.items()):
        event = f'<cc><t>{index}</t><v id="{short[identity]}">{90 + index}</v></cc>'
        (score,) = read(vsq4(part(event + note(0))))
        assert getattr(score, control.curve).points == ((index, 90.0 + index),)
        third = VSQ3.replace('<attr id="BRE">30', f'<attr id="{identity}">30')
        assert (530, 30.0) in getattr(read(third)[0], control.curve).points


def test_numbers_out_of_range_go_to_its_end_and_it_is_said(read):
    wild = '<cc><t>0</t><v id="P">9000</v></cc><cc><t>1</t><v id="D">-5</v></cc>' + note(0).replace("<v>64", "<v>300")
    (score,) = read(vsq4(part(wild)))
    assert score.pitch_bend_semitones.points == ((0, 2.0),)
    assert score.dynamics.points == ((1, 0.0),)
    assert score.notes[0].velocity == 127
    assert score.ignored == (
        "controller DYN: 1 value out of range, clamped",
        "controller PIT: 1 value out of range, clamped",
        "note velocity: 1 value out of range, clamped",
    )


def test_a_vibrato_may_end_one_step_past_its_note(read):
    (score,) = read(VSQ3.replace("<posNrm>65535", "<posNrm>65536"))
    assert score.notes[0].vibrato.depth == ((1.0, 120.0),)
    assert score.ignored == read(VSQ3)[0].ignored


def test_whole_numbers_may_be_written_as_decimals(read):
    (score,) = read(vsq4(part(note(480, 240).replace("<t>480<", "<t>480.0<").replace("<dur>240<", "<dur>240.00<"))))
    assert (score.notes[0].tick, score.notes[0].duration) == (480, 240)


def test_what_a_score_does_not_hold_is_named(read):
    assert read(VSQ3)[0].ignored == (
        "audio part song.wav",
        "note style accent (on 1 note)",
    )


def test_vsq4_is_read(read):
    (score,) = read(vsq4(part(note(480, 240, 69))))
    assert score.notes == (Note(480, 240, 69, "ら", "4 a", 64),)
    assert score.tempos == (Tempo(0, 120.0),)
    assert score.ignored == ()


def test_vsq4_controllers_have_short_names(read):
    controllers = (
        '<cc><t>0</t><v id="S">12</v></cc><cc><t>5</t><v id="P">8191</v></cc><cc><t>6</t><v id="D">0</v></cc>'
        '<cc><t>7</t><v id="W">1</v></cc><cc><t>9</t><v id="W">2</v></cc>'
    )
    (score,) = read(vsq4(part(controllers + note(0))))
    assert score.pitch_bend_semitones.points == ((5, 12.0),)
    assert score.dynamics.points == ((6, 0.0),)
    assert score.ignored == ("controller GWL (2 points)",)


def test_the_default_bend_range_is_two_semitones(read):
    (score,) = read(vsq4(part('<cc><t>0</t><v id="P">-8192</v></cc>' + note(0))))
    assert score.pitch_bend_semitones.points == ((0, -2.0),)


def test_controllers_start_anew_with_each_part(read):
    bend = '<cc><t>100</t><v id="P">8191</v></cc><cc><t>0</t><v id="D">90</v></cc>'
    (score,) = read(vsq4(part(note(0) + bend) + part(note(0), tick=7680 + 1920)))
    assert score.pitch_bend_semitones.points == ((100, 2.0), (1920, 0.0))
    assert score.dynamics.points == ((0, 90.0), (1920, 64.0))


def test_parts_are_merged_in_time_order(read):
    (score,) = read(vsq4("".join(part(note(0, 240), tick=7680 + 480 * index) for index in reversed(range(143)))))
    assert [n.tick for n in score.notes] == [480 * index for index in range(143)]


def test_overlapping_notes_are_shortened_and_it_is_said(read):
    (score,) = read(vsq4(part(note(0, 960, 60) + note(480, 480, 62) + note(480, 240, 67))))
    assert [(n.tick, n.duration, n.midi) for n in score.notes] == [(0, 480, 60), (480, 240, 67)]
    assert score.ignored == (
        "1 note at the start of a higher note",
        "the end of 1 note, which overlapped the next note",
    )


def test_notes_before_the_first_bar_and_empty_ones_are_left_out_and_it_is_said(read):
    (score,) = read(vsq4(part(note(0), tick=0) + part(note(0) + note(960, 0))))
    assert [n.tick for n in score.notes] == [0]
    assert score.ignored == ("1 note in the pre-measure bars", "1 note without duration")


def test_singer_changes_are_said_and_a_phoneme_lock_is_honoured(read):
    singers = "<singer><t>0</t><bs>0</bs><pc>0</pc></singer><singer><t>9</t><bs>0</bs><pc>5</pc></singer>"
    locked = note(0).replace("<p>4 a", '<p lock="1">k a')
    (score,) = read(vsq4(part(singers + locked)))
    assert score.notes[0].phones == "k a"
    assert score.ignored == ("changes between 2 singers: all notes go to one voice",)


def test_each_track_with_notes_is_a_score(tmp_path):
    path = tmp_path / "duet.vsqx"
    second = (
        f"</vsTrack><vsTrack><tNo>1</tNo><name>Alto</name></vsTrack><vsTrack><name>Bass</name>{part(note(0, 480, 48))}"
    )
    path.write_text(vsq4(part(note(0)) + second), encoding="utf-8")
    assert [score.name for score in read_vsqx(path)] == ["Track", "Bass"]


def test_ties_breaths_and_empty_lyrics_are_kept_as_written(read):
    notes = note(0, lyric="-") + note(480, lyric="").replace("4 a", "Sil Asp ?")
    (score,) = read(vsq4(part(notes)))
    assert [(n.lyric, n.phones) for n in score.notes] == [("-", "4 a"), ("", "Sil Asp ?")]


def test_blanks_and_line_breaks_around_text_do_not_count(read):
    (score,) = read(vsq4(part(note(0).replace("<y>ら</y>", "<y>\n  la\t la\n</y>"))))
    assert score.notes[0].lyric == "la la"


def test_a_vibrato_of_type_zero_is_none(read):
    style = '<nStyle><v id="vibLen">50</v><v id="vibType">0</v></nStyle></note>'
    (score,) = read(vsq4(part(note(0).replace("</note>", style))))
    assert score.notes[0].vibrato is None


def test_missing_tempo_and_metre_are_assumed_and_said(read):
    (score,) = read(vsq4(part(note(0)), master="<comment/>"))
    assert score.tempos == (Tempo(0, 120.0),)
    assert score.ignored == ("no metre at the start: 4/4 assumed", "no tempo at the start: 120 BPM assumed")


def test_the_pre_measure_is_counted_in_its_own_metres(read):
    """Two bars of 3/4 and one of 5/8: 2 x 1440 + 1200 ticks."""
    master = (
        "<timeSig><m>0</m><nu>3</nu><de>4</de></timeSig><timeSig><m>2</m><nu>5</nu><de>8</de></timeSig>"
        "<timeSig><m>4</m><nu>2</nu><de>4</de></timeSig><tempo><t>0</t><v>11948</v></tempo>"
    )
    (score,) = read(vsq4(part(note(0), tick=2 * 1440 + 1200), master, pre_measure=3))
    assert score.notes[0].tick == 0
    assert score.time_signatures == (TimeSignature(0, 5, 8), TimeSignature(1, 2, 4))
    assert score.tempos == (Tempo(0, 119.48),)


def test_adjacent_and_overlapping_parts_make_one_line(read):
    first = part(note(0, 960, 60) + note(960, 960, 62))
    overlapping = part(note(0, 480, 65), tick=7680 + 1440)
    adjacent = part(note(0, 480, 67), tick=7680 + 1920)
    (score,) = read(vsq4(first + overlapping + adjacent))
    assert [(n.tick, n.duration, n.midi) for n in score.notes] == [
        (0, 960, 60),
        (960, 480, 62),
        (1440, 480, 65),
        (1920, 480, 67),
    ]
    assert score.ignored == ("the end of 1 note, which overlapped the next note",)


def test_a_lyric_without_phones_is_kept_for_the_singer(read):
    bare = "<note><t>0</t><dur>480</dur><n>60</n><y>hel-</y></note>"
    assert read(vsq4(part(bare)))[0].notes == (Note(0, 480, 60, "hel-"),)
