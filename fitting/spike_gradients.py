"""Which derivative of a spike finds a neuron's parameters?

From the spikes of 48 neurons with adaptation, of random parameters and under the same noisy
current, four parameters of each are sought by gradient descent (Adam) on the van Rossum distance,
from one random start each. The derivative is the exact one, a surrogate of three slopes (where 1
is the distance from rest to threshold), or the hybrid of both that `fit` takes by default for this
loss. A fit has succeeded when every spike is within 1 ms of its own.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import diffneuro as dn

T1, DT, STEPS, RATE = 300.0, 0.1, 300, 0.05
MOST_SPIKES = 64
FREE = {
    "leak_conductance": dn.Bounds(5.0, 20.0),
    "capacitance": dn.Bounds(100.0, 400.0),
    "threshold": dn.Bounds(-56.0, -44.0),
    "adaptation_jump": dn.Bounds(0.2, 5.0, scale="log"),
}
LOSS = dn.losses.VanRossum(max_spikes=MOST_SPIKES)
# The distance from rest to threshold is 20 mV.
MODES = {
    "exact": lambda times: dn.spikes.Exact(),
    "surrogate, slope 2": lambda times: dn.spikes.Surrogate(width=10.0),
    "surrogate, slope 5": lambda times: dn.spikes.Surrogate(width=4.0),
    "surrogate, slope 100": lambda times: dn.spikes.Surrogate(width=0.2),
    "hybrid (default)": LOSS.spikes,
}


class Outcome(NamedTuple):
    """How the fits of one derivative went."""

    history: np.ndarray  # (steps, targets) distances
    succeeded: np.ndarray  # (targets,)
    errors: np.ndarray  # (targets,) mean error of a parameter, as a part of its range
    seconds: float


def current():
    """The same noise for all, pA."""
    form = {"mean": 420.0, "standard_deviation": 150.0, "time_constant": 5.0}
    noise = dn.stimuli.ornstein_uhlenbeck(jax.random.key(1), duration=T1, dt=DT, **form)
    t = (jnp.arange(round(T1 / DT)) + 0.5) * DT
    return jnp.where(t < 10.0, 0.0, jax.vmap(noise)(t))


def neuron(position):
    """The neuron at free coordinates (4,)."""
    values = (bounds.value(z) for bounds, z in zip(FREE.values(), position, strict=True))
    return dn.replace(dn.neurons.AdaptiveLIF(), dict(zip(FREE, values, strict=True)))


@jax.jit
def spike_times(positions, drive):
    """(targets, MOST_SPIKES) ms of the neurons at `positions`, padded with inf."""
    run = jax.vmap(lambda z: dn.simulate(neuron(z), drive, t1=T1, dt=DT))(positions)
    return jnp.sort(run.spike_times, axis=1)[:, :MOST_SPIKES]


@eqx.filter_jit
def descend(mode, positions, targets, drive):
    """Adam from each of `positions` (targets, 4); the best it saw, and every distance."""

    def distance(position, times):
        run = dn.simulate(neuron(position), drive, t1=T1, dt=DT, spikes=mode(times))
        return jnp.sum(LOSS.residual(run, times) ** 2)

    gradient = jax.vmap(jax.value_and_grad(distance))
    adam = optax.adam(RATE)

    def step(carry, _):
        position, moments, best, lowest = carry
        values, slopes = gradient(position, targets)
        best = jnp.where((values < lowest)[:, None], position, best)
        lowest = jnp.minimum(values, lowest)
        change, moments = adam.update(slopes, moments)
        return (position + change, moments, best, lowest), values

    start = (positions, adam.init(positions), positions, jnp.full(len(positions), jnp.inf))
    (_, _, best, _), history = jax.lax.scan(step, start, None, length=STEPS)
    return best, history


def run(count: int = 48, names=tuple(MODES)) -> dict[str, Outcome]:
    """All fits; the targets and starts are the same for every derivative."""
    drive = current()
    margin = jax.random.uniform(jax.random.key(7), (2, count, len(FREE)), minval=0.15, maxval=0.85)
    true, starts = jnp.log(margin) - jnp.log1p(-margin)
    targets = spike_times(true, drive)
    outcomes = {}
    for name in names:
        began = time.perf_counter()
        best, history = jax.block_until_ready(descend(MODES[name], starts, targets, drive))
        seconds = time.perf_counter() - began
        found = spike_times(best, drive)
        # Where both are inf there is no spike to be late; where one is, it is endlessly so.
        late = jnp.where(targets == found, 0.0, jnp.abs(targets - found)).max(axis=1)
        errors = jnp.abs(jax.nn.sigmoid(best) - jax.nn.sigmoid(true)).mean(axis=1)
        history, succeeded = np.asarray(history), np.asarray(late < 1.0)
        outcomes[name] = Outcome(history, succeeded, np.asarray(errors), seconds)
    return outcomes


def print_table(outcomes: dict[str, Outcome]) -> None:
    """One line for each derivative."""
    print(f"{'derivative':22} {'failed':>8} {'median distance':>16} {'error':>8} {'time':>8}")
    for name, outcome in outcomes.items():
        failed = 1.0 - outcome.succeeded.mean()
        distance, error = np.median(outcome.history.min(axis=0)), np.median(outcome.errors)
        print(f"{name:22} {failed:8.0%} {distance:16.4f} {error:8.1%} {outcome.seconds:6.1f} s")


def draw(outcomes: dict[str, Outcome], path: Path) -> None:
    """The distances on the way: the median of all fits, and the middle half of them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.subplots()
    for name, outcome in outcomes.items():
        sofar = np.minimum.accumulate(outcome.history, axis=0)
        low, middle, high = np.quantile(sofar, (0.25, 0.5, 0.75), axis=1)
        (line,) = axes.semilogy(middle, label=f"{name}: {1 - outcome.succeeded.mean():.0%} failed")
        axes.fill_between(np.arange(len(low)), low, high, color=line.get_color(), alpha=0.12)
    axes.set(xlabel="step of Adam", ylabel="van Rossum distance, best so far")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    found = run()
    print_table(found)
    draw(found, options.out / "spike_gradients.png")
