"""Mechanisms in NEURON's language."""

from collections.abc import Mapping

from ..channels import (
    BoltzmannGate,
    ExponentialShape,
    RateLaw,
    SigmoidShape,
    SteadyStateLaw,
)
from ._kinetics import Law, number

_HEAD = """TITLE {suffix}

NEURON {{
    SUFFIX {suffix}
    NONSPECIFIC_CURRENT i
    RANGE gbar, e
}}

UNITS {{
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}}

PARAMETER {{
    gbar = 0 (S/cm2)
    e = 0 (mV)
}}

ASSIGNED {{
    v (mV)
    i (mA/cm2)
{assigned}}}
"""

_GATES = """
STATE {{
    {states}
}}

INITIAL {{
    rates(v)
{initial}}}

DERIVATIVE gates {{
    rates(v)
{slopes}}}

PROCEDURE rates(v (mV)) {{
    LOCAL opening, closing
    UNITSOFF
{rates}    UNITSON
}}

FUNCTION linoid(x) {{
    if (fabs(x) < 1e-5) {{
        linoid = 1 + x / 2
    }} else {{
        linoid = x / (1 - exp(-x))
    }}
}}
"""


def mechanism(suffix: str, gates: Mapping[str, tuple[Law, int]]) -> str:
    """The text of a .mod file: a current `gbar` times the open gates times (v - `e`)."""
    solve = "    SOLVE gates METHOD cnexp\n" if gates else ""
    factors = " * ".join(f"x_{name}" for name, (_, power) in gates.items() for _ in range(power))
    conductance = f"gbar * {factors}" if factors else "gbar"
    assigned = "".join(f"    {name}_inf\n    {name}_tau (ms)\n" for name in gates)
    text = _HEAD.format(suffix=suffix, assigned=assigned)
    text += f"\nBREAKPOINT {{\n{solve}    i = {conductance} * (v - e)\n}}\n"
    if gates:
        text += _GATES.format(
            states=" ".join(f"x_{name}" for name in gates),
            initial="".join(f"    x_{name} = {name}_inf\n" for name in gates),
            slopes="".join(
                f"    x_{name}' = ({name}_inf - x_{name}) / {name}_tau\n" for name in gates
            ),
            rates="".join(_rates(name, law) for name, (law, _) in gates.items()),
        )
    return text


def _rates(name: str, law: Law) -> str:
    if isinstance(law, SteadyStateLaw):
        tau = number(law.time_constant) / number(law.speed)
        lines = (
            f"{name}_inf = {number(law.largest)!r} * {_shape(law.steady_state)}",
            f"{name}_tau = {tau!r}",
        )
    elif isinstance(law, RateLaw):
        opening, closing = (
            number(rate) * number(law.speed) for rate in (law.opening_rate, law.closing_rate)
        )
        lines = (
            f"opening = {opening!r} * {_shape(law.opening)}",
            f"closing = {closing!r} * {_shape(law.closing)}",
            f"{name}_inf = opening / (opening + closing)",
            f"{name}_tau = 1 / (opening + closing)",
        )
    else:
        lines = _boltzmann(name, law)
    return "".join(f"    {line}\n" for line in lines)


def _boltzmann(name: str, gate: BoltzmannGate) -> tuple[str, ...]:
    place = _place(gate.half_voltage, gate.slope)
    share = number(gate.asymmetry)
    rises = f"(exp({share!r} * {place}) + exp({share - 1.0!r} * {place}))"
    return (
        f"{name}_inf = 1 / (1 + exp(-{place}))",
        f"{name}_tau = {number(gate.shortest)!r} + {2.0 * number(gate.time_constant)!r} / {rises}",
    )


def _shape(shape: object) -> str:
    place = _place(shape.midpoint, shape.scale)  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(shape, ExponentialShape):
        return f"exp({place})"
    if isinstance(shape, SigmoidShape):
        return f"(1 / (1 + exp(-{place})))"
    return f"linoid({place})"


def _place(midpoint: object, scale: object) -> str:
    return f"((v - ({number(midpoint)!r})) / ({number(scale)!r}))"
