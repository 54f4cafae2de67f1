"""A run folder of short sines, as training would leave it."""

import json

import numpy as np

from duetto.storage.audio import write_audio

RATE = 24000
HOSTILE = "<script>alert('x')</script>&\"'"


def sine(frequency_hz, num_seconds, level=0.3, seed=0):
    time = np.arange(round(num_seconds * RATE)) / RATE
    pitch = frequency_hz * (1 + 0.01 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    wave = sum(np.sin(k * phase) / k**1.5 for k in range(1, 12)) * level / 1.5
    return (wave + 0.001 * np.random.default_rng(seed).standard_normal(wave.size)).astype(np.float32)


def scores(gap_closed=0.62, **changes):
    values = {
        "mcd_gap_closed": gap_closed,
        "mcd_output": 5.1,
        "mcd_source": 8.9,
        "mcd_copy_synthesis": 2.8,
        "f0_rmse_cents": 14.2,
        "f0_rmse_cents_source": 3.0,
        "f0_rmse_cents_copy_synthesis": 2.0,
        "gross_pitch_error": 0.004,
        "voicing_error": 0.031,
        "speaker_similarity": 0.81,
        "speaker_similarity_source": 0.66,
        "speaker_similarity_copy_synthesis": 0.94,
        "mcd_output_to_source": 6.1,
        "rtf": 0.31,
        "peak": 0.71,
        "clipped_share": 0.0,
        "dc_offset": 0.0001,
        "length_error_samples": 0.0,
    }
    return {**values, **changes}


def metrics(rows, label=None):
    names = list(rows[0]["metrics"])
    columns = {name: [row["metrics"][name] for row in rows if row["metrics"][name] is not None] for name in names}
    return {
        "songs": rows,
        "mean": {name: float(np.mean(column)) if column else None for name, column in columns.items()},
        "n": {name: len(column) for name, column in columns.items()},
        "undefined": {name: len(rows) - len(column) for name, column in columns.items()},
        "label": label or {},
    }


def row(song, source_name, values, **changes):
    return {
        "song": song,
        "source_name": source_name,
        "transpose_semitones": 5.0,
        "has_reference": True,
        "metrics": values,
        **changes,
    }


def facts(**changes):
    dropped = [
        {"clip_id": f"target/a#{i}", "seconds": 1.5, "reason": "shorter than the segment <0.5 s>"} for i in range(4)
    ] + [{"clip_id": "target/b", "seconds": 12.0, "reason": "silence"}]
    return {
        "name": "case_b-rvc-compact-1f3a",
        "signature": "1f3a9c02",
        "case": "case_b",
        "model": "rvc",
        "size": "compact",
        "seed": 0,
        "steps": 1450,
        "hours": 8.0 / 60,
        "device": "CPU (2 cores)",
        "precision": "32",
        "created": "2026-11-22T22:00:00+00:00",
        "data_hash": "ab" * 32,
        "code_version": "0.1.0+abc",
        "config": {"model": {"name": "rvc", "lr": 1e-4}, "note": HOSTILE},
        "ledger": {"seconds_in": 120.0, "seconds_used": 102.0, "dropped": dropped},
        **changes,
    }


def make_run(folder, songs=(("tea", "mei"),), num_seconds=0.6, with_curves=True, **changes):
    rows = []
    for number, (song, source_name) in enumerate(songs):
        place = folder / "songs" / f"{song}__{source_name}"
        pitches = {"source": 220.0, "output": 294.0, "reference": 293.7, "copy_synthesis": 293.7}
        for seed, (role, pitch) in enumerate(pitches.items()):
            write_audio(place / f"{role}.wav", sine(pitch, num_seconds, seed=seed), RATE)
        rows.append(row(song, source_name, scores(0.62 - 0.1 * number)))
    (folder / "metrics.json").write_text(json.dumps(metrics(rows)))
    (folder / "run.json").write_text(json.dumps(facts(**changes)))
    if with_curves:
        write_curves(folder)
    return folder


def write_curves(folder):
    steps = np.arange(200, 1401, 200)
    curve = ["step,minutes,mcd_output,mcd_source,mcd_copy_synthesis,mcd_gap_closed,f0_rmse_cents"]
    for step in steps:
        distance = 2.8 + 8.0 * np.exp(-step / 450)
        curve.append(
            f"{step},{step / 180:.3f},{distance:.3f},8.9,2.8,{(8.9 - distance) / 6.1:.3f},{10 + 3000 / step:.2f}"
        )
    (folder / "curve.csv").write_text("\n".join(curve) + "\n")
    noise = np.random.default_rng(0)
    losses = ["step,minutes,mel,kl,feature_matching,adversarial,discriminator"]
    for step in range(1, 1400, 10):
        mel, kl = 40 * np.exp(-step / 500) + 20 + noise.normal(), 3 * np.exp(-step / 300) + 1 + 0.1 * noise.normal()
        losses.append(f"{step},{step / 180:.3f},{mel:.3f},{kl:.3f},{noise.uniform(3, 5):.3f},2.1,2.4")
    (folder / "losses.csv").write_text("\n".join(losses) + "\n")
