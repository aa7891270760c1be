"""How many channels a conductance is."""

from jax.typing import ArrayLike

GABAA_CHANNEL = 30.0
"""pS, the main conductance of one GABA_A channel (Bormann, Hamill & Sakmann 1987)"""
GLYCINE_CHANNEL = 46.0
"""pS, the main conductance of one glycine channel (Bormann, Hamill & Sakmann 1987)"""


def channel_conductance(channels: ArrayLike, single_channel_conductance: ArrayLike) -> ArrayLike:
    r"""The conductance of so many open channels: $N\gamma$, as a weight of a synapse.

    **Arguments:** `channels`, their number N; `single_channel_conductance`, $\gamma$ of one (pS),
    such as `GLYCINE_CHANNEL` or `GABAA_CHANNEL`. Any shapes that broadcast.

    **Returns:** nS, in the broadcast shape. For N channels per um2 a hundred times the number
    is the `g_max` of a channel in mS/cm2.

    Bormann, Hamill & Sakmann 1987, doi:10.1113/jphysiol.1987.sp016493
    """
    return 1e-3 * (channels * single_channel_conductance)
