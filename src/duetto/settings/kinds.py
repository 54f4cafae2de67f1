"""Marks of schema fields for kinds of settings that the type does not express.

A field of a `ModelConfig` without a mark decides which tensors the network has (its shape).
"""

from types import MappingProxyType

KIND = "kind"
NOT_SHAPE = MappingProxyType({KIND: "not shape"})  # affects only training or conversion
PATH = MappingProxyType({KIND: "path"})  # a path; in a model, the file's digest identifies a run, not the path
PATHS = MappingProxyType({KIND: "paths"})  # one path or a list of them
NAME = MappingProxyType({KIND: "name"})  # a name with any characters
LITERAL_KINDS = frozenset(mark[KIND] for mark in (PATH, PATHS, NAME))  # taken literally from a command line
STEP_PATH = "path"  # the field of a preprocessing step that names a file or folder
STEP_TEXTS = (STEP_PATH, "command")  # fields of steps that are taken literally
