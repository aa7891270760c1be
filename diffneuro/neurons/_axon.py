"""Axons, with and without myelin, as cables."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from .._model import AbstractChannel, as_parameter, is_concrete
from ..channels import Leak, SquidPotassium, SquidSodium
from ..morphology import Compartments
from ._cable import Cable
from ._profile import ByRegion, Factor

_DENSER = 10.0
"""the squid's channel densities, times what sodium channels at a node are denser"""
_NODES_AT = 20.0  # degC
_REST = -65.0  # mV, where the squid's channels rest at any density


def unmyelinated_axon(
    diameter: ArrayLike = 476.0,
    length: float = 60e3,
    *,
    count: int = 240,
    channels: dict[str, AbstractChannel] | None = None,
    capacitance: ArrayLike = 1.0,
    axial_resistivity: ArrayLike = 35.4,
) -> Cable:
    r"""A cylinder with the same channels everywhere, both ends sealed.

    $$c_m \dot v = \frac{d}{4 R_a} \frac{\partial^2 v}{\partial x^2} - \sum_c j_c(v)$$

    The defaults are the squid giant axon's, whose channels are at 6.3 degC:
    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764. The velocity grows as the root of
    the diameter.

    **Arguments:** `diameter`, um, which may be traced; `length`, um; `count`, how many
    compartments of equal length; `channels`, by default the squid axon's; `capacitance`,
    uF/cm2; `axial_resistivity`, Ohm cm.

    **Returns:** a `Cable` of the section and region `axon` with the sites `start` (where
    current goes in), `middle` and `end`.

    **Raises:** `ValueError` for a size that is not positive.
    """
    length = _plain("length", length, "um")
    _check_count("count", count, 3)
    shape = _chain(
        np.full(count, length / count),
        jnp.full(count, 0.5 * as_parameter(diameter)),
        ("axon",) * count,
        tuple(("axon", k / count, (k + 1) / count) for k in range(count)),
    )
    squid = {"na": SquidSodium(), "k": SquidPotassium(), "leak": Leak()}
    return Cable(
        shape,
        squid if channels is None else channels,
        capacitance=capacitance,
        axial_resistivity=axial_resistivity,
        sites={"start": 0, "middle": count // 2, "end": count - 1},
    )


def myelinated_axon(
    diameter: ArrayLike = 10.0,
    nodes: int = 21,
    *,
    g_ratio: ArrayLike = 0.7,
    internode_length: float | None = None,
    node_length: float = 2.0,
    count: int = 10,
    channels: dict[str, AbstractChannel] | None = None,
    capacitance: ArrayLike = 1.0,
    axial_resistivity: ArrayLike = 70.0,
    lamella_thickness: ArrayLike = 0.0135,
    lamella_capacitance: ArrayLike = 0.5,
    lamella_conductance: ArrayLike = 0.5,
) -> Cable:
    r"""Nodes of Ranvier with channels, and between them a passive cable under myelin.

    $$\frac{1}{c} = \sum_{j=1}^{n} \frac{r}{r_j c_l} \approx \frac{r}{\delta c_l}
    \ln\frac{D}{2r}, \qquad r = \frac{g D}{2}, \qquad n = \frac{D/2 - r}{\delta}$$

    is the capacitance $c$ of an internode, per surface of the axon of radius $r$: that of $n$
    lamellae of thickness $\delta$ in series, each as wide as it is. Their leak is
    $g_l c / c_l$ likewise, and reverses at -65 mV. FitzHugh 1962,
    doi:10.1016/S0006-3495(62)86837-4, whose nodes and internodes these are; the axon's own
    membrane under the myelin and the space between the two, which others model, are left out.
    By default a lamella is two membranes of 1 uF/cm2 and 1 mS/cm2, which gives an internode of
    10 um 1.2 pF/mm; Tasaki 1955, doi:10.1152/ajplegacy.1955.181.3.639, measured 1 to 1.6.
    Where internodes grow with the diameter the velocity does, too: Rushton 1951,
    doi:10.1113/jphysiol.1951.sp004655.

    **Arguments:**

    - `diameter` D, um, with the myelin; `g_ratio`, the axon's over it. Both may be traced.
    - `nodes`: how many; the axon begins and ends with one.
    - `internode_length`, um, by default 100 diameters; `node_length`, um.
    - `count`: how many compartments an internode has.
    - `channels` of the nodes, by default the squid's at 20 degC and ten times its densities.
    - `capacitance` of the nodes, uF/cm2; `axial_resistivity`, Ohm cm.
    - `lamella_thickness`, um; `lamella_capacitance`, uF/cm2; `lamella_conductance`, mS/cm2.

    **Returns:** a `Cable` of the regions `node` and `internode`, with the sections `node_0`,
    `internode_0`, `node_1`, ..., a site at each node, and the channel `myelin` beside those of
    the nodes.

    **Raises:** `ValueError` for a size that is not positive, a `g_ratio` that is not between 0
    and 1, a channel called `myelin`, and a traced `diameter` without `internode_length`.
    """
    _check_count("nodes", nodes, 2)
    _check_count("count", count, 1)
    _check_fraction(g_ratio)
    if internode_length is None:
        internode_length = 100.0 * _plain("diameter", diameter, "um", "internode_length")
    between = _plain("internode_length", internode_length, "um")
    gap = _plain("node_length", node_length, "um")
    outer = 0.5 * as_parameter(diameter)
    inner = outer * as_parameter(g_ratio)
    names, lengths, spans = _pieces(nodes, count, gap, between)
    shape = _chain(lengths, jnp.full(len(names), inner), names, spans)
    # The share of a lamella's capacitance and conductance that is left of a surface of the axon.
    share = as_parameter(lamella_thickness) / (inner * -jnp.log(as_parameter(g_ratio)))
    active = _nodal() if channels is None else channels
    if "myelin" in active:
        raise ValueError("a channel of the nodes is called 'myelin': give it another name.")
    thin = share * as_parameter(lamella_capacitance) / as_parameter(capacitance)
    return Cable(
        shape,
        active | {"myelin": Leak(share * as_parameter(lamella_conductance), _REST)},
        where=dict.fromkeys(active, "node") | {"myelin": "internode"},
        profiles={"capacitance": ByRegion({"internode": Factor(thin)})},
        capacitance=capacitance,
        axial_resistivity=axial_resistivity,
        sites={f"node_{k}": k * (count + 1) for k in range(nodes)},
    )


def _nodal() -> dict[str, AbstractChannel]:
    sodium, potassium, leak = SquidSodium(), SquidPotassium(), Leak()
    return {
        "na": SquidSodium(_DENSER * sodium.g_max, temperature=_NODES_AT),
        "k": SquidPotassium(_DENSER * potassium.g_max, temperature=_NODES_AT),
        "leak": Leak(_DENSER * leak.g_max),
    }


def _pieces(nodes: int, count: int, gap: float, between: float) -> tuple[Any, Any, Any]:
    """Regions, lengths (um) and spans of the compartments, a node at both ends."""
    regions, lengths, spans = [], [], []
    for k in range(nodes):
        regions.append("node")
        lengths.append(gap)
        spans.append((f"node_{k}", 0.0, 1.0))
        if k == nodes - 1:
            break
        regions.extend(["internode"] * count)
        lengths.extend([between / count] * count)
        spans.extend((f"internode_{k}", i / count, (i + 1) / count) for i in range(count))
    return tuple(regions), np.array(lengths), tuple(spans)


def _chain(lengths: np.ndarray, radius: Array, regions: Any, spans: Any) -> Compartments:
    """Cylinders one after the other."""
    count = len(lengths)
    middles = np.cumsum(lengths) - 0.5 * lengths
    return Compartments(
        parents=tuple(range(-1, count - 1)),
        regions=regions,
        distances=tuple((middles - middles[0]).tolist()),
        length=as_parameter(lengths),
        radius=radius,
        area_factor=as_parameter(np.ones(count)),
        near_factor=as_parameter(np.ones(count)),
        far_factor=as_parameter(np.ones(count)),
        spans=spans,
    )


def _plain(name: str, value: Any, unit: str, instead: str = "") -> float:
    """A number that decides where compartments are."""
    if isinstance(value, Tracer):
        cure = f"give {instead}" if instead else "give a plain number"
        raise ValueError(
            f"{name} of an axon is traced, but decides how far compartments are apart: {cure}."
        )
    if not (float(value) > 0 and math.isfinite(float(value))):
        raise ValueError(f"{name}={value} {unit} of an axon: make it above 0.")
    return float(value)


def _check_count(name: str, count: Any, least: int) -> None:
    if not isinstance(count, int | np.integer) or count < least:
        raise ValueError(f"{name}={count} of an axon must be a whole number, at least {least}.")


def _check_fraction(g_ratio: Any) -> None:
    value = as_parameter(g_ratio)
    if is_concrete(value) and not 0.0 < float(value) < 1.0:
        raise ValueError(
            f"g_ratio={g_ratio} of an axon, its diameter over that with the myelin, must be "
            "between 0 and 1: 0.6 to 0.8 is usual."
        )
