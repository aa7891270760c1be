"""What is fitted: a model, its bounds, a cell, a loss."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import diffneuro as dn
from diffneuro import channels, losses, neurons
from diffneuro.analysis import recorded_spike_times
from diffneuro.cli import PROBLEMS as OFFERED
from diffneuro.losses import AbstractLoss
from diffneuro.recordings import Recording

from .cells import held_out, recorded

# Room for half as many spikes again as were recorded, in packets of so many.
_PACKET, _LEAST_ROOM = 16, 48
# ms; how densely the voltage between spikes is compared.
_BETWEEN = 0.4
_GATES = {"na": "mh", "k": "n", "m": "p", "l": "qr", "t": "u"}


class Problem(NamedTuple):
    """One question to all methods."""

    name: str
    cell: str
    model: dn.AbstractModel
    free: Mapping[str, dn.Bounds]
    recording: Recording
    held_out: tuple[int, ...]
    loss: AbstractLoss

    @property
    def fitted(self) -> Recording:
        """The sweeps that are not held out."""
        numbers = self.recording.sweep_numbers
        return self.recording.select([n for n in numbers if n not in self.held_out])


_OFFERED = ("cortical", "multiscale", "interneuron")
NAMES = (*_OFFERED, "cortical_free")


def problem(name: str, cell: str, folder: Path) -> Problem:
    """The problem `name` (of `NAMES`) on a cell whose recording is in `folder`.

    **Raises:** `FileNotFoundError` without the recording; `ValueError` for another name.
    """
    if name not in NAMES:
        raise ValueError(f"there is no problem {name!r}: take one of {', '.join(NAMES)}.")
    recording = recorded(cell, folder)
    unseen = held_out(recording)
    fitted = recording.select([n for n in recording.sweep_numbers if n not in unseen])
    model, free = _offered(name) if name in _OFFERED else cortical_free()
    return Problem(name, cell, model, free, recording, unseen, loss_for(fitted))


def _offered(name: str) -> tuple[dn.AbstractModel, dict[str, dn.Bounds]]:
    """What a user of the command line gets."""
    return OFFERED[name].make(), dict(OFFERED[name].free)


def loss_for(recording: Recording) -> AbstractLoss:
    """What the library compares by default; a test holds the two together."""
    room = max(_LEAST_ROOM, _PACKET * math.ceil(1.5 * max(counts_of(recording)) / _PACKET))
    parts = (
        losses.SpikeTimes(precision=0.05, largest=10.0, max_spikes=room),
        losses.VoltageError(
            mask_spikes=(4.0, 3.0), largest=8.0, every=max(1, round(_BETWEEN / recording.dt))
        ),
        losses.PeakVoltage(),
    )
    return losses.Sum(parts, (1.0, 0.1, 0.25))


def cortical_free() -> tuple[neurons.Cell, dict[str, dn.Bounds]]:
    """The bursting cell of the command line with every gate free, 34 parameters.

    Each of its seven gates has a shift, a speed and a stretch, each of its six currents a
    conductance and a reversal potential; `threshold` and `slowest` would say the same twice.
    """
    plain, offered = _offered("bursting")
    if not isinstance(plain, neurons.Cell):
        raise TypeError("the bursting problem is no neurons.Cell any more: mend cortical_free.")
    free = {"area": offered["area"]}
    made = {}
    for name, channel in plain.channels.items():
        path = f"channels.{name}"
        if name in _GATES:
            inner = channel.channel if isinstance(channel, channels.Adjusted) else channel
            if not isinstance(inner, channels.AbstractGatedChannel):
                raise TypeError(f"the channel {name} has no gates any more: mend cortical_free.")
            made[name] = channels.Adjusted(inner, {g: channels.Adjustment() for g in _GATES[name]})
            free |= _adjustments(path, _GATES[name])
            path += ".channel"
        else:
            made[name] = channel
        free[f"{path}.g_max"] = _conductance(offered, name)
        free[f"{path}.reversal_potential"] = _REVERSAL[name]
    return neurons.Cell(made), free


_REVERSAL = {
    "na": dn.Bounds(35.0, 75.0),
    "k": dn.Bounds(-105.0, -70.0),
    "m": dn.Bounds(-105.0, -70.0),
    "l": dn.Bounds(60.0, 140.0),
    "t": dn.Bounds(60.0, 140.0),
    "leak": dn.Bounds(-95.0, -50.0),
}


def _conductance(offered: Mapping[str, dn.Bounds], name: str) -> dn.Bounds:
    """The bounds of a channel's conductance, wherever the offered problem has it."""
    paths = (f"channels.{name}.g_max", f"channels.{name}.channel.g_max")
    (found,) = (offered[path] for path in paths if path in offered)
    return found


def _adjustments(path: str, gates: str) -> dict[str, dn.Bounds]:
    free = {}
    for gate in gates:
        here = f"{path}.adjustments.{gate}"
        free[f"{here}.shift"] = dn.Bounds(-15.0, 15.0)
        # The M current's slowest time constant is free by a factor of sixty in the small problem.
        wide = (0.1, 10.0) if gate == "p" else (0.3, 4.0)
        free[f"{here}.speed"] = dn.Bounds(*wide, "log")
        free[f"{here}.stretch"] = dn.Bounds(0.5, 2.0, "log")
    return free


def counts_of(recording: Recording) -> list[int]:
    """How many spikes each sweep has."""
    return [len(recorded_spike_times(recording.time, row)) for row in recording.voltage]
