"""The cable in Jaxley."""

import jax
import jax.numpy as jnp
import jaxley as jx  # pyright: ignore[reportMissingImports]
from jaxley.channels import HH  # pyright: ignore[reportMissingImports]

from .cable import (
    BATCHES,
    COUNT,
    CURRENT_NA,
    DIAMETER,
    DT,
    RESISTIVITY,
    STEP,
    STEPS,
    report,
    shortest,
)
from .cell import E_LEAK, START

# Each in every compartment by itself, as ours.
TRAINABLE = ("HH_gNa", "HH_gK", "HH_gLeak", "capacitance", "axial_resistivity", "radius", "length")
REPEATS = 2


def main() -> None:
    """Forward and gradient, by seven parameters of each compartment, in single precision."""
    branch = jx.Branch(jx.Compartment(), ncomp=COUNT)
    branch.insert(HH())
    values = {
        "length": STEP,
        "radius": DIAMETER / 2.0,
        "axial_resistivity": RESISTIVITY,
        "HH_eLeak": E_LEAK,
        "v": START,
    }
    for name, value in values.items():
        branch.set(name, value)
    branch.init_states(delta_t=DT)
    branch.comp(0).record(verbose=False)
    branch.comp(0).stimulate(CURRENT_NA * jnp.ones(STEPS), verbose=False)
    for name in TRAINABLE:
        branch.comp("all").make_trainable(name, verbose=False)
    parameters = branch.get_parameters()
    branch.to_jax()

    def voltage(parameters):
        return jx.integrate(branch, params=parameters, delta_t=DT)[0, :STEPS]

    def loss(parameters):
        return jnp.mean(voltage(parameters) ** 2)

    for batch in BATCHES:
        many = jax.tree.map(lambda value, b=batch: jnp.full((b, *value.shape), value), parameters)
        for what, function in (("forward", voltage), ("gradient", jax.grad(loss))):
            call = jax.jit(jax.vmap(function))
            seconds = shortest(lambda call=call, m=many: jax.block_until_ready(call(m)), REPEATS)
            report(what, "Jaxley", seconds, batch, "float32")


if __name__ == "__main__":
    main()
