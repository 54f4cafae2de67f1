"""Convert a recording with a trained voice.

    python examples/convert.py VOICE SOURCE OUTPUT [SEMITONES]

VOICE is a run (its folder, its name, `latest`) or a public model (.pth).
"""

import sys

import soundfile

import duetto
from duetto.errors import report_errors


def main() -> None:
    """Convert, first from file to file, then in memory."""
    voice_name, source, output = sys.argv[1:4]
    semitones = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0

    voice = duetto.load_voice(voice_name)
    # The file says that a machine sang it, as it has to where it is published; recordings may have any length:
    voice.convert_file(source, output, transpose=semitones)

    waveform, sample_rate = soundfile.read(source, dtype="float32")  # or in memory, to work with the samples
    sung = voice.convert(waveform.T, sample_rate, transpose=semitones)  # (channels, samples) in, mono out
    print(
        f"{voice} sang {len(sung) / sample_rate:.2f} s at {sample_rate} Hz into {output}, at most {abs(sung).max():.2f}"
    )


if __name__ == "__main__":
    with report_errors():  # an error that you can mend, or Ctrl-C, is one sentence
        main()
