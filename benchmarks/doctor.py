"""Does the doctor name the defect that is there, and is it silent where there is none?

    python benchmarks/doctor.py measure [seeds] [workers] [0|1]   evidence of every corpus (or of those of even or odd
                                                            seeds), to data/doctor_bench/ (resumable)
    python benchmarks/doctor.py report                      the table of docs/doctor.md, from that evidence

A corpus is (seed, defect, dose); see `doctor_corpora`. Limits were set on even seeds; the table counts odd ones.
A hit is a corpus whose own check says `warning` or `serious`; a false alarm is any check but the own one saying so,
counted on the clean oracle for the headline and on every corpus for the confusion. `amount` is left out: of 40 s it
always says that they are too few. A softly recorded corpus has no defect of its own.
"""

import json
import math
import os
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
import doctor_corpora
import doctor_pool

from duetto.diagnosis.checks import bleed, fragments, holes, noise, pitch_audit, register, room
from duetto.diagnosis.diagnosis import Diagnosis
from duetto.diagnosis.examine import Depth, examine
from duetto.diagnosis.finding import SEVERITIES, Finding, graded

STORE = Path("data/doctor_bench")
CLEAN_FACTOR = 3  # clean corpora a seed
DEPTH = Depth(audit_s=4.0, has_singers=False)  # telling singers apart is weak, and is counted by a test of its own


def jobs(num_seeds: int) -> list[tuple[int, str, Any]]:
    """Every (seed, defect, dose): one dose a seed in turn, and three clean corpora."""
    listed = []
    for seed in range(num_seeds):
        for defect, (doses, _) in doctor_corpora.DEFECTS.items():
            if defect == "clean":
                listed += [(seed + 1000 * copy, defect, 0) for copy in range(CLEAN_FACTOR)]
            else:
                listed.append((seed, defect, doses[seed // 2 % len(doses)]))
    return listed


def examine_one(seed: int, defect: str, dose: Any) -> None:
    """Diagnose one corpus and keep the findings."""
    path = STORE / f"{defect}-{dose}-{seed}.json"
    if path.is_file():
        return
    specimen = doctor_corpora.make(seed, defect, dose)
    diagnosis = examine("specimen", specimen.sounds, specimen.songs, DEPTH)
    findings = [f.as_dict() for f in diagnosis.findings if f.check != "amount"] + [intake_finding(diagnosis)]
    record = {"seed": seed, "defect": defect, "dose": dose, "findings": findings}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(record))
    temporary.replace(path)


def intake_finding(diagnosis: Diagnosis) -> dict[str, Any]:
    """Whether exactly the spoilt files were refused, in the form of a check."""
    named = {problem.recording for problem in diagnosis.problems if problem.reason.startswith("is not used")}
    is_right = bool(named) and all(name.startswith("spoilt") for name in named)
    is_right &= not any(name.startswith("spoilt") for name in diagnosis.used_s)
    severity = "warning" if is_right else "serious" if named else "fine"
    return Finding("intake", severity, ", ".join(sorted(named)), {"refused": float(len(named))}).as_dict()


def measure(num_seeds: int, workers: int, parity: int | None = None) -> None:
    """Diagnose every corpus of the even (0) or odd (1) seeds, or of all, that has not been."""
    doctor_pool.make_pool(workers)
    listed = [job for job in jobs(num_seeds) if parity is None or job[0] % 2 == parity]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        futures = [executor.submit(examine_one, *job) for job in listed]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            if done % 20 == 0:
                print(f"{done} of {len(listed)}", flush=True)


def rejudge(finding: dict[str, Any]) -> dict[str, Any]:
    """The severity that a kept finding has by the present limits: evidence is dear, limits are cheap to change."""
    n = {name: math.nan if value is None else value for name, value in finding["evidence"].items()}
    rules: dict[str, Any] = {
        "register": lambda: [
            (max(n["songs_outside_share"], n["worst_song_outside_share"] / 2), register.OUTSIDE, register.FAR_OUTSIDE)
        ],
        "noise": lambda: [(-n["snr_db"], -noise.NOISY_DB, -noise.VERY_NOISY_DB)],
        "room": lambda: [(n["rt60_s"], room.WET_S, room.VERY_WET_S)],
        "holes": lambda: [
            (n["hole_share"], holes.HOLES, holes.MANY_HOLES),
            (n["log_kurtosis_over_noise"], holes.ISOLATED, holes.VERY_ISOLATED),
        ],
        "bleed": lambda: [
            (n["side_db"], bleed.SIDE_DB, bleed.MUCH_SIDE_DB),
            (n["tones_db"] if n["pauses"] >= bleed.LEAST_PAUSES else math.nan, bleed.TONAL_DB, bleed.VERY_TONAL_DB),
        ],
        "fragments": lambda: [(n["joins_per_s"], fragments.JOINED, fragments.MUCH_JOINED)],
        "pitch": lambda: [
            (n["disagree_share"], pitch_audit.SOME, pitch_audit.MANY),
            (n["octave_jumps_per_min"], pitch_audit.SOME_JUMPS, pitch_audit.MANY_JUMPS),
        ],
    }
    if finding["severity"] == "unknown" or finding["check"] not in rules:
        return finding
    grades = [graded(*rule) for rule in rules[finding["check"]]()]
    return {**finding, "severity": min(grades, key=SEVERITIES.index)}


def load(parity: int | None) -> list[dict[str, Any]]:
    """Records of the even (0) or odd (1) seeds, or all, judged by the present limits."""
    records = [json.loads(path.read_text()) for path in sorted(STORE.glob("*.json"))]
    records = [{**record, "findings": [rejudge(finding) for finding in record["findings"]]} for record in records]
    return [record for record in records if parity is None or record["seed"] % 2 == parity]


def alarms(record: dict[str, Any]) -> set[str]:
    """Checks that found something."""
    return {f["check"] for f in record["findings"] if f["severity"] in ("warning", "serious")}


def report(parity: int = 1) -> None:
    """Print the tables in Markdown."""
    records = load(parity)
    clean = [record for record in records if record["defect"] == "clean"]
    print(f"{len(records)} corpora ({'odd' if parity else 'even'} seeds), {len(clean)} of them clean.\n")
    print("| defect | dose | own check | corpora | named | of these serious | unknown |")
    print("|---|---|---|---|---|---|---|")
    for defect, (doses, check) in doctor_corpora.DEFECTS.items():
        for dose in doses:
            chosen = [record for record in records if record["defect"] == defect and record["dose"] == dose]
            if not check or not chosen:
                continue
            own = Counter(f["severity"] for record in chosen for f in record["findings"] if f["check"] == check)
            hits = own["warning"] + own["serious"]
            print(f"| {defect} | {dose} | {check} | {len(chosen)} | {hits} | {own['serious']} | {own['unknown']} |")
    print("\n| check | false alarms on clean | unknown on clean | alarms on corpora with another defect |")
    print("|---|---|---|---|")
    for check in [f["check"] for f in records[0]["findings"]]:
        states = Counter(f["severity"] for record in clean for f in record["findings"] if f["check"] == check)
        others = defaultdict(int)
        for record in records:
            if record["defect"] != "clean" and doctor_corpora.DEFECTS[record["defect"]][1] != check:
                others[record["defect"]] += check in alarms(record)
        total = sum(r["defect"] != "clean" and doctor_corpora.DEFECTS[r["defect"]][1] != check for r in records)
        named = ", ".join(f"{name} {count}" for name, count in sorted(others.items(), key=lambda x: -x[1]) if count)
        print(
            f"| {check} | {states['warning'] + states['serious']} of {len(clean)} | {states['unknown']} | "
            f"{sum(others.values())} of {total}{': ' + named if named else ''} |"
        )
    any_alarm = sum(bool(alarms(record)) for record in clean)
    serious = sum(any(f["severity"] == "serious" for f in record["findings"]) for record in clean)
    print(f"\nClean corpora with any alarm: {any_alarm} of {len(clean)}; with a serious one: {serious}.")


if __name__ == "__main__":
    command, *numbers = sys.argv[1:] or ["report"]
    if command == "measure":
        measure(*(int(number) for number in (numbers or ["12"])), *([] if len(numbers) > 1 else [2]))
    else:
        report(int(numbers[0]) if numbers else 1)
