"""Odd rates and odd names of files: each is converted to as many samples, or refused with its reason."""

import numpy as np
import pytest
import soundfile

from tests.battery.place import Place

pytestmark = [pytest.mark.battery, pytest.mark.timeout(900)]
RATES = (4000, 5512, 8000, 11025, 16000, 22050, 37800, 44056, 48000, 96000, 192000, 384000)
NAMES = (
    "a b (dry).wav", "Anna's.wav", 'say "ah".wav', "100%.wav", "#1.wav", "a=b,c.wav", "[x].wav", "{y}.wav", "$HOME.wav",
    "-n.wav", "~.wav", "ünï.wav", "u\u0308.wav", "歌.wav", "🎤.wav", "new\nline.wav", "tab\t.wav",
    "1e3.wav", "null.wav", "x" * 200 + ".wav",
)  # fmt: skip


def sung(rate: int, seconds: float = 1.0) -> np.ndarray:
    """A held vowel of some partials below half the rate."""
    times = np.arange(int(rate * seconds) + 7) / rate
    partials = [number for number in range(1, 20) if 220 * number < rate / 2]
    return 0.3 * sum(np.sin(2 * np.pi * 220 * number * times) / number for number in partials)


@pytest.mark.parametrize("what", ["rates", "names"])
def test_a_folder_of_oddities_is_converted_sample_for_sample(what, trained: Place, case, tmp_path):
    with case("odd", what, "infer of a folder, then doctor") as line:
        place = trained.copy(tmp_path / "place")
        odd = place.folder / "odd songs"
        odd.mkdir()
        for rate in RATES if what == "rates" else ():
            soundfile.write(odd / f"{rate}.wav", sung(rate), rate)
        for name in NAMES if what == "names" else ():
            soundfile.write(odd / name, sung(8000), 8000)
        assert place.run_warm("infer", "run=latest", "source=odd songs", "output=out") == 0, place.said[-1500:]
        for path in odd.iterdir():
            assert soundfile.info(place.folder / "out" / path.name).frames == soundfile.info(path).frames, path.name
        assert place.run_warm("doctor", "odd songs", "--json=d.json", "--html=d.html") in (0, 1), place.said[-1500:]
        assert "Traceback" not in place.said
        line.came = f"{len(list(odd.iterdir()))} of {len(list(odd.iterdir()))}, as many samples each"
