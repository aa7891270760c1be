"""AMPA receptors that desensitise."""

from typing import Any, ClassVar

import equinox as eqx

from .._model import Membrane, Parameter, parameter
from ..channels import AbstractKineticScheme, Pore
from ._receptor import AbstractTransmitterReceptor


class DesensitisingAMPA(AbstractKineticScheme, AbstractTransmitterReceptor):
    r"""AMPA receptors in six states, of which one conducts: $\bar g\, O\, (v - E)$.

    $C_0 \rightleftharpoons C_1 \rightleftharpoons C_2 \rightleftharpoons O$ binds two
    transmitters at the rate $k_b [T]$ each and opens; $C_1 \rightleftharpoons D_1$ and
    $C_2 \rightleftharpoons D_2$ desensitise.

    The rates were fitted to synaptic currents, and are those of the authors' chapter in *Methods
    in Neuronal Modeling*, 1998; `g_max` is arbitrary.
    Destexhe, Mainen & Sejnowski 1994, doi:10.1007/BF00961734
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(13.0, "1/(mM ms)", above=0.0)
    first_unbinding_rate: Parameter = parameter(0.0059, "1/ms", above=0.0)
    second_unbinding_rate: Parameter = parameter(86.0, "1/ms", above=0.0)
    opening_rate: Parameter = parameter(2.7, "1/ms", above=0.0)
    closing_rate: Parameter = parameter(0.2, "1/ms", above=0.0)
    desensitisation_rate: Parameter = parameter(0.9, "1/ms", above=0.0)
    recovery_rate: Parameter = parameter(0.064, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="glutamate", static=True)

    @property
    def states(self) -> tuple[str, ...]:
        return ("C0", "C1", "C2", "D1", "D2", "O")

    def pore(self) -> Pore:
        return Pore((("O", 1.0),), self.g_max, self.reversal_potential, self.ion)

    def transitions(self, u: Membrane, /) -> dict[str, dict[str, Any]]:
        binding = self.binding_rate * u.signal(self.transmitter)
        return {
            "C0": {"C1": binding},
            "C1": {
                "C0": self.first_unbinding_rate,
                "C2": binding,
                "D1": self.desensitisation_rate,
            },
            "C2": {
                "C1": self.second_unbinding_rate,
                "O": self.opening_rate,
                "D2": self.desensitisation_rate,
            },
            "O": {"C2": self.closing_rate},
            "D1": {"C1": self.recovery_rate},
            "D2": {"C2": self.recovery_rate},
        }
