"""Independent gates written out as channel states."""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._model import Membrane, is_concrete
from ._gated import AbstractGatedChannel, Rates
from ._kinetic_scheme import AbstractKineticScheme, Pore, anywhere
from ._squid import SquidSodium


def _by_name(gates: Any) -> dict[str, Any]:
    return dict(gates) if isinstance(gates, dict) else gates._asdict()


class GateScheme(AbstractKineticScheme):
    r"""The Markov scheme of a gated channel: with $m^3 h$ the eight states $m_0h_0 \dots m_3h_1$.

    $m_i \to m_{i+1}$ at the rate $(3 - i)\,\alpha_m$ and back at $(i + 1)\,\beta_m$, likewise
    for every gate; all particles in place conduct. `powers` says how many particles each gate
    has: the default is the squid's sodium channel, `GateScheme(SquidPotassium(), {"n": 4})` its
    potassium channel of five states. The mean is that of the gated channel; the noise of a
    finite number of channels is not (`ChannelNoise`).
    Fitzhugh 1965, doi:10.1085/jgp.49.5.989
    """

    channel: AbstractGatedChannel = eqx.field(default_factory=SquidSodium)
    powers: tuple[tuple[str, int], ...] = eqx.field(
        default=(("m", 3), ("h", 1)),
        static=True,
        converter=lambda given: tuple(dict(given).items()),
    )

    def __check_init__(self):
        if not isinstance(self.channel, AbstractGatedChannel):
            raise ValueError(
                f"GateScheme writes out the gates of a channel, and {type(self.channel).__name__} "
                "has none: give one such as SquidSodium()."
            )
        known = _by_name(jax.eval_shape(lambda v: self.channel.gates(anywhere(v)), jnp.zeros(())))
        if set(known) != set(dict(self.powers)):
            raise ValueError(
                f"powers={dict(self.powers)} must name every gate of {type(self.channel).__name__}"
                f" once; they are {', '.join(known)}."
            )
        for name, power in self.powers:
            if not isinstance(power, int) or power < 1:
                raise ValueError(f"the power of gate {name!r} is {power}: make it 1, 2, 3 or more.")
        self._check_product()

    def _check_product(self):
        u = anywhere(jnp.asarray(-40.0))
        x = self.channel.initial_state(u)
        found = self.channel.open_fraction(x, u)
        # A batch of values is for `jax.vmap`, inside which there is nothing to look at.
        if not is_concrete(found) or jnp.ndim(found):
            return
        gates = _by_name(x)
        wanted = np.prod([float(gates[name]) ** power for name, power in self.powers])
        if abs(float(found) - wanted) > 1e-4 * wanted:
            raise ValueError(
                f"{type(self.channel).__name__} has the open fraction {float(found):.4g} where "
                f"powers={dict(self.powers)} gives {wanted:.4g}: give the powers of its equation."
            )

    def pore(self) -> Pore:
        channel = self.channel
        conducting = ((self.states[-1], 1.0),)
        return Pore(conducting, channel.g_max, channel.reversal_potential, channel.ion)

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self._name(counts) for counts in self._counts())

    def _counts(self):
        return list(itertools.product(*(range(power + 1) for _, power in self.powers)))

    def _name(self, counts: tuple[int, ...]) -> str:
        return "".join(f"{name}{n}" for (name, _), n in zip(self.powers, counts, strict=True))

    def transitions(self, u: Membrane, /) -> dict[str, dict[str, Any]]:
        gates: dict[str, Rates] = _by_name(self.channel.gates(u))
        found: dict[str, dict[str, Any]] = {name: {} for name in self.states}
        for counts in self._counts():
            for place, (name, power) in enumerate(self.powers):
                if counts[place] == power:
                    continue
                more = (*counts[:place], counts[place] + 1, *counts[place + 1 :])
                below, above = self._name(counts), self._name(more)
                found[below][above] = (power - counts[place]) * gates[name].opening
                found[above][below] = (counts[place] + 1) * gates[name].closing
        return found
