"""Marks of fields in the schemas: what kind of setting each is, where its type does not say it.

Without a mark a field of a `ModelConfig` decides which tensors the network has (its shape).
"""

from types import MappingProxyType

KIND = "kind"
NOT_SHAPE = MappingProxyType({KIND: "not shape"})  # decides about training or conversion alone
PATH = MappingProxyType({KIND: "path"})  # where a file lies; of a model: its digest identifies a run, the path does not
PATHS = MappingProxyType({KIND: "paths"})  # one path or a list of them
NAME = MappingProxyType({KIND: "name"})  # what somebody or something is called, in any letters
LITERAL_KINDS = frozenset(mark[KIND] for mark in (PATH, PATHS, NAME))  # taken letter by letter from a command line
STEP_PATH = "path"  # the field of a preprocessing step that names a file or folder
STEP_TEXTS = (STEP_PATH, "command")  # those that are taken letter by letter
