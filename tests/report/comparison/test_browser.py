"""The comparison in a real browser: players load, the table sorts and filters by keyboard, nothing complains."""

import pytest

from duetto.report.comparison.page import write_comparison
from tests.report.browser import chromium, opened
from tests.report.comparison.several_runs import change_facts, change_means, finding, make_pair, write_verdict
from tests.report.run_folder import make_run

pytestmark = pytest.mark.slow

LOADED = """async () => Promise.all([...document.querySelectorAll("audio")].map((player) => new Promise((done) => {
  const say = () => done([player.getAttribute("aria-label"), player.error ? "error" : player.duration]);
  if (player.readyState >= 1 || player.error) return say();
  player.addEventListener("loadedmetadata", say); player.addEventListener("error", say);
  player.preload = "metadata"; player.load();
})))"""
CONTRASTS = """() => {
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "transparent" && parts(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const name = element.tagName.toUpperCase();
    if (!walker.currentNode.textContent.trim() || ["SCRIPT", "STYLE", "TITLE"].includes(name)) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push([walker.currentNode.textContent.trim().slice(0, 40), ratio]);
  }
  return weak;
}"""
NAMELESS = """() => [...document.querySelectorAll("img, audio, svg[role=img], [role=region], button, input, select")]
  .filter((one) => !(one.alt || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")))
  .filter((one) => !(one.closest("label") || one.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    place = tmp_path_factory.mktemp("logs")
    make_pair(place, case="case_a")
    third = make_run(place / "three", (("tea", "mei"),), 0.3)
    change_facts(third, signature="cccc000000", speakers=["miku"])
    change_means(third, mcd_output=12.25, f0_rmse_cents=None)
    findings = [finding(), finding(model="diffsvc", verdict="refuted"), finding(role="null", verdict="inconclusive")]
    write_verdict(place / "results", findings=findings)
    return write_comparison([place], place / "page.html", place / "results", megabytes=0.02)


def column(page, number):
    return page.eval_on_selector_all(
        "#scores tbody tr:not([hidden])", f"rows => rows.map(row => row.children[{number}].dataset.key)"
    )


def test_every_player_has_a_source_that_loads_and_the_console_is_silent(browser, page_file):
    with opened(browser, page_file) as (page, complaints):
        players = page.evaluate(LOADED)
        assert len(players) > 8
        assert all(isinstance(seconds, int | float) and 0.2 < seconds < 0.5 for _, seconds in players), players
        sources = page.eval_on_selector_all("audio", "all => all.map(one => one.getAttribute('src').slice(0, 5))")
        assert {"data:"} < set(sources)  # some inside the page, some linked from it
        assert complaints == []


def test_a_heading_sorts_both_ways_by_keyboard_and_says_so(browser, page_file):
    with opened(browser, page_file) as (page, complaints):
        button = page.locator("#scores thead th button", has_text="MCD*")
        heading = button.locator("xpath=..")
        assert heading.get_attribute("aria-sort") == "none"
        button.focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert column(page, 2) == ["4.5", "5.1", "12.25"]
        page.keyboard.press("Space")
        assert heading.get_attribute("aria-sort") == "descending"
        assert column(page, 2) == ["12.25", "5.1", "4.5"]
        assert page.locator("#scores [aria-sort=ascending], #scores [aria-sort=descending]").count() == 1
        assert complaints == []


def test_an_undefined_score_sorts_last_whichever_way(browser, page_file):
    with opened(browser, page_file) as (page, _):
        button = page.locator("#scores thead th button", has_text="F0 error")
        for _ in range(2):
            button.click()
            assert column(page, 3)[-1] == ""


def test_words_and_choices_narrow_the_table(browser, page_file):
    with opened(browser, page_file) as (page, complaints):
        page.get_by_role("searchbox").fill("diffsvc")
        assert page.locator("#scores tbody tr:visible").count() == 1
        assert page.locator("#shown").text_content() == "1 of 3 runs"
        page.get_by_role("searchbox").fill("")
        page.locator("[data-filter=case]").select_option("case_b")
        assert page.locator("#shown").text_content() == "2 of 3 runs"
        page.get_by_role("searchbox").fill("nothing like it")
        assert page.locator("#shown").text_content() == "0 of 3 runs"
        assert complaints == []


def test_starting_a_player_stops_the_other(browser, page_file):
    with opened(browser, page_file) as (page, _):
        first, second = page.locator("audio").nth(0), page.locator("audio").nth(1)
        first.evaluate("one => { one.muted = true; one.loop = true; return one.play(); }")
        second.evaluate("one => { one.muted = true; one.loop = true; return one.play(); }")
        assert first.evaluate("one => one.paused")
        assert not second.evaluate("one => one.paused")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_text_is_readable_and_nothing_is_wider_than_the_screen(browser, page_file, width, scheme):
    with opened(browser, page_file, width, scheme) as (page, complaints):
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(CONTRASTS) == []
        assert page.evaluate(NAMELESS) == []
        assert complaints == []


@pytest.mark.parametrize(("width", "limit"), [(1280, 900), (390, 1200)])
def test_the_first_player_is_reached_without_scrolling_far(browser, page_file, width, limit):
    with opened(browser, page_file, width) as (page, _):
        assert page.evaluate("document.querySelector('audio').getBoundingClientRect().bottom") < limit


def test_the_first_stop_of_the_keyboard_skips_to_the_sounds(browser, page_file):
    with opened(browser, page_file) as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        assert page.evaluate("document.querySelector('main section').id") == "listen"
