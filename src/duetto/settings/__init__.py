"""The schema of every configuration group: dataclasses with units in field comments, ranges and provenance."""
