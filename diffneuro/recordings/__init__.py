"""Recordings: files in, library units out."""

from diffneuro.recordings._load import load
from diffneuro.recordings._recording import Recording

__all__ = ["Recording", "load"]
