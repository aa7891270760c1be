"""A hippocampal pyramidal cell as soma and dendrite."""

from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractCoupledModel, Parameter, is_concrete, parameter
from .._numerics import linoid, lowest_root
from .._tree import inflow
from ..channels import Rates
from ._cable_rest import settled_tree
from ._cell import _REST_GRID
from ._synaptic_input import injected_current

_PARENTS = (-1, 0)
_NAMES = ("soma", "dendrite")
# 1 uA/cm2 over 1 um2 is 0.01 pA, 1 mS/cm2 over it 0.01 nS, 1 uF/cm2 over it 0.01 pF.
_PER_UM2 = 0.01


class PinskyRinzelState(NamedTuple):
    """The state of a `PinskyRinzel` neuron."""

    voltage: Annotated[Array, "mV"]
    """(2,) of soma and dendrite"""
    h: Annotated[Array, "1"]
    """inactivation of the soma's sodium channels"""
    n: Annotated[Array, "1"]
    """of its delayed rectifier"""
    s: Annotated[Array, "1"]
    """of the dendrite's calcium channels"""
    c: Annotated[Array, "1"]
    """of its potassium channels that voltage and calcium open"""
    q: Annotated[Array, "1"]
    """of its potassium channels that calcium alone opens"""
    calcium: Annotated[Array, "1"]
    """in the dendrite, in the paper's own unit"""


class PinskyRinzel(AbstractCoupledModel):
    r"""Two compartments of a CA3 cell, whose currents to and fro make a burst.

    With $\ell(x) = x/(1 - e^{-x})$, rates per ms and voltages in mV,

    $C \dot v_s = -g_L (v_s - E_L) - \bar g_{Na} m_\infty^2 h\,(v_s - E_{Na})
    - \bar g_{DR}\, n\, (v_s - E_K) + (g_c (v_d - v_s) + I/A)/p$,

    $C \dot v_d = -g_L (v_d - E_L) - I_{Ca} - \bar g_{AHP}\, q\, (v_d - E_K)
    - \bar g_C\, c\, \min(Ca/250, 1)\, (v_d - E_K) + g_c (v_s - v_d)/(1 - p)$,

    $I_{Ca} = \bar g_{Ca} s^2 (v_d - E_{Ca})$, $\dot{Ca} = -\phi\, I_{Ca} - Ca\,\beta$, and

    $\alpha_m = 1.28\,\ell((v + 46.9)/4)$, $\beta_m = 1.4\,\ell(-(v + 19.9)/5)$,
    $\alpha_h = 0.128\,e^{-(v + 43)/18}$, $\beta_h = 4/(1 + e^{-(v + 20)/5})$,
    $\alpha_n = 0.08\,\ell((v + 24.9)/5)$, $\beta_n = 0.25\,e^{-1 - 0.025 v}$,
    $\alpha_s = 1.6/(1 + e^{-0.072 (v - 5)})$, $\beta_s = 0.1\,\ell(-(v + 8.9)/5)$,
    $\alpha_c = \min(e^{(v + 50)/11 - (v + 53.5)/27}/18.975,\ \gamma)$,
    $\beta_c = \gamma - \alpha_c$, $\gamma = 2 e^{-(v + 53.5)/27}$,
    $\alpha_q = \min(2 \cdot 10^{-5}\,Ca, 0.01)$, $\beta_q = 0.001$.

    Voltages are absolute; the paper's are 60 mV higher. $\phi$ is `calcium_influx`, $\beta$
    `calcium_decay`, p `soma_share`, A `area`, the surface of both, so that 75 pA are 0.75 uA/cm2
    of the paper. Input is the current into the soma (pA), a `SynapticInput` there, or a
    dictionary of these by the names `soma` and `dendrite`; output is the soma's voltage. Rates
    are those of the paper's erratum, without its synapses. Unless it is held down the cell bursts
    by itself, with an `initial_state` that is no stable one: let a run begin from that of -50 pA,
    the paper's.
    Pinsky & Rinzel 1994, doi:10.1007/BF00962717; erratum 1995, J Comput Neurosci 2:275
    """

    capacitance: Parameter = parameter(3.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    soma_share: Parameter = parameter(0.5, "1", above=0.0)
    coupling: Parameter = parameter(2.1, "mS/cm2", at_least=0.0)
    leak_conductance: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    leak_reversal: Parameter = parameter(-60.0, "mV")
    sodium_conductance: Parameter = parameter(30.0, "mS/cm2", at_least=0.0)
    sodium_reversal: Parameter = parameter(60.0, "mV")
    potassium_conductance: Parameter = parameter(15.0, "mS/cm2", at_least=0.0)
    potassium_reversal: Parameter = parameter(-75.0, "mV")
    calcium_conductance: Parameter = parameter(10.0, "mS/cm2", at_least=0.0)
    calcium_reversal: Parameter = parameter(80.0, "mV")
    calcium_potassium_conductance: Parameter = parameter(15.0, "mS/cm2", at_least=0.0)
    afterhyperpolarisation_conductance: Parameter = parameter(0.8, "mS/cm2", at_least=0.0)
    calcium_influx: Parameter = parameter(0.13, "cm2/(uA ms)", at_least=0.0)
    calcium_decay: Parameter = parameter(0.075, "1/ms", above=0.0)

    def __check_init__(self):
        if is_concrete(self.soma_share) and (np.asarray(self.soma_share) > 1.0).any():
            raise ValueError(
                f"PinskyRinzel has soma_share={self.soma_share}, which leaves no dendrite: make it "
                "less than 1."
            )

    def initial_state(self, u: Any, /) -> PinskyRinzelState:
        grid = jnp.asarray(_REST_GRID, jnp.result_type(float))
        still, calm = jax.tree.map(
            lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf,
            (self, u),
        )
        both = lowest_root(lambda v: jnp.sum(still._steady(jnp.full((2,), v), calm)), grid)
        _, conductance = self.links()
        v = settled_tree(lambda v: self._steady(v, u), _PARENTS, conductance, jnp.full((2,), both))
        return self._settled(v)

    def state(self, soma: Any, dendrite: Any = None, /) -> PinskyRinzelState:
        """Where gates and calcium settle while the voltages are held.

        **Arguments:** `soma`, mV; `dendrite`, mV, by default the soma's.
        """
        voltages = (soma, soma if dendrite is None else dendrite)
        return self._settled(jnp.stack([jnp.asarray(v, jnp.result_type(float)) for v in voltages]))

    def vector_field(self, x: PinskyRinzelState, u: Any, /) -> PinskyRinzelState:
        parents, conductance = self.links()
        current = self.charging(x, u) + inflow(parents, conductance, x.voltage)
        gates = {
            name: rates.opening - (rates.opening + rates.closing) * getattr(x, name)
            for name, rates in _rates(x.voltage, x.calcium).items()
        }
        inward = -self._calcium_current(x.voltage[1], x.s)
        calcium = self.calcium_influx * inward - self.calcium_decay * x.calcium
        return PinskyRinzelState(current / self.capacitances(), **gates, calcium=calcium)

    def output(self, x: PinskyRinzelState, u: Any, /) -> Array:
        return x.voltage[0]

    def voltage(self, x: PinskyRinzelState, /) -> Array:
        return x.voltage

    def concentrations(self, x: PinskyRinzelState, /) -> Array:
        return x.calcium

    def links(self) -> tuple[tuple[int, ...], Array]:
        link = _PER_UM2 * self.coupling * self.area
        return _PARENTS, jnp.stack([jnp.zeros_like(link), link])

    def capacitances(self) -> Array:
        return self.capacitance * self._areas()

    def charging(self, x: PinskyRinzelState, u: Any, /) -> Array:
        return self._injected(x.voltage, u) - self._areas() * self._outward(x)

    def _areas(self) -> Array:
        """(2,) times what makes pA of uA/cm2."""
        return _PER_UM2 * self.area * jnp.stack([self.soma_share, 1.0 - self.soma_share])

    def _outward(self, x: PinskyRinzelState) -> Array:
        """The current density (2,) out of each compartment in uA/cm2."""
        v, d = x.voltage
        m = Rates(1.28 * linoid((v + 46.9) / 4.0), 1.4 * linoid(-(v + 19.9) / 5.0)).steady_state
        sodium = self.sodium_conductance * m**2 * x.h * (v - self.sodium_reversal)
        rectifier = self.potassium_conductance * x.n * (v - self.potassium_reversal)
        opened = self.calcium_potassium_conductance * x.c * jnp.minimum(x.calcium / 250.0, 1.0)
        opened = opened + self.afterhyperpolarisation_conductance * x.q
        dendrite = self._calcium_current(d, x.s) + opened * (d - self.potassium_reversal)
        leak = self.leak_conductance * (x.voltage - self.leak_reversal)
        return leak + jnp.stack([sodium + rectifier, dendrite])

    def _calcium_current(self, v: Array, s: Array) -> Array:
        return self.calcium_conductance * s**2 * (v - self.calcium_reversal)

    def _injected(self, v: Array, u: Any) -> Array:
        """What is injected into each compartment (2,) in pA."""
        inputs = u if isinstance(u, dict) else {"soma": u}
        for name in inputs:
            if name not in _NAMES:
                raise ValueError(
                    f"the input of a PinskyRinzel names {name!r}: it has a soma and a dendrite."
                )
        each = [injected_current(inputs.get(name, 0.0), v[i]) for i, name in enumerate(_NAMES)]
        return jnp.stack([jnp.asarray(one, v.dtype) for one in each])

    def _settled(self, v: Array) -> PinskyRinzelState:
        s = _rates(v, jnp.zeros_like(v[1]))["s"].steady_state
        calcium = -self.calcium_influx * self._calcium_current(v[1], s) / self.calcium_decay
        rates = _rates(v, calcium)
        gates = {name: rate.steady_state for name, rate in rates.items()}
        return PinskyRinzelState(v, **gates, calcium=calcium)

    def _steady(self, v: Array, u: Any) -> Array:
        """What would charge each compartment in the long run at these voltages (pA)."""
        return self.charging(self._settled(v), u)


def _rates(voltage: Array, calcium: Array) -> dict[str, Rates]:
    """How fast each gate opens and closes."""
    v, d = voltage
    slowest = 2.0 * jnp.exp(-(d + 53.5) / 27.0)
    opening = jnp.exp((d + 50.0) / 11.0 - (d + 53.5) / 27.0) / 18.975
    # The paper's two branches meet where one overtakes the other.
    opening = jnp.minimum(opening, slowest)
    return {
        "h": Rates(0.128 * jnp.exp(-(v + 43.0) / 18.0), 4.0 * jax.nn.sigmoid((v + 20.0) / 5.0)),
        "n": Rates(0.08 * linoid((v + 24.9) / 5.0), 0.25 * jnp.exp(-1.0 - 0.025 * v)),
        "s": Rates(1.6 * jax.nn.sigmoid(0.072 * (d - 5.0)), 0.1 * linoid(-(d + 8.9) / 5.0)),
        "c": Rates(opening, slowest - opening),
        "q": Rates(jnp.minimum(2e-5 * calcium, 0.01), jnp.full_like(d, 0.001)),
    }
