"""The linear-nonlinear-Poisson cascade."""

from ._glm import GLM, StimulusFilter


def LNP(**filters: StimulusFilter) -> GLM:
    r"""A `GLM` without memory of its spikes: $\lambda = \lambda_0 \exp(\sum_j w_j s_j)$.

    Chichilnisky 2001, doi:10.1080/net.12.2.199.213

    **Arguments:** the stimulus filters by name; those of `GLM` by default.

    **Returns:** a `GLM` with neither history filters nor a refractory time.
    """
    parts = {"stimulus_filters": filters} if filters else {}
    return GLM(history_filters={}, refractory_time=0.0, **parts)
