"""duetto: a research harness that measures what data quality does to singing voice conversion."""

__version__ = "0.1.0"
