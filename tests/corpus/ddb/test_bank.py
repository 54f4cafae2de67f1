import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duetto.corpus.ddb import bank as ddb
from duetto.corpus.ddb.bank import DdbSegment, read_ddb, read_segment, scan_ddb
from duetto.corpus.ddb.writer import DdbFragment, write_ddb
from duetto.errors import CorpusError
from duetto.ownership.consent import embedded_consent, read_consent

RATE = 44_100
CONSENT = replace(embedded_consent(), rights_statement="A synthetic voice.")
NAMES = [("a",), ("k", "a"), ("a", "k", "i"), (), ("k", "a"), ("a", "k", "i", "s"), ("e",)]


def noise(num_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, num_samples).astype(np.float32)


def chunk(samples: int, rate: int = RATE, channels: int = 1, tag: bytes = b"SND ") -> bytes:
    pcm = struct.pack("<h", 7) * samples * channels
    return struct.pack("<4sIIHI", tag, 18 + len(pcm), rate, channels, 0) + pcm


def found(path: Path, data: bytes) -> list[tuple[int, int]]:
    path.write_bytes(data)
    return [(segment.offset, segment.num_samples) for segment in scan_ddb(path)]


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    fragments = [DdbFragment(noise(500 + 37 * i, i), phones, 64.0 + i) for i, phones in enumerate(NAMES)]
    write_ddb(tmp_path / "bank.ddb", fragments, RATE, CONSENT)
    return tmp_path / "bank.ddb"


def test_what_is_written_is_read_back_to_the_step_of_16_bit(bank: Path):
    archive = read_ddb(bank)
    assert archive.report == ""
    assert [segment.num_samples for segment in archive.segments] == [500 + 37 * i for i in range(7)]
    assert [segment.phones for segment in archive.segments] == [
        ("a",),
        ("k", "a"),
        ("a", "k", "i"),
        (),
        ("k", "a"),
        (),
        ("e",),
    ]
    assert [segment.pitch for segment in archive.segments] == [64.0, 65.0, 66.0, None, 68.0, None, 70.0]
    with bank.open("rb") as file:
        for index, segment in enumerate(archive.segments):
            exact = np.round(noise(500 + 37 * index, index).astype(np.float64) * 32768) / 32768
            assert np.array_equal(read_segment(file, segment), exact.astype(np.float32))


def test_a_second_round_changes_nothing(bank: Path, tmp_path: Path):
    archive = read_ddb(bank)
    with bank.open("rb") as file:
        again = [DdbFragment(read_segment(file, s), s.phones, s.pitch or 0.0) for s in archive.segments]
    written = write_ddb(tmp_path / "again.ddb", again, RATE, CONSENT)
    assert written == archive.segments == read_ddb(tmp_path / "again.ddb").segments
    assert (tmp_path / "again.ddb").read_bytes() == bank.read_bytes()
    assert (tmp_path / "again.ddi").read_bytes() == bank.with_suffix(".ddi").read_bytes()


def test_without_a_tree_every_sound_is_found_without_a_name(bank: Path):
    bank.with_suffix(".ddi").unlink()
    archive = read_ddb(bank)
    assert len(archive.segments) == 7
    assert all(segment.phones == () and segment.pitch is None for segment in archive.segments)
    assert "no bank.ddi" in archive.report


def test_the_tree_of_another_archive_names_nothing_beyond_it(bank: Path, tmp_path: Path):
    write_ddb(tmp_path / "small.ddb", [DdbFragment(noise(100), ("o",))], RATE, CONSENT)
    archive = read_ddb(tmp_path / "small.ddb", bank.with_suffix(".ddi"))
    assert "5 of 5 entries of bank.ddi point at no sound" in archive.report
    assert archive.segments[0].phones == ()


def test_bytes_between_chunks_and_before_the_first_are_skipped(tmp_path: Path):
    junk = b"\x01SND\0FRM2SNDS" * 3
    data = junk + chunk(10) + junk + chunk(20) + chunk(30) + junk
    assert found(tmp_path / "a.ddb", data) == [(39, 10), (39 + 38 + 39, 20), (39 + 38 + 39 + 58, 30)]


def test_the_tag_within_a_sound_is_sound(tmp_path: Path):
    inner = chunk(3)
    outer = struct.pack("<4sIIHI", b"SND ", 18 + len(inner), RATE, 1, 0) + inner
    assert found(tmp_path / "a.ddb", outer + chunk(5)) == [(0, 12), (42, 5)]


def test_a_false_header_that_would_swallow_sounds_does_not(tmp_path: Path):
    false = struct.pack("<4sIIHI", b"SND ", 100, RATE, 1, 0)  # ends in the middle of a sound
    assert found(tmp_path / "a.ddb", false + chunk(30) + chunk(40)) == [(18, 30), (18 + 78, 40)]


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<4sIIHI", b"SND ", 2**32 - 1, RATE, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 0, RATE, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 17, RATE, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 18, RATE, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 19, RATE, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 20, 0, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 20, 7_999, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 20, 2**32 - 1, 1, 0),
        struct.pack("<4sIIHI", b"SND ", 20, RATE, 0, 0),
        struct.pack("<4sIIHI", b"SND ", 20, RATE, 3, 0),
        struct.pack("<4sIIHI", b"SND ", 20, RATE, 2, 0),
    ],
)
def test_a_header_that_makes_no_sense_is_passed_over(tmp_path: Path, header: bytes):
    assert found(tmp_path / "a.ddb", header + chunk(9)) == [(18, 9)]


def test_a_last_sound_that_breaks_off_is_left_out(tmp_path: Path):
    assert found(tmp_path / "a.ddb", chunk(9) + chunk(50)[:-1]) == [(0, 9)]


def test_two_channels_are_mixed(tmp_path: Path):
    path = tmp_path / "a.ddb"
    path.write_bytes(struct.pack("<4sIIHI", b"SND ", 18 + 8, RATE, 2, 0) + struct.pack("<4h", 16384, 0, -16384, -16384))
    (segment,) = read_ddb(path).segments
    with path.open("rb") as file:
        assert read_segment(file, segment).tolist() == [0.25, -0.5]


@pytest.mark.parametrize("shift", range(-20, 21))
def test_a_tag_across_the_edge_of_the_window_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: int):
    monkeypatch.setattr(ddb, "WINDOW_BYTES", 256)
    before = b"x" * (256 + shift)
    assert found(tmp_path / "a.ddb", before + chunk(300) + chunk(4)) == [(256 + shift, 300), (256 + shift + 618, 4)]


def test_a_long_archive_is_read_in_little_memory(tmp_path: Path):
    path = tmp_path / "a.ddb"
    with path.open("wb") as file:
        file.truncate(2**27)  # sparse
        file.seek(2**27)
        file.write(chunk(1000))
    tracemalloc.start()
    segments = list(scan_ddb(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [segment.offset for segment in segments] == [2**27]
    assert peak < 8 * 2**20


def test_more_sounds_than_any_database_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ddb, "MAX_SEGMENTS", 5)
    (tmp_path / "a.ddb").write_bytes(chunk(1) * 6)
    with pytest.raises(CorpusError, match="more than 5 sounds"):
        read_ddb(tmp_path / "a.ddb")


@pytest.mark.parametrize("unit", [b"SND ", struct.pack("<4sIIHI", b"SND ", 1000, RATE, 1, 0)])
def test_a_file_of_nothing_but_headers_does_not_keep_the_reader_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: bytes
):
    monkeypatch.setattr(ddb, "MAX_TAGS", 99)
    (tmp_path / "a.ddb").write_bytes(unit * 200)
    with pytest.raises(CorpusError, match=r"a\.ddb holds more than 99 sound headers"):
        read_ddb(tmp_path / "a.ddb")


def test_a_file_without_sounds_says_what_was_expected(tmp_path: Path):
    (tmp_path / "a.ddb").write_bytes(b"RIFF, not an archive")
    with pytest.raises(CorpusError, match=r"no `SND ` chunk"):
        read_ddb(tmp_path / "a.ddb")
    (tmp_path / "b.ddb").write_bytes(b"")
    with pytest.raises(CorpusError, match="holds no sound"):
        read_ddb(tmp_path / "b.ddb")
    for missing in (tmp_path / "gone.ddb", tmp_path):
        with pytest.raises(CorpusError, match="cannot be read"):
            read_ddb(missing)


def test_an_archive_that_shrinks_while_it_is_read_is_an_error(bank: Path):
    last = read_ddb(bank).segments[-1]
    bank.write_bytes(bank.read_bytes()[:-2])
    with bank.open("rb") as file, pytest.raises(CorpusError, match="ends within the sound"):
        read_segment(file, last)


def test_nothing_is_written_unless_the_right_to_it_is_stated(tmp_path: Path):
    with pytest.raises(CorpusError, match="There is no statement of the right"):
        write_ddb(tmp_path / "a.ddb", [DdbFragment(noise(10))], RATE, embedded_consent())
    assert list(tmp_path.iterdir()) == []


def test_the_record_lies_beside_the_archive(bank: Path):
    record = read_consent(bank.with_name("consent.yaml"))
    assert record.rights_statement == "A synthetic voice."


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (DdbFragment(np.zeros(0, np.float32)), "cannot be stored"),
        (DdbFragment(np.zeros((2, 4), np.float32)), "cannot be stored"),
        (DdbFragment(np.full(4, np.nan, np.float32)), "cannot be stored"),
        (DdbFragment(np.full(4, 1.5, np.float32)), "would clip"),
        (DdbFragment(np.zeros(4, np.float32), ("",)), "expected 1 to 64 bytes"),
        (DdbFragment(np.zeros(4, np.float32), ("あ" * 30,)), "expected 1 to 64 bytes"),
        (DdbFragment(np.zeros(4, np.float32), ("a",), float("inf")), "expected a number"),
    ],
)
def test_a_sound_that_would_not_come_back_is_refused(tmp_path: Path, fragment: DdbFragment, message: str):
    with pytest.raises(CorpusError, match=message):
        write_ddb(tmp_path / "a.ddb", [fragment], RATE, CONSENT)
    assert not (tmp_path / "a.ddb").exists()


def test_full_scale_is_kept(tmp_path: Path):
    write_ddb(tmp_path / "a.ddb", [DdbFragment(np.array([1.0, -1.0], np.float32))], RATE, CONSENT)
    (segment,) = read_ddb(tmp_path / "a.ddb").segments
    with (tmp_path / "a.ddb").open("rb") as file:
        assert read_segment(file, segment).tolist() == [32767 / 32768, -1.0]


names = st.lists(st.text(min_size=1, max_size=8), max_size=4).map(tuple)
sounds = st.lists(
    st.tuples(st.binary(min_size=2, max_size=60), names, st.floats(-4800, 4800, width=32)), min_size=1, max_size=12
)
quietly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quietly
@given(sounds=sounds, rate=st.sampled_from([8_000, 22_050, 44_100, 48_000]))
def test_any_archive_comes_back_as_it_was(tmp_path: Path, sounds: list, rate: int):
    pcm = [np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768 for data, _, _ in sounds]
    fragments = [DdbFragment(p, phones, pitch) for p, (_, phones, pitch) in zip(pcm, sounds, strict=True)]
    written = write_ddb(tmp_path / "a.ddb", fragments, rate, CONSENT)
    archive = read_ddb(tmp_path / "a.ddb")
    assert archive.report == ""
    assert archive.segments == written
    with (tmp_path / "a.ddb").open("rb") as file:
        assert all(np.array_equal(read_segment(file, s), p) for s, p in zip(archive.segments, pcm, strict=True))


def assert_sane(segments: tuple[DdbSegment, ...], size: int) -> None:
    for segment, following in zip(segments, [*segments[1:], None], strict=True):
        assert segment.offset >= 0
        assert segment.num_samples > 0
        assert segment.end <= (size if following is None else following.offset)


@quietly
@given(data=st.data())
def test_a_damaged_archive_is_read_in_part_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    folder = tmp_path_factory.mktemp("damaged")
    fragments = [DdbFragment(noise(20 + i, i), phones) for i, phones in enumerate(NAMES)]
    write_ddb(folder / "a.ddb", fragments, RATE, CONSENT)
    for suffix in (".ddb", ".ddi"):
        path = folder / f"a{suffix}"
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(0, 6))):
            place = data.draw(st.integers(0, len(content) - 1))
            patch = data.draw(st.binary(max_size=6) | st.sampled_from([b"SND ", b"\xff" * 4, bytes(8), b"ART "]))
            content[place : place + data.draw(st.integers(0, 6))] = patch
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        archive = read_ddb(folder / "a.ddb")
    except CorpusError:
        assert not list(scan_ddb(folder / "a.ddb"))
        return
    assert_sane(archive.segments, (folder / "a.ddb").stat().st_size)


@quietly
@given(junk=st.binary(max_size=200))
def test_junk_before_an_archive_hides_none_of_it(tmp_path: Path, junk: bytes):
    lengths = [12, 34, 5]
    data = junk.replace(b"SND", b"xxx") + b"".join(chunk(length) for length in lengths)
    assert [num_samples for _, num_samples in found(tmp_path / "a.ddb", data)] == lengths
