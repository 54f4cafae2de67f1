"""The cards and the table of licences are what their scripts write."""

from pathlib import Path

from benchmarks import third_party
from benchmarks.cards import cards
from duetto.bases import BASES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_card_is_up_to_date():
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "cards").glob("*.md")}
    assert written == cards()


def test_every_base_and_embedded_case_has_a_card_with_use_misuse_and_limits():
    pages = cards()
    assert {f"{path.stem}.md" for path in BASES.glob("*.json")} < set(pages)
    for name in ("data_case_a.md", "data_case_b.md", "data_case_c.md", "data_case_d.md", "data_case_n.md"):
        assert name in pages
    for name, text in pages.items():
        if name != "README.md":
            assert all(f"## {part}\n" in text for part in ("Intended use", "Misuse", "Limits")), name


def test_the_table_of_licences_is_made_from_what_is_installed():
    text = third_party.page()
    assert "| torch |" in text
    assert "| x264 | GPL-2.0-or-later |" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if row.endswith("| unknown |")]
    committed = (DOCS / "third_party.md").read_text(encoding="utf-8")
    named = {line.split("|")[1].strip() for line in committed.splitlines() if line.startswith("| ")}
    assert {name.replace("_", "-").lower() for name in third_party.required()} <= named
