"""Very many runs are a table that finds, sorts and plays, not a page that no browser opens."""

import json
import re

import pytest

from duetto.__main__ import main
from duetto.runs import compare
from tests.report.browser import chromium, opened
from tests.report.comparison.several_runs import change_facts, change_means, make_pair
from tests.report.run_folder import make_run

LENGTH = """() => new Promise((done) => {
  const player = document.getElementById("player");
  if (player.readyState >= 1) done(player.duration);
  else player.addEventListener("loadedmetadata", () => done(player.duration));
})"""


@pytest.fixture
def page_file(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "MANY", 2)
    make_pair(tmp_path, case="case_a")
    third = make_run(tmp_path / "th ree#", (("tea", "mei"),), 0.3)
    change_facts(third, signature="cccc000000", status="training", seed=7)
    change_means(third, mcd_output=12.25, f0_rmse_cents=None)
    (third / "index.html").write_text("<title>third</title>")
    make_run(tmp_path / "torn", (("tea", "mei"),), 0.3)
    (tmp_path / "torn/run.json").write_text("{")
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 0
    return tmp_path / "page.html"


def rows_of(page_file):
    text = page_file.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="rows">(.*?)</script>', text, re.S).group(1))


def test_every_run_is_a_row_with_its_scores_and_its_sound_and_what_is_left_out_is_told(page_file):
    rows = {row[0]: row for row in rows_of(page_file)}
    assert set(rows) == {"one", "two", "th ree#"}
    assert 12.25 in rows["th ree#"]
    assert None in rows["th ree#"][8:]
    for name, row in rows.items():
        assert row[1] == name
        assert (page_file.parent / row[1] / row[2]).is_file()
    text = page_file.read_text(encoding="utf-8")
    assert "torn is left out" in text
    assert "are listed, not compared" in text


def test_few_runs_are_compared_as_ever(tmp_path):
    make_pair(tmp_path)
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 0
    assert 'id="rows"' not in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_browser_finds_sorts_plays_and_complains_of_nothing(page_file):
    with chromium() as browser, opened(browser, page_file, width=390) as (shown, complaints):
        names = "#scores tbody tr a"
        assert shown.locator(names).count() == 3
        shown.get_by_role("searchbox").fill("diffsvc")
        assert shown.locator(names).all_text_contents() == ["two"]
        shown.get_by_role("searchbox").fill("")
        heading = shown.locator("#scores thead th button", has_text="MCD*")
        heading.click()
        heading.click()
        assert shown.locator(names).first.text_content() == "th ree#"
        shown.get_by_role("button", name="Play th ree#").click()
        assert shown.evaluate(LENGTH) > 0.2
        assert shown.locator("#playing").text_content() == "th ree#"
        shown.locator(names).first.click()
        shown.wait_for_url("**/index.html")
        assert complaints == []
