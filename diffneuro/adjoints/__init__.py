"""Adjoints: what a time loop keeps for its backward pass."""

from ._adjoint import AbstractAdjoint as AbstractAdjoint, Body as Body
from ._checkpoint_chunks import CheckpointChunks as CheckpointChunks
from ._checkpoint_solutions import CheckpointSolutions as CheckpointSolutions
from ._checkpoint_steps import CheckpointSteps as CheckpointSteps
from ._store_all import StoreAll as StoreAll
