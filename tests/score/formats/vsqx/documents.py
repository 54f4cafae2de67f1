"""VSQX documents for the tests of their reader."""

# One pre-measure bar of 3/4 (1440 ticks), then 4/4. Names as the VOCALOID3 editor writes them.
VSQ3 = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<vsq3 xmlns="http://www.yamaha.co.jp/vocaloid/schema/vsq3/">
  <masterTrack>
    <seqName><![CDATA[x]]></seqName>
    <resolution>480</resolution>
    <preMeasure>1</preMeasure>
    <timeSig><posMes>0</posMes><nume>3</nume><denomi>4</denomi></timeSig>
    <timeSig><posMes>1</posMes><nume>4</nume><denomi>4</denomi></timeSig>
    <timeSig><posMes>3</posMes><nume>6</nume><denomi>8</denomi></timeSig>
    <tempo><posTick>0</posTick><bpm>10000</bpm></tempo>
    <tempo><posTick>1440</posTick><bpm>11948</bpm></tempo>
    <tempo><posTick>2400</posTick><bpm>6000</bpm></tempo>
  </masterTrack>
  <vsTrack>
    <vsTrackNo>0</vsTrackNo><trackName><![CDATA[Lead]]></trackName>
    <musicalPart>
      <posTick>1920</posTick><playTime>7680</playTime>
      <singer><posTick>0</posTick><vBS>0</vBS><vPC>1</vPC></singer>
      <mCtrl><posTick>0</posTick><attr id="PBS">12</attr></mCtrl>
      <mCtrl><posTick>10</posTick><attr id="PIT">-4096</attr></mCtrl>
      <mCtrl><posTick>20</posTick><attr id="PBS">24</attr></mCtrl>
      <mCtrl><posTick>30</posTick><attr id="PIT">8191</attr></mCtrl>
      <mCtrl><posTick>40</posTick><attr id="DYN">100</attr></mCtrl>
      <mCtrl><posTick>50</posTick><attr id="BRE">30</attr></mCtrl>
      <note>
        <posTick>0</posTick><durTick>240</durTick><noteNum>60</noteNum><velocity>70</velocity>
        <lyric><![CDATA[ら]]></lyric><phnms><![CDATA[4 a]]></phnms>
        <noteStyle>
          <attr id="accent">60</attr><attr id="vibLen">50</attr><attr id="vibType">5</attr>
          <seqAttr id="vibDep"><elem><posNrm>65535</posNrm><elv>127</elv></elem></seqAttr>
          <seqAttr id="vibRate"><elem><posNrm>0</posNrm><elv>0</elv></elem></seqAttr>
        </noteStyle>
      </note>
    </musicalPart>
  </vsTrack>
  <vsTrack><vsTrackNo>1</vsTrackNo><trackName>empty</trackName></vsTrack>
  <seTrack><wavPart><posTick>0</posTick><filePath><![CDATA[C:\\Users\\someone\\song.wav]]></filePath></wavPart></seTrack>
</vsq3>
"""


def vsq4(parts: str, master: str = "", pre_measure: int = 4) -> str:
    """A vsq4 in 4/4 at 120 BPM whose pre-measure bars end at tick 1920 x `pre_measure`."""
    master = master or "<timeSig><m>0</m><nu>4</nu><de>4</de></timeSig><tempo><t>0</t><v>12000</v></tempo>"
    return (
        '<vsq4 xmlns="http://www.yamaha.co.jp/vocaloid/schema/vsq4/"><masterTrack><resolution>480</resolution>'
        f"<preMeasure>{pre_measure}</preMeasure>{master}</masterTrack>"
        f"<vsTrack><tNo>0</tNo><name>Track</name>{parts}</vsTrack></vsq4>"
    )


def part(content: str, tick: int = 7680) -> str:
    return f"<vsPart><t>{tick}</t><playTime>9600</playTime>{content}</vsPart>"


def note(tick: int, duration: int = 480, midi: int = 60, lyric: str = "ら") -> str:
    return f"<note><t>{tick}</t><dur>{duration}</dur><n>{midi}</n><v>64</v><y>{lyric}</y><p>4 a</p></note>"
