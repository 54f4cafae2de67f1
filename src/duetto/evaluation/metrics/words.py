"""Whether the words survive: edits between a known text and what an independent recogniser reads in the output.

Defined where the text of a performance is known and the recogniser of `pip install .[asr]` is installed
(`duetto.evaluation.models.whisper`); NaN otherwise. The same errors of the source say how hard its words are to read.

Conventions: texts are compared without case, punctuation and symbols; languages written without spaces have characters
and no words.
"""

import unicodedata

from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import Metric, place_name
from duetto.evaluation.metrics.phones import error_rate

UNSPACED = ("ja", "zh")  # languages without spaces between words
APOSTROPHES = "'’ʼ"
WORDS, CHARACTERS = "word_error", "character_error"


def words_in(text: str, language: str) -> tuple[str, ...]:
    """The words of a text as they are compared; none in a language without spaces."""
    return () if language.partition("-")[0] in UNSPACED else tuple(_plain(text).split())


def characters_in(text: str) -> tuple[str, ...]:
    """The letters, digits and marks of a text, in order."""
    return tuple(_plain(text).replace(" ", ""))


def _plain(text: str) -> str:
    """Lower case, apostrophes dropped, other punctuation and symbols as spaces."""
    lower = unicodedata.normalize("NFKC", text).casefold()
    kept = (character for character in lower if character not in APOSTROPHES)
    return " ".join("".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in kept).split())


def word_error(text: str, heard: str, language: str) -> float:
    """Edits per word of the text: 0 = every word was read; insertions can raise it above 1; NaN without words."""
    return error_rate(words_in(text, language), words_in(heard, language))


def character_error(text: str, heard: str) -> float:
    """Edits per character of the text, without spaces; NaN without characters."""
    return error_rate(characters_in(text), characters_in(heard))


def _conclude(song: ScoredSong) -> Scores:
    """Both errors of output, source (at the target's pitch) and copy synthesis."""
    text, transcriber = song.files.text, song.instruments.transcriber
    if text is None or transcriber is None:
        return {}
    language = song.files.language or "en"
    scores: Scores = {}
    for place, audio in {**song.analysed, "source": song.reference.source}.items():
        heard = transcriber.transcribe(audio.waveform, SAMPLE_RATE, language)
        scores[place_name(WORDS, place)] = word_error(text, heard, language)
        scores[place_name(CHARACTERS, place)] = character_error(text, heard)
    return scores


def _rows(family: str, title: str, what: str) -> tuple[Metric, ...]:
    """The score with its bounds; it needs a text and no reference."""
    meaning = f"Edits between {what} of the known text and those that Whisper base reads, per {what[4:-1]} of the text."
    notes = {
        "output": meaning,
        "source": f"{title} of the source, at the target's pitch.",
        "copy_synthesis": f"{title} of the reference through the vocoder.",
    }
    names = {"output": title, "source": f"{title}, unconverted source", "copy_synthesis": f"{title}, copy synthesis"}
    return tuple(
        Metric(
            place_name(family, place),
            names[place],
            "%",
            "down",
            note,
            family=family,
            place=place,
            needs_reference=place == "copy_synthesis",
            digits=1,
        )
        for place, note in notes.items()
    )


MEASURE = Measure(
    metrics=(
        *_rows(WORDS, "Word error", "the words"),
        *_rows(CHARACTERS, "Character error", "the characters"),
    ),
    conclude=_conclude,
)
