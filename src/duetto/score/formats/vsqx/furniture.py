"""The parts of a VSQX that say nothing about the song but that the editors require."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

VOICE_ID = "DUETTO0000000000"  # 16 characters; the editor offers its own voices for one that it does not know
VOICE_NAME = "duetto"
STYLE_PLUGIN_ID = "ACA9C502-A04B-42b5-B2EB-5CEA36D16FCE"
STYLE_PLUGIN_NAME = "VOCALOID2 Compatible Style"
VOICE_PARAMETERS = "<bre>0</bre><bri>0</bri><cle>0</cle><gen>0</gen><ope>0</ope>"


@dataclass(frozen=True)
class Furniture:
    """Fixed text of one generation, each a line or more."""

    version: str
    voice_table: str
    track_mixer: str  # with {number} and {mute}
    other_mixers: str
    master_mixer: str
    part_name: str  # element name
    part_style: str  # element name
    plugin: str  # before the part's style
    before_controls: str  # the singer
    after_notes: str
    tail: tuple[str, ...]  # after the last track


def cdata(text: str) -> str:
    """Text as the editors write it."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


_STRIP_3 = (
    "<inGain>0</inGain><sendLevel>-898</sendLevel><sendEnable>0</sendEnable><mute>0</mute><solo>0</solo>"
    "<pan>64</pan><vol>0</vol>"
)
_STRIP_4 = "<iGin>0</iGin><sLvl>-898</sLvl><sEnable>0</sEnable><m>0</m><s>0</s><pan>64</pan><vol>0</vol>"

_VSQ3 = Furniture(
    version="3.0.0.11",
    voice_table=(
        f"<vVoiceTable><vVoice><vBS>0</vBS><vPC>0</vPC><compID>{cdata(VOICE_ID)}</compID>"
        f"<vVoiceName>{cdata(VOICE_NAME)}</vVoiceName><vVoiceParam>{VOICE_PARAMETERS}</vVoiceParam>"
        "</vVoice></vVoiceTable>"
    ),
    master_mixer="<masterUnit><outDev>0</outDev><retLevel>0</retLevel><vol>0</vol></masterUnit>",
    track_mixer="<vsUnit><vsTrackNo>{number}</vsTrackNo>" + _STRIP_3.replace("<mute>0", "<mute>{mute}") + "</vsUnit>",
    other_mixers=(
        f"<seUnit>{_STRIP_3}</seUnit>\n"
        "<karaokeUnit><inGain>0</inGain><mute>0</mute><solo>0</solo><vol>-129</vol></karaokeUnit>"
    ),
    part_name="partName",
    part_style="partStyle",
    plugin=(
        f"<stylePlugin><stylePluginID>{cdata(STYLE_PLUGIN_ID)}</stylePluginID>"
        f"<stylePluginName>{cdata(STYLE_PLUGIN_NAME)}</stylePluginName><version>{cdata('3.0.0.1')}</version>"
        "</stylePlugin>"
    ),
    before_controls="<singer><posTick>0</posTick><vBS>0</vBS><vPC>0</vPC></singer>",
    after_notes="</musicalPart></vsTrack>",
    tail=(
        "<seTrack></seTrack>",
        "<karaokeTrack></karaokeTrack>",
        f"<aux><auxID>{cdata('AUX_VST_HOST_CHUNK_INFO')}</auxID><content>{cdata('')}</content></aux>",
    ),
)
_VSQ4 = Furniture(
    version="4.0.0.3",
    voice_table=(
        f"<vVoiceTable><vVoice><bs>0</bs><pc>0</pc><id>{cdata(VOICE_ID)}</id><name>{cdata(VOICE_NAME)}</name>"
        f"<vPrm>{VOICE_PARAMETERS}</vPrm></vVoice></vVoiceTable>"
    ),
    master_mixer="<masterUnit><oDev>0</oDev><rLvl>0</rLvl><vol>0</vol></masterUnit>",
    track_mixer="<vsUnit><tNo>{number}</tNo>" + _STRIP_4.replace("<m>0", "<m>{mute}") + "</vsUnit>",
    other_mixers=(f"<monoUnit>{_STRIP_4}</monoUnit>\n<stUnit><iGin>0</iGin><m>0</m><s>0</s><vol>-129</vol></stUnit>"),
    part_name="name",
    part_style="pStyle",
    plugin=(
        f"<sPlug><id>{cdata(STYLE_PLUGIN_ID)}</id><name>{cdata(STYLE_PLUGIN_NAME)}</name>"
        f"<version>{cdata('3.0.0.1')}</version></sPlug>"
    ),
    before_controls="<singer><t>0</t><bs>0</bs><pc>0</pc></singer>",
    after_notes="<plane>0</plane></vsPart></vsTrack>",
    tail=(
        "<monoTrack></monoTrack>",
        "<stTrack></stTrack>",
        f"<aux><id>{cdata('AUX_VST_HOST_CHUNK_INFO')}</id><content>{cdata('')}</content></aux>",
    ),
)
FURNITURE: Mapping[str, Furniture] = MappingProxyType({"vsq3": _VSQ3, "vsq4": _VSQ4})
