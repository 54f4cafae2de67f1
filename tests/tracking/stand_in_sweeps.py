"""The part of the stand-in that gives out the cells of a grid, as W&B's server does to `wandb agent`."""

import base64
import json
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import yaml


@dataclass
class SweepQueue:
    """Sweeps with method grid; each cell is given out once."""

    configs: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the sweep's name
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)  # names of runs
    runs: Any = None

    def _UpsertSweep(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - named after the operations
        config = yaml.safe_load(values["config"])
        name = f"sweep{len(self.configs)}"
        self.configs[name] = config
        parameters = {key: each.get("values", [each.get("value")]) for key, each in config["parameters"].items()}
        self.waiting[name] = [dict(zip(parameters, cell, strict=True)) for cell in product(*parameters.values())]
        project = {"id": "p", "name": values.get("projectName"), "entity": {"id": "e", "name": "me"}}
        sweep = {"id": base64.b64encode(name.encode()).decode(), "name": name, "project": project}
        return {"upsertSweep": {"sweep": {**sweep, "config": values["config"]}, "configValidationWarnings": []}}

    def _SweepWithRuns(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = values.get("sweep") or values.get("name")
        sweep = {
            **{"id": base64.b64encode(str(name).encode()).decode(), "name": name, "method": "grid"},
            **{"state": "RUNNING", "config": yaml.safe_dump(self.configs[str(name)]), "createdAt": "2026-01-01"},
            **{
                "description": None,
                "displayName": None,
                "heartbeatAt": None,
                "updatedAt": None,
                "earlyStopJobRunning": False,
            },
            **{
                "bestLoss": None,
                "controller": "{}",
                "scheduler": "{}",
                "priorRuns": {"edges": []},
                "runs": {"edges": []},
            },
        }
        return {"project": {"id": "p", "sweep": sweep}}

    def _GetSweepState(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"sweep": {"state": "RUNNING"}}}

    def _CreateAgent(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"createAgent": {"agent": {"id": values["sweep"]}}}

    def _Heartbeat(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, commands = values["id"], list[dict[str, Any]]()
        if not json.loads(values["runState"] or "{}"):
            if self.waiting[name]:
                cell = self.waiting[name].pop(0)
                run = f"{name}run{len(self.given)}"
                self.given.append(run)
                arguments = {key: {"value": value} for key, value in cell.items()}
                program = self.configs[name].get("program")
                commands.append({"type": "run", "run_id": run, "program": program, "args": arguments})
            else:
                commands.append({"type": "exit"})
        return {"agentHeartbeat": {"agent": {"id": name}, "commands": json.dumps(commands)}}
