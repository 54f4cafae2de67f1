"""MusicXML documents for the tests of their reader."""

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def note(step, duration, *lyrics, octave=4, voice=1, extra="", alter=""):
    alteration = f"<alter>{alter}</alter>" if alter else ""
    pitch = f"<pitch><step>{step}</step>{alteration}<octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{extra}<voice>{voice}</voice>{''.join(lyrics)}</note>"


def rest(duration, voice=1):
    return f"<note><rest/><duration>{duration}</duration><voice>{voice}</voice></note>"


def word(text, syllabic="single", extend="", number=1):
    return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text>{extend}</lyric>'


def bar(content, number=1, more=""):
    return f'<measure number="{number}"{more}>{content}</measure>'


def attributes(divisions=2, beats=4, beat_type=4, more=""):
    return (
        f"<attributes><divisions>{divisions}</divisions><key><fifths>0</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>{more}</attributes>"
    )


def score(*parts):
    listed = "".join(
        f'<score-part id="P{index}"><part-name>{name}</part-name></score-part>'
        for index, (name, *_) in enumerate(parts)
    )
    bodies = "".join(f'<part id="P{index}">{"".join(bars)}</part>' for index, (_, *bars) in enumerate(parts))
    return f'{HEAD}<score-partwise version="4.0"><part-list>{listed}</part-list>{bodies}</score-partwise>'


TIE_START, TIE_STOP = '<tie type="start"/>', '<tie type="stop"/>'
# A pickup of a quarter, a hyphened word, a melisma, a tie over the barline, a triplet, a tempo change within a bar.
MUSESCORE = score(
    (
        "Voice",
        bar(
            attributes()
            + '<direction placement="above"><direction-type><metronome parentheses="no"><beat-unit>quarter</beat-unit>'
            '<per-minute>96</per-minute></metronome></direction-type><sound tempo="96"/></direction>'
            + note("G", 2, word("O")),
            0,
            ' implicit="yes"',
        ),
        bar(
            note("C", 2, word("glo", "begin"), octave=5)
            + note("D", 2, octave=5)
            + note("E", 4, word("ria", "end"), octave=5, extra=TIE_START)
        ),
        bar(
            note("E", 2, octave=5, extra=TIE_STOP)
            + "<direction><direction-type><words>rit.</words></direction-type><offset>1</offset>"
            '<sound tempo="60"/></direction>'
            + rest(2)
            + note("F", 4, word("ah", "single", '<extend type="start"/>'), alter=1),
            2,
        ),
        bar(note("G", 8, '<lyric number="1"><extend type="stop"/></lyric>'), 3),
    ),
    ("Piano", bar(attributes() + note("C", 2), 0), bar(note("C", 8)), bar(note("C", 8), 2), bar(note("C", 8), 3)),
)
