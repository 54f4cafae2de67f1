"""The schema of every configuration group: dataclasses with units in field comments, and what a run is named by."""
