"""Recordings: files in, library units out."""

from ._example import example as example
from ._load import load as load
from ._recording import (
    Recording as Recording,
    joined as joined,
    restored as restored,
)
from ._time_span import TimeSpan as TimeSpan
