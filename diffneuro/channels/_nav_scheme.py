"""Human sodium channels as a scheme of six states."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import sigmoid
from ._gated import q10_factor
from ._kinetic_scheme import AbstractKineticScheme, Pore


class Boltzmann(NamedTuple):
    """A rate $b/(1 + e^{(v - h)/s})$: what is reached (per ms), halfway point and slope (mV)."""

    reached: float
    halfway: float
    slope: float


class NavIsoform(NamedTuple):
    """The rates of one isoform of `NavScheme`; two of a transition add up."""

    c1_c2: tuple[Boltzmann, ...]
    c2_c1: tuple[Boltzmann, ...]
    c2_o1: tuple[Boltzmann, ...]
    o1_c2: tuple[Boltzmann, ...]
    c2_o2: tuple[Boltzmann, ...]
    o2_c2: tuple[Boltzmann, ...]
    o1_i1: tuple[Boltzmann, ...]
    i1_o1: tuple[Boltzmann, ...]
    i1_c1: tuple[Boltzmann, ...]
    c1_i1: tuple[Boltzmann, ...]
    i1_i2: tuple[Boltzmann, ...]
    i2_i1: tuple[Boltzmann, ...]


def _isoform(*rates: tuple[float, ...]) -> NavIsoform:
    """From one tuple a transition, three numbers for each of its terms."""
    return NavIsoform(
        *(
            tuple(Boltzmann(*terms[start : start + 3]) for start in range(0, len(terms), 3))
            for terms in rates
        )
    )


# Transitions in the order of `NavIsoform`'s fields.
NAV_ISOFORMS = {
    "Nav1.1": _isoform(
        (18.0, -7.0, -10.0),
        (3.0, -37.0, 10.0, 18.0, -7.0, -10.0),
        (18.0, -7.0, -10.0),
        (3.0, -37.0, 10.0, 18.0, -7.0, -10.0),
        (0.08, -10.0, -15.0),
        (2.0, -50.0, 7.0, 0.2, -20.0, -10.0),
        (8.0, -37.0, 13.0, 17.0, -7.0, -15.0),
        (1e-05, -37.0, 10.0),
        (0.21, -61.0, 7.0),
        (0.3, -61.0, -5.5),
        (0.0015, -90.0, -5.0),
        (0.0075, -90.0, 15.0),
    ),
    "Nav1.2": _isoform(
        (16.0, -5.0, -10.0),
        (3.0, -35.0, 10.0, 16.0, -5.0, -10.0),
        (16.0, -10.0, -10.0),
        (3.0, -40.0, 10.0, 16.0, -10.0, -10.0),
        (0.13, -20.0, -15.0),
        (2.0, -60.0, 6.0, 0.7, -10.0, -15.0),
        (3.0, -41.0, 12.0, 16.0, -11.0, -12.0),
        (1e-05, -42.0, 10.0),
        (0.55, -65.0, 7.0),
        (0.55, -65.0, -11.0),
        (0.0022, -90.0, -5.0),
        (0.017, -90.0, 15.0),
    ),
    "Nav1.3": _isoform(
        (8.0, -7.0, -9.0),
        (2.0, -37.0, 9.0, 8.0, -7.0, -9.0),
        (8.0, -17.0, -9.0),
        (2.0, -47.0, 9.0, 8.0, -17.0, -9.0),
        (0.13, -15.0, -5.0),
        (1.0, -40.0, 3.0, 0.2, -20.0, -3.0),
        (2.0, -52.0, 13.0, 8.0, -22.0, -13.0),
        (1e-05, -52.0, 10.0),
        (0.062, -70.0, 10.0),
        (0.09, -68.0, -8.0),
        (0.0001, -90.0, -5.0),
        (0.0001, -90.0, 15.0),
    ),
    "Nav1.4": _isoform(
        (16.0, -3.0, -9.0),
        (3.0, -33.0, 9.0, 16.0, -3.0, -9.0),
        (16.0, -8.0, -9.0),
        (1.0, -38.0, 9.0, 16.0, -8.0, -9.0),
        (0.03, -20.0, -8.0),
        (3.0, -50.0, 8.0, 0.1, -20.0, -8.0),
        (16.0, -10.0, -10.0),
        (1e-05, -10.0, 10.0),
        (0.35, -70.0, 10.0),
        (0.8, -70.0, -7.0),
        (0.0015, -70.0, -12.0),
        (0.007, -70.0, 12.0),
    ),
    "Nav1.6": _isoform(
        (14.0, -8.0, -10.0),
        (2.0, -38.0, 9.0, 14.0, -8.0, -10.0),
        (14.0, -18.0, -10.0),
        (4.0, -48.0, 9.0, 14.0, -18.0, -10.0),
        (0.0001, -10.0, -8.0),
        (0.0001, -55.0, 10.0, 0.0001, -20.0, -5.0),
        (6.0, -40.0, 13.0, 10.0, 15.0, -18.0),
        (1e-05, -40.0, 10.0),
        (0.1, -86.0, 9.0),
        (0.08, -55.0, -12.0),
        (0.00022, -50.0, -5.0),
        (0.0018, -90.0, 30.0),
    ),
    "Nav1.7": _isoform(
        (16.0, -18.0, -9.0),
        (6.0, -48.0, 9.0, 16.0, -18.0, -9.0),
        (16.0, -23.0, -9.0),
        (2.0, -53.0, 9.0, 16.0, -23.0, -9.0),
        (0.01, -35.0, -5.0),
        (3.0, -75.0, 5.0, 0.01, -35.0, -5.0),
        (4.0, -52.0, 12.0, 8.0, -27.0, -12.0),
        (1e-05, -52.0, 10.0),
        (0.085, -110.0, 5.0),
        (0.025, -55.0, -20.0),
        (1e-05, -80.0, -20.0),
        (1e-05, -80.0, 20.0),
    ),
    "Nav1.8": _isoform(
        (5.0, 17.0, -8.0),
        (1.0, -23.0, 8.0, 5.0, 17.0, -8.0),
        (5.0, 13.0, -8.0),
        (1.0, -27.0, 8.0, 5.0, 13.0, -8.0),
        (0.02, 15.0, -8.0),
        (0.8, -60.0, 5.0, 0.002, 10.0, -6.0),
        (0.8, -21.0, 10.0, 1.0, -1.0, -7.0),
        (1e-05, -21.0, 10.0),
        (0.28, -61.0, 9.5),
        (0.02, -10.0, -20.0),
        (0.001, -50.0, -3.0),
        (0.0003, -50.0, 5.0),
    ),
    "Nav1.9": _isoform(
        (0.8, -21.0, -9.0),
        (0.05, -56.0, 10.0, 0.8, -21.0, -9.0),
        (0.8, -61.0, -9.0),
        (0.5, -96.0, 10.0, 0.8, -61.0, -9.0),
        (0.0001, -5.0, -8.0),
        (0.0001, -65.0, 7.0, 0.0001, -15.0, -12.0),
        (0.04, -59.0, 8.0, 0.8, 1.0, -10.0),
        (0.0001, -60.0, 8.0),
        (0.06, -59.0, 8.0),
        (0.04, -59.0, -8.0),
        (0.0016, -60.0, -20.0),
        (0.0115, -100.0, 8.0),
    ),
}


def _as_isoform(given: Any) -> Any:
    """An isoform, also from the lists that a saved model has of it."""
    if not isinstance(given, list):
        return given
    return NavIsoform(*(tuple(Boltzmann(*term) for term in terms) for terms in given))


class NavScheme(AbstractKineticScheme):
    r"""A human sodium channel: $\bar g\,(x_{O1} + x_{O2})(v - E)$, six states, six transitions.

    C1-C2-O1-I1 with I1-C1 closing the ring, a second open state C2-O2 that carries the
    persistent current, and slow inactivation I1-I2; every rate is a sum of terms
    $b/(1 + e^{(v - h)/s})$ times $3^{(T - 20)/10}$. `isoform` is one of `NAV_ISOFORMS`, by
    default Nav1.1; its numbers are data, not parameters. Maximal conductance and reversal
    are a cell's own. Balbi, Massobrio & Hellgren Kotaleski 2017,
    doi:10.1371/journal.pcbi.1005737
    """

    isoform: NavIsoform = eqx.field(
        default=NAV_ISOFORMS["Nav1.1"], static=True, converter=_as_isoform
    )
    g_max: Parameter = parameter(100.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    temperature: Parameter = parameter(20.0, "degC", above=-273.15)

    def __check_init__(self):
        if not isinstance(self.isoform, NavIsoform):
            raise ValueError(
                f"isoform={self.isoform!r} must be a NavIsoform: take one of NAV_ISOFORMS, as "
                "NAV_ISOFORMS['Nav1.6']."
            )

    def pore(self) -> Pore:
        return Pore((("O1", 1.0), ("O2", 1.0)), self.g_max, self.reversal_potential, "na")

    @property
    def states(self) -> tuple[str, ...]:
        return ("C1", "C2", "I1", "I2", "O1", "O2")

    def transitions(self, u: Membrane, /) -> dict[str, dict[str, Any]]:
        speed = q10_factor(3.0, self.temperature, 20.0)
        found: dict[str, dict[str, Any]] = {name: {} for name in self.states}
        for name, terms in self.isoform._asdict().items():
            start, end = name.upper().split("_")
            found[start][end] = speed * sum(_rate(term, u.voltage) for term in terms)
        return found


def _rate(term: Boltzmann, v: Array) -> Array:
    # The logistic function neither overflows nor loses its derivative.
    return jnp.asarray(term.reached) * sigmoid((term.halfway - v) / term.slope)
