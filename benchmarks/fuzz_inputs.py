"""Inputs for `fuzz_readers`: valid files of each kind, and damaged ones made from them.

Input n of a seed is the same on every machine.
"""

import io
import random
import re
import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import av
import faiss
import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from duetto.architectures.rvc.shapes import ecosystem_shape
from duetto.corpus.ddb.writer import DdbFragment, write_ddb
from duetto.corpus.embedded_cases.songs import SONGS_FOLDER
from duetto.ownership.consent import embedded_consent
from duetto.score.formats.registry import write_score
from duetto.score.formats.vsqx.reader import read_vsqx
from duetto.score.formats.vsqx.schema import CONTROLS
from duetto.score.formats.vsqx.writer import vsqx_text
from duetto.score.score import Curve, Note, Score, TimeSignature
from duetto.voices.interchange.settings import public_config

NUMBERS = (0, 1, 17, 18, 19, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
WORDS = (
    b"127",
    b"128",
    b"480",
    b"65535",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"99999999999999999999",
    b"0x10",
    b"",
    b" ",
    b"\xff\xfe",
    "１２".encode(),
    b"1\n",
)
LABELS = (
    "0.000000\t0.100000\tpau\n0.100000\t0.250000\tdrop\n0.250000\t0.900000\t\n1.5\t1.5\tpoint\n",
    "0.5\t1.25\tkeep\n\\\t120.000000\t4000.000000\n2\t3\t息\n\\\t-1.000000\t-1.000000\n",
    "\ufeff10\t20\tdrop\r\n20\t3e1\tkeep this\r\n",
)

VSQ3 = """<?xml version="1.0" encoding="UTF-8"?>
<vsq3 xmlns="http://www.yamaha.co.jp/vocaloid/schema/vsq3/"><masterTrack><resolution>480</resolution>
<preMeasure>2</preMeasure><timeSig><posMes>0</posMes><nume>4</nume><denomi>4</denomi></timeSig>
<timeSig><posMes>3</posMes><nume>3</nume><denomi>4</denomi></timeSig>
<tempo><posTick>0</posTick><bpm>12000</bpm></tempo><tempo><posTick>4800</posTick><bpm>9050</bpm></tempo></masterTrack>
<vsTrack><vsTrackNo>0</vsTrackNo><trackName><![CDATA[Voice]]></trackName><musicalPart><posTick>3840</posTick>
<playTime>3840</playTime><singer><posTick>0</posTick><vBS>0</vBS><vPC>0</vPC></singer>
<mCtrl><posTick>0</posTick><attr id="PBS">4</attr></mCtrl>
<mCtrl><posTick>60</posTick><attr id="PIT">-2000</attr></mCtrl>
<note><posTick>0</posTick><durTick>480</durTick><noteNum>64</noteNum><velocity>64</velocity>
<lyric><![CDATA[か]]></lyric><phnms><![CDATA[k a]]></phnms><noteStyle><attr id="vibLen">60</attr>
<seqAttr id="vibDep"><elem><posNrm>26214</posNrm><elv>64</elv></elem></seqAttr></noteStyle></note>
<note><posTick>480</posTick><durTick>240</durTick><noteNum>67</noteNum><velocity>64</velocity><lyric>-</lyric></note>
</musicalPart></vsTrack></vsq3>
"""

Files = tuple[tuple[str, bytes], ...]  # (suffix, content) of the files of one input


def ddb_seeds() -> list[Files]:
    """Synthetic archives with their trees, and one without."""
    noise = np.random.default_rng(0)
    consent = replace(embedded_consent(), rights_statement="A synthetic voice.")
    names: list[tuple[str, ...]] = [("a",), ("k", "a"), ("a", "k", "i"), (), ("i",), ("k", "a"), ("a", "k", "i", "s")]
    seeds: list[Files] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.ddb"
        for count, length in ((1, 10), (7, 50), (7, 900), (60, 30)):
            sounds = [noise.uniform(-1, 1, length + index).astype(np.float32) for index in range(count)]
            write_ddb(path, [DdbFragment(s, names[i % 7], float(i)) for i, s in enumerate(sounds)], 44_100, consent)
            seeds.append(((".ddb", path.read_bytes()), (".ddi", path.with_suffix(".ddi").read_bytes())))
    return [*seeds, seeds[1][:1]]


def wav_seeds() -> list[Files]:
    """Short files of every format that is read."""
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, (400, 2))
    formats = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("FLAC", "PCM_16")]
    formats += [("AIFF", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
    seeds: list[Files] = []
    for container, subtype in formats:
        buffer = io.BytesIO()
        soundfile.write(buffer, waveform, 44_100, format=container, subtype=subtype)
        seeds.append(((f".{container.lower()}", buffer.getvalue()),))
    return [*seeds, ((".m4a", _m4a(waveform.astype(np.float32).T)),)]


def _m4a(channels: NDArray[np.float32]) -> bytes:
    """AAC in MP4, as phones record, of (2, S)."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44_100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), format="fltp", layout="stereo")
        frame.sample_rate = 44_100
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return buffer.getvalue()


def vsqx_seeds() -> list[Files]:
    """Embedded songs, a small one of the third generation by hand, and two tracks with every controller in both."""
    songs = [path.read_bytes() for path in sorted(SONGS_FOLDER.glob("slow_*.vsqx"))]
    curves = {
        name: Curve(((0, 10.0 * index), (480, 127.0)))
        for index, name in enumerate(control.curve for control in CONTROLS.values())
    }
    lead = read_vsqx(SONGS_FOLDER / "slow_02.vsqx")[0]
    lead = replace(
        lead, notes=lead.notes[:8], time_signatures=(TimeSignature(0, 3, 4), TimeSignature(2, 5, 8)), **curves
    )
    words = ("hel-", "-", "キャー", "ts\\ iAU", "かな漢字")
    notes = tuple(Note(480 * index, 480, 60, word, "Sil Asp ?"[: 9 * index]) for index, word in enumerate(words))
    both = [vsqx_text((lead, replace(lead, notes=notes)), generation).encode() for generation in ("vsq3", "vsq4")]
    return [((".vsqx", content),) for content in (*songs, VSQ3.encode(), *both)]


def score_seeds(suffix: str) -> list[Files]:
    """The start of an embedded song, in two tracks where the format holds them; for MIDI also XF and karaoke."""
    lead = read_vsqx(SONGS_FOLDER / "slow_02.vsqx")[0]
    lead = replace(lead, notes=lead.notes[:8], time_signatures=(TimeSignature(0, 3, 4), TimeSignature(2, 5, 8)))
    words = replace(lead, notes=tuple(Note(480 * i, 480, 60, word) for i, word in enumerate(("hel-", "lo", "-", "漢"))))
    songs: list[tuple[Score, ...]] = [(lead,), (words,)] if suffix == ".ust" else [(lead,), (lead, words)]
    seeds: list[Files] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"song{suffix}"
        for song in songs:
            write_score(song, path)
            seeds.append(((suffix, path.read_bytes()),))
    if suffix == ".mid":
        content = seeds[0][0][1]
        track = content[content.rindex(b"MTrk") + 4 :]
        seeds.append(((suffix, content + b"XFKM" + track),))
        seeds.append(((suffix, content.replace(b"\xff\x05", b"\xff\x01")),))
    return seeds


def label_seeds() -> list[Files]:
    """Label tracks of Audacity."""
    return [((".txt", content.encode()),) for content in LABELS]


def index_seeds() -> list[Files]:
    """Small faiss indexes of both kinds that are read, with full and with sparse lists."""
    rows = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    seeds: list[Files] = []
    for factory, count in (("IVF5,Flat", 60), ("IVF40,Flat", 10), ("Flat", 60)):
        index = faiss.index_factory(rows.shape[1], factory)
        if not index.is_trained:
            index.cp.min_points_per_centroid = 1
            index.train(rows)
        index.add(rows[:count])
        seeds.append(((".index", faiss.serialize_index(index).tobytes()),))
    return seeds


def model_seeds() -> list[Files]:
    """Public models with few tensors, in both containers of PyTorch, and a training checkpoint."""
    table = {"enc_p.emb_phone.weight": (192, 768), "enc_p.emb_pitch.weight": (256, 192), "emb_g.weight": (3, 256)}
    weights = {name: torch.zeros(1, 1).half().expand(shape) for name, shape in table.items()}
    model = {"weight": weights, "config": public_config(ecosystem_shape("v2_40k_f0"))}
    model |= {"info": "7epoch", "sr": "40k", "f0": 1, "version": "v2", "vocoder": "HiFi-GAN"}
    seeds: list[Files] = []
    for content, zipped in ((model, True), (model, False), ({"model": weights, "iteration": 7}, True)):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
        seeds.append(((".pth", buffer.getvalue()),))
    return seeds


def mutate(files: Files, others: list[Files], chance: random.Random) -> Files:
    """One to eight changes, each in one of the files."""
    changed = [(suffix, bytearray(content)) for suffix, content in files]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 8))):
        _, content = chance.choice(changed)
        donor = chance.choice(chance.choice(others))[1]
        changes = TEXT_CHANGES if content.startswith((b"<?xml", b"{", b"[#")) and chance.random() < 0.8 else CHANGES
        chance.choice(changes)(content, donor, chance)
    return tuple((suffix, bytes(content)) for suffix, content in changed)


def flip(content: bytearray, _donor: bytes, chance: random.Random) -> None:
    """Single bytes."""
    for _ in range(chance.choice((1, 1, 4, 16)) if content else 0):
        content[chance.randrange(len(content))] = chance.randrange(256)


def truncate(content: bytearray, _donor: bytes, chance: random.Random) -> None:
    """The end is missing."""
    del content[chance.randrange(len(content) + 1) :]


def splice(content: bytearray, donor: bytes, chance: random.Random) -> None:
    """A stretch of this or another file takes the place of a stretch."""
    source = donor if chance.random() < 0.5 else bytes(content)
    first, place = chance.randrange(len(source) + 1), chance.randrange(len(content) + 1)
    length = int(2 ** chance.uniform(0, 12))
    content[place : place + chance.choice((0, length))] = source[first : first + length]


def attack_length(content: bytearray, _donor: bytes, chance: random.Random) -> None:
    """A number that a length or count field may hold by malice."""
    layout = chance.choice(("<I", ">I", "<H", ">H", "<Q"))
    size = struct.calcsize(layout)
    if len(content) >= size:
        number = chance.choice((*NUMBERS, len(content), len(content) - 1, chance.getrandbits(32)))
        tags = [
            match.end()
            for match in re.finditer(
                rb"SND |FRM2|STA[ up]|ART[ up]|RIFF|data|fmt |FORM|SSND|moov|mdat|stsz|stco|stsc|stts|esds|mdhd",
                content,
            )
        ]
        place = chance.choice(tags) + chance.choice((0, 4, 8, 10)) if tags else chance.randrange(len(content))
        place = min(place if chance.random() < 0.7 else chance.randrange(len(content)), len(content) - size)
        content[place : place + size] = struct.pack(layout, number & (256**size - 1))


def attack_word(content: bytearray, _donor: bytes, chance: random.Random) -> None:
    """A number in text."""
    numbers = list(re.finditer(rb"[-+.0-9]+", content[:65_536]))
    if numbers:
        match = chance.choice(numbers)
        content[match.start() : match.end()] = chance.choice(WORDS)


def attack_element(content: bytearray, _donor: bytes, chance: random.Random) -> None:
    """An element of XML is missing, there twice, elsewhere, or under another name."""
    elements = list(re.finditer(rb"<(\w+)[^<>]*>(?:[^<]|<!)*</\1>", content))
    if elements:
        taken, place = chance.choice(elements), chance.choice(elements).start()
        element = taken.group()
        if chance.random() < 0.5:
            content[taken.start() : taken.end()] = b""
            place = min(place, len(content))
        if chance.random() < 0.2:
            element = element.replace(taken.group(1), chance.choice(elements).group(1))
        if chance.random() < 0.7:
            content[place:place] = element


CHANGES = (flip, truncate, splice, attack_length, attack_length, attack_word)
TEXT_CHANGES = (attack_word, attack_element)


def make_input(seeds: list[Files], seed: int, number: int) -> Files:
    """Input `number` of a seed."""
    chance = random.Random(f"{seed}-{number}")
    return mutate(chance.choice(seeds), seeds, chance)
