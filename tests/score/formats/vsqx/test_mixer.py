import pytest

from tests.score.formats.vsqx.documents import VSQ3, note, part, vsq4


def mixed(strips: str) -> str:
    """Two vocal tracks, and what the mixer says of them."""
    second = f"</vsTrack><vsTrack><tNo>1</tNo><name>Alto</name>{part(note(0))}"
    return vsq4(part(note(0)) + second).replace("<masterTrack>", f"<mixer>{strips}</mixer><masterTrack>")


def strip(number: int, mute: int, solo: int) -> str:
    return f"<vsUnit><tNo>{number}</tNo><m>{mute}</m><s>{solo}</s><vol>0</vol></vsUnit>"


@pytest.mark.parametrize(
    ("strips", "muted"),
    [
        ("", [False, False]),
        (strip(0, 0, 0) + strip(1, 0, 0), [False, False]),
        (strip(0, 0, 0) + strip(1, 1, 0), [False, True]),
        (strip(0, 0, 1) + strip(1, 0, 0), [False, True]),
        (strip(1, 0, 1) + strip(0, 0, 0), [True, False]),
        (strip(0, 1, 1) + strip(1, 0, 0), [True, True]),
        ("<vsUnit/>" + strip(1, 1, 0), [False, True]),
    ],
)
def test_muted_tracks_and_those_beside_a_solo_are_marked(read, strips, muted):
    assert [score.is_muted for score in read(mixed(strips))] == muted


def test_the_third_generation_has_a_mixer_of_its_own(read):
    mixer = "<mixer><vsUnit><vsTrackNo>0</vsTrackNo><mute>1</mute><solo>0</solo></vsUnit></mixer><masterTrack>"
    assert read(VSQ3.replace("<masterTrack>", mixer))[0].is_muted


def test_the_solo_of_an_audio_track_mutes_no_singer(read):
    assert not read(mixed(strip(0, 0, 0) + "<monoUnit><m>0</m><s>1</s></monoUnit>"))[0].is_muted
