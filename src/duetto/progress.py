"""What long work calls to say how far it has come: one name for each signature."""

from collections.abc import Callable

ReportProgress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many
ReportCount = Callable[[int, int], None]  # how many are done, of how many
ReportSeconds = Callable[[float], None]  # seconds of audio done so far
ReportName = Callable[[str], None]  # what is being done
