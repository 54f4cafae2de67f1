"""Untrusted XML, parsed without entities, DTDs or outside files, and within limits of size and depth.

Every fault becomes a `ScoreError` of one sentence that names the file. Element names come
without their namespace.
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from duetto.errors import ScoreError
from duetto.score.formats.limits import MAX_TEXT, MAX_TICK, fault

MAX_ELEMENTS = 2_000_000  # a 10-minute song with every controller drawn by hand stays below a quarter of this
MAX_DEPTH = 64  # the format itself nests 8 deep
MAX_DIGITS = 12
DECIMAL = re.compile(r"[-+]?[0-9]{1,12}(\.[0-9]{0,12})?|[-+]?\.[0-9]{1,12}")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
DECLARATION = re.compile(rb"<\?xml\b[^>]{0,300}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]{0,100}?\?>")
# Encodings that editors of the region declare and the parser does not know.
EAST_ASIAN = frozenset(
    {"shift_jis", "sjis", "cp932", "windows-31j", "ms_kanji", "euc-jp", "iso-2022-jp"}
    | {"gb2312", "gbk", "gb18030", "cp936", "big5", "euc-kr", "cp949"}
)


class _LimitError(Exception):
    """The document is larger than a score can be; the text completes "has ..."."""


class _LimitedTreeBuilder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise _LimitError(f"more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise _LimitError(f"elements nested deeper than {MAX_DEPTH}")
        if any(len(value) > MAX_TEXT for value in attrs.values()):
            raise _LimitError(f"an attribute of more than {MAX_TEXT} characters")
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def parse_xml(content: bytes, path: Path, has_doctype: bool = False) -> Element:
    """The root of a document.

    Args:
        content: The document.
        path: Where it comes from, for messages.
        has_doctype: Whether it may name its type, as MusicXML does; what the type declares is never read.

    Raises:
        ScoreError: If it is not well-formed, or holds a DTD, an entity or an outside reference.
    """
    parser = DefusedXMLParser(
        target=_LimitedTreeBuilder(), forbid_dtd=not has_doctype, forbid_entities=True, forbid_external=True
    )
    if has_doctype:
        parser.parser.StartDoctypeDeclHandler = _refuse_declarations
    try:
        parser.feed(_as_utf_8(content, path))
        return parser.close()
    except DefusedXmlException as error:
        raise ScoreError(
            f"{path} declares a DTD, an entity or an outside file, which no score needs; it was not read."
        ) from error
    except _LimitError as error:
        raise ScoreError(f"{path} has {error}, which no song needs; it was not read.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ScoreError(f"{path} is not well-formed XML ({error}); export it from the editor again.") from error


def _refuse_declarations(name: str, system_id: str | None, public_id: str | None, has_subset: int) -> None:
    """A type may be named, but declares nothing: default attributes would multiply with every element."""
    if has_subset:
        raise DTDForbidden(name, system_id, public_id)


def _as_utf_8(content: bytes, path: Path) -> bytes:
    """The document for the parser: UTF-8 without a mark or blanks before it, or unchanged where the parser knows best.

    A byte order mark outweighs what the document declares: tools that re-encode forget the declaration.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _recode(content[len(mark) :], encoding, path)
    content = content.lstrip(b" \t\r\n")  # the declaration must come first; some tools put blank lines before it
    declared = DECLARATION.match(content)
    encoding = declared[1].decode("ascii") if declared else ""
    if encoding.lower() in EAST_ASIAN:
        return _recode(content, "cp932" if encoding.lower() == "windows-31j" else encoding, path)
    return content


def _recode(content: bytes, encoding: str, path: Path) -> bytes:
    try:
        text = content.decode(encoding).lstrip("\ufeff \t\r\n")
        return DECLARATION.sub(b"", text.encode("utf-8"), count=1)
    except UnicodeError as error:
        raise ScoreError(
            f"{path} says that its encoding is {encoding}, which it is not; export it from the editor again."
        ) from error


@dataclass(frozen=True)
class Fields:
    """Checked access to the children of elements of one file."""

    path: Path

    def fail(self, what: str) -> ScoreError:
        """The error to raise, in one sentence that starts with the file."""
        return fault(self.path, what)

    def text(self, element: Element, tag: str) -> str:
        """Text of a child, with single blanks and none at its ends; empty when the child is missing.

        Raises:
            ScoreError: If it is longer than any name or lyric.
        """
        text = " ".join((element.findtext(tag) or "").split())
        if len(text) > MAX_TEXT:
            raise self.fail(f"has a <{tag}> of {len(text)} characters where at most {MAX_TEXT} are read")
        return text

    def integer(self, element: Element, tag: str, low: int, high: int, default: int | None = None) -> int:
        """Whole number `low`..`high` in a child; `default` when the child is missing.

        Raises:
            ScoreError: If it is missing without a default, not a whole number, or outside the range.
        """
        child = element.find(tag)
        if child is None:
            if default is not None:
                return default
            raise self.fail(f"has a <{element.tag}> without <{tag}>; export it from the editor again")
        return self.number(child, low, high)

    def number(self, element: Element, low: int, high: int) -> int:
        """Whole number `low`..`high` that an element holds.

        Raises:
            ScoreError: If it is not a whole number, or outside the range.
        """
        text = re.sub(r"\.0+$", "", (element.text or "").strip())  # other tools write 480.0
        digits = text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
            raise self.fail(f"has <{element.tag}> {text[:40]!r} where a whole number is expected")
        value = int(text)
        if not low <= value <= high:
            raise self.fail(f"has <{element.tag}> {value}, which is outside {low} to {high}")
        return value

    def number_in(self, text: str, low: int, high: int) -> int:
        """Whole number `low`..`high` that a text holds.

        Raises:
            ScoreError: If it is no whole number, or outside the range.
        """
        text = text.strip()
        if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and low <= int(text) <= high):
            raise self.fail(f"has {text[:40]!r} where a whole number from {low} to {high} is expected")
        return int(text)

    def fraction(self, element: Element, tag: str, default: Fraction | None = None) -> Fraction:
        """Decimal number in a child; `default` when the child is missing.

        Raises:
            ScoreError: If it is missing without a default, or no decimal number.
        """
        text = element.findtext(tag)
        if text is None:
            if default is not None:
                return default
            raise self.fail(f"has a <{element.tag}> without <{tag}>; export it from the editor again")
        return self.fraction_in(text, tag)

    def fraction_in(self, text: str, name: str) -> Fraction:
        """Decimal number that a text holds.

        Raises:
            ScoreError: If it is none.
        """
        if not DECIMAL.fullmatch(text.strip()):
            raise self.fail(f"has <{name}> {text.strip()[:40]!r} where a number is expected")
        return Fraction(text.strip())

    def clamped(
        self, element: Element | None, low: int, high: int, default: int, count: Counter[str], what: str = ""
    ) -> int:
        """Whole number that an element holds, brought into `low`..`high`; `default` when there is no element.

        A number outside is counted under `what`, or the element's name.

        Raises:
            ScoreError: If it is not a whole number.
        """
        if element is None:
            return default
        value = self.number(element, -(10**MAX_DIGITS), 10**MAX_DIGITS)
        if not low <= value <= high:
            count[what or element.get("id", element.tag)[:20]] += 1
        return min(max(value, low), high)

    def tick(self, element: Element, tag: str, default: int | None = None) -> int:
        """Position or length in ticks, 0..`MAX_TICK`.

        Raises:
            ScoreError: As `integer`.
        """
        return self.integer(element, tag, 0, MAX_TICK, default)
