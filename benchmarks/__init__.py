"""How fast and how exact diffneuro is, measured."""
