"""Shapes of surrogate derivatives, each of unit area."""

import jax
import jax.numpy as jnp
from jax import Array

# Yin, Corradi & Bohte's weights and widths of the two negative lobes.
_LOBE, _LOBE_WIDTH = 0.15, 6.0


def super_spike(z: Array) -> Array:
    r"""The fast sigmoid's $\frac{1}{2 (1 + |z|)^2}$.

    Half of the paper's, as here every shape has unit area.
    Zenke & Ganguli 2018, doi:10.1162/neco_a_01086
    """
    return 0.5 / (1.0 + jnp.abs(z)) ** 2


def sigmoid(z: Array) -> Array:
    r"""The logistic density $\sigma(z) (1 - \sigma(z))$, heavier than a Gaussian's.

    The threshold of Bernoulli neurons. Williams 1992, doi:10.1007/BF00992696
    """
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)


def arctan(z: Array) -> Array:
    r"""The Cauchy density $\frac{1}{\pi (1 + z^2)}$.

    Fang et al. 2021, doi:10.1109/ICCV48922.2021.00266
    """
    return 1.0 / (jnp.pi * (1.0 + z * z))


def triangular(z: Array) -> Array:
    r"""$\max(0, 1 - |z|)$: nothing beyond one width.

    Esser et al. 2016, doi:10.1073/pnas.1604850113; Bellec et al. 2018, arXiv:1803.09574
    """
    return jnp.maximum(0.0, 1.0 - jnp.abs(z))


def gaussian(z: Array) -> Array:
    r"""The normal density $\frac{1}{\sqrt{2\pi}} e^{-z^2/2}$: a threshold with normal noise."""
    return jax.scipy.stats.norm.pdf(z)


def multi_gaussian(z: Array) -> Array:
    r"""$(1 + h) N(z; 0, 1) - h N(z; \pm 1, s)$, negative far away.

    With h = 0.15 and s = 6 for the two lobes, divided by its area of 0.85.
    Yin, Corradi & Bohte 2021, doi:10.1038/s42256-021-00397-w
    """
    density = jax.scipy.stats.norm.pdf
    lobes = density(z, 1.0, _LOBE_WIDTH) + density(z, -1.0, _LOBE_WIDTH)
    return ((1.0 + _LOBE) * density(z) - _LOBE * lobes) / (1.0 - _LOBE)


def boxcar(z: Array) -> Array:
    r"""1/2 where $|z| < 1$, else 0. Esser et al. 2016, doi:10.1073/pnas.1604850113."""
    return jnp.where(jnp.abs(z) < 1.0, 0.5, 0.0).astype(z.dtype)


def exponential(z: Array) -> Array:
    r"""The Laplace density $\frac12 e^{-|z|}$.

    Shrestha & Orchard 2018, arXiv:1810.08646
    """
    return 0.5 * jnp.exp(-jnp.abs(z))


def straight_through(z: Array) -> Array:
    """1 everywhere, so the only one without an area: the spike is taken for the voltage.

    Bengio, Leonard & Courville 2013, arXiv:1308.3432
    """
    return jnp.ones_like(z)
