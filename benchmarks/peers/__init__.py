"""The same cell in other simulators."""
