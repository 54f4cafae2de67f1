"""The watermark of converted files: a keyed pattern in the time-frequency plane, embedded and detected."""
