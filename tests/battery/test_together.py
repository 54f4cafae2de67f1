"""Two of the same at once: both do it, or one is refused in a sentence; what lies there is whole and the same."""

import pytest

from tests.battery.place import Place, settings
from tests.battery.test_starved import sentence
from tests.battery.whole import different, half_files, unreadable

pytestmark = [pytest.mark.battery, pytest.mark.timeout(900)]
TRAIN = ("train", *settings("rvc"))
PAIRS = {
    "corpus, features and run": (TRAIN, TRAIN, ("logs/*", "data/*")),
    "run": (TRAIN, TRAIN, ("logs/*",)),
    "corpus, two runs": (TRAIN, ("train", *settings("rvc", "seed=1")), ("logs/*", "data/*")),
    "test of a run": (TRAIN, TRAIN, ("logs/*/evaluations",)),
    "page and training": (TRAIN, ("report", "logs", "--output=c.html"), ("logs/*/index.html",)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_at_once_leave_what_one_would(name, trained: Place, case, tmp_path):
    first, second, without = PAIRS[name]
    with case("together", name, "two commands at once") as line:
        place = trained.copy(tmp_path / "place", without)
        processes = [place.start(*first), place.start(*second)]
        said = [process.communicate(timeout=300)[0] for process in processes]
        statuses = sorted(process.returncode for process in processes)
        assert statuses in ([0, 0], [0, 2]), (statuses, said)
        refused = [sentence(text) for process, text in zip(processes, said, strict=True) if process.returncode]
        assert all("Another process" in text for text in refused), refused
        assert place.run_warm(*first) == 0, place.said[-800:]
        assert not half_files(place.folder)
        assert not unreadable(place.folder), unreadable(place.folder)
        if "two" not in name:
            assert not different(place.folder, trained.folder), different(place.folder, trained.folder)
        line.came = "one is refused in a sentence" if refused else "both end well"
