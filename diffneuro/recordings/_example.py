"""An in-silico cell whose parameters are known."""

import jax
import numpy as np

from .._model import replace
from .._simulate import simulate
from ..neurons import HodgkinHuxley
from ..stimuli import ornstein_uhlenbeck
from ._recording import Recording

_TRUTH = {
    "channels.na.g_max": 120.0,
    "channels.k.g_max": 36.0,
    "channels.leak.g_max": 0.3,
    "channels.na.reversal_potential": 50.0,
    "channels.k.reversal_potential": -77.0,
    "channels.leak.reversal_potential": -54.4,
    "capacitance": 1.0,
    "channels.na.activation_shift": 0.0,
}
_DURATION, _ONSET, _DT = 200.0, 10.0, 0.025


def example(seed: int = 0, noise: float = 0.5) -> Recording:
    """A recording of a Hodgkin-Huxley cell under noisy current, 200 ms long.

    The current is a step of 500 pA at 10 ms with Ornstein-Uhlenbeck noise of 600 pA and 3 ms;
    white noise is added to the voltage.

    Arguments:
        seed: decides the noise in current and voltage.
        noise: standard deviation of the recording noise, mV.

    Returns a Recording of one sweep; `metadata["truth"]` holds the parameters by dotted path,
    and `metadata["noise_mV"]` the noise.
    """
    current_key, voltage_key = jax.random.split(jax.random.key(seed))
    fluctuation = ornstein_uhlenbeck(
        current_key, duration=_DURATION, dt=_DT, standard_deviation=600.0, time_constant=3.0
    )
    time = _DT * np.arange(round(_DURATION / _DT))
    on = time >= _ONSET
    current = np.where(on, 500.0 + np.asarray(fluctuation.values, float), 0.0)
    run = simulate(replace(HodgkinHuxley(), _TRUTH), current, t1=_DURATION, dt=_DT)
    error = noise * np.asarray(jax.random.normal(voltage_key, time.shape), float)
    return Recording(
        time=time,
        current=current,
        voltage=np.asarray(run.y, float) + error,
        metadata={"truth": dict(_TRUTH), "noise_mV": noise, "seed": seed},
        source="in silico",
    )
