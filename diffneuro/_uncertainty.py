"""How well the parameters of a fit are determined."""

from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._bounds import Bounds

# Below this share of the largest eigenvalue a direction of J^T J is rounding error, float32's.
_FLAT = 1e-12
_LONGEST_MEMORY = 30
# At least this share of the residuals is taken to be left over by the parameters.
LEAST_LEFT = 0.25
# Of a combination so many parameters are named, none with less than this share of the first's.
_MOST_MEMBERS, _SMALLEST_MEMBER = 4, 0.2


def score_covariance(
    jacobian: NDArray, residuals: NDArray, sweeps: int = 1, gram: NDArray | None = None
) -> NDArray:
    r"""The covariance of $J^T r$ when the residuals remember and vary in size.

    With $A$ the autoregression $u_t = r_t - \sum_{l=1}^p a_l r_{t-l}$ of the residuals,

    $$\frac{n}{n - k} \sum_t u_t^2\, q_t q_t^T, \qquad Q = A^{-T} J, \qquad
      k = \frac{n}{r^T r}\,\mathrm{tr}[(J^T J)^{-1} \cdot \textstyle\sum_t u_t^2\, q_t q_t^T].$$

    Without memory (p = 0) it is the heteroskedastic covariance of White 1980,
    doi:10.2307/1912934. The order p, at most 30, is the one of the smallest Schwarz criterion, as
    in den Haan & Levin 1997, doi:10.1016/S0169-7161(97)15014-3, who however filter $J_t r_t$; so
    did the prewhitening of Andrews & Monahan 1992, doi:10.2307/2951574. Noise that remembers
    for hundreds of samples makes the kernels of Newey & West 1987, doi:10.2307/1913610, too short.
    The first factor gives back what the fitted parameters took from the residuals.

    **Arguments:** `jacobian` (P, m) and `residuals` (m,), of `sweeps` sweeps one after the
    other, which are independent of each other and share one autoregression; `gram` (P, P), the
    J^T J of all parts of a loss of which these residuals are one.

    **Returns:** (P, P).
    """
    from scipy.signal import lfilter

    counted = np.abs(jacobian).max(axis=0) > 0
    count, power = int(counted.sum()), float(residuals @ residuals)
    if count == 0 or power == 0.0:
        return np.zeros((len(jacobian), len(jacobian)))
    errors = residuals.reshape(sweeps, -1)
    filtered = np.concatenate([[1.0], -autoregression(errors, count)])
    news = np.asarray(lfilter(filtered, [1.0], errors, axis=-1))
    weighted = np.empty_like(jacobian)
    for into, column in zip(weighted, jacobian, strict=True):
        backwards = column.reshape(sweeps, -1)[:, ::-1]
        weights = np.asarray(lfilter([1.0], filtered, backwards, axis=-1))[:, ::-1]
        into[:] = (weights * news).ravel()
    spread = weighted @ weighted.T
    whole = jacobian @ jacobian.T if gram is None else gram
    taken = np.trace(inverse(whole)[0] @ spread) * count / power
    return spread * count / max(count - taken, LEAST_LEFT * count)


def autoregression(errors: NDArray, count: int) -> NDArray:
    """(p,) coefficients by Levinson and Durbin, the order by Schwarz, of `errors` (sweeps, m).

    `count` is how many of them are not masked.
    """
    longest = min(_LONGEST_MEMORY, count // 10, errors.shape[1] - 1)
    lags = np.array(
        [(errors[:, lag:] * errors[:, : errors.shape[1] - lag]).sum() for lag in range(longest + 1)]
    )
    left, coefficients = lags[0], np.zeros(0)
    best, chosen = count * np.log(left), coefficients
    for order in range(1, longest + 1):
        partial = (lags[order] - coefficients @ lags[order - 1 : 0 : -1]) / left
        coefficients = np.append(coefficients - partial * coefficients[::-1], partial)
        left *= 1.0 - partial**2
        if left <= _FLAT * lags[0]:
            break
        criterion = count * np.log(left) + order * np.log(count)
        if criterion < best:
            best, chosen = criterion, coefficients
    return chosen


def inverse(gram: NDArray) -> tuple[NDArray, NDArray]:
    """(P, P) inverse of `gram` where it has one, and (P,) which parameters have none."""
    scale, values, vectors, flat = _axes(gram)
    inside = (vectors[:, ~flat] / values[~flat]) @ vectors[:, ~flat].T
    return inside / np.outer(scale, scale), np.any(np.abs(vectors[:, flat]) > 1e-3, axis=1)


def _axes(gram: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """The scale of each parameter, then eigenvalues, eigenvectors and which of them are flat."""
    lengths = np.sqrt(np.diag(gram))
    scale = np.where(lengths > 0, lengths, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    flat = values <= _FLAT * max(values.max(initial=0.0), np.finfo(float).tiny)
    return scale, values, vectors, flat


def sandwich(gram: NDArray, spread: NDArray) -> NDArray:
    """(P, P) `gram`^-1 `spread` `gram`^-1, infinite variances where `gram` is flat."""
    bread, undetermined = inverse(gram)
    covariance = bread @ spread @ bread
    covariance[undetermined, undetermined] = np.inf
    return covariance


def white_spread(gram: NDArray, loss: float, count: int) -> NDArray:
    """The score covariance of residuals that are independent and of equal variance."""
    rank = int((~_axes(gram)[-1]).sum())
    return gram * loss / max(count - rank, 1)


def effective_count(gram: NDArray, spread: NDArray, loss: float, count: int) -> float:
    """How many independent residuals would fix the parameters as well as `count` of these."""
    white = np.diag(sandwich(gram, white_spread(gram, loss, count)))
    found = np.diag(sandwich(gram, spread))
    there = np.isfinite(found) & (found > 0) & (white > 0)
    if not there.any():
        return float("nan")
    return float(count * np.exp(np.mean(np.log(white[there] / found[there]))))


class Profile(NamedTuple):
    """How well the recording can be reproduced with one parameter held at given values."""

    name: str
    unit: str
    values: NDArray
    """(K,) of the held parameter, rising, the fitted one among them"""
    losses: NDArray
    """(K,) the least loss that the other parameters allow at each"""
    others: dict[str, NDArray]
    """where the other parameters, (K,) each, went"""
    best: float
    """the fitted value"""
    standard_error: float
    """by the curvature at the best value alone"""
    loss_scale: float
    """how much the loss rises for one unit of chi-squared"""

    @property
    def rises(self) -> NDArray:
        """(K,) how far each loss is above the least, in units of chi-squared of 1 degree."""
        return (self.losses - np.min(self.losses)) / self.loss_scale

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The values that the recording allows at a confidence level.

        **Arguments:** `level` between 0 and 1.

        **Returns:** (low, high) in the parameter's unit; -inf or inf on a side where the
        profile does not rise far enough among `values`.

        **Raises:** `ValueError` for a level that is none.
        """
        roots = np.sqrt(np.maximum(self.rises, 0.0))
        wanted = self.chi_squared(level) ** 0.5
        middle = int(np.argmin(roots))
        up = _crossing(self.values[middle:], roots[middle:], wanted)
        down = _crossing(self.values[middle::-1], roots[middle::-1], wanted)
        return (-np.inf if down is None else down), (np.inf if up is None else up)

    def chi_squared(self, level: float) -> float:
        """The rise at the true value that a share `level` of recordings stays below."""
        if not 0.0 < level < 1.0:
            raise ValueError(f"level={level} of a confidence interval must lie between 0 and 1.")
        return NormalDist().inv_cdf(0.5 + 0.5 * level) ** 2


def _crossing(values: NDArray, roots: NDArray, wanted: float) -> float | None:
    """Where the root of the rise, which is close to linear, first reaches what is wanted."""
    above = np.flatnonzero(roots >= wanted)
    if not above.size:
        return None
    at = int(above[0])
    if at == 0 or not np.isfinite(roots[at]):
        return float(values[at])
    share = (wanted - roots[at - 1]) / (roots[at] - roots[at - 1])
    return float(values[at - 1] + share * (values[at] - values[at - 1]))


class Identifiability(NamedTuple):
    """Which combinations of parameters the recording determines, sloppiest last."""

    names: tuple[str, ...]
    curvatures: NDArray
    """(P,) eigenvalues of J^T J in free coordinates, falling"""
    directions: NDArray
    """(P, P) their eigenvectors in the columns"""
    without_effect: tuple[str, ...] = ()
    """parameters that change nothing in this recording"""
    confounded: tuple[str, ...] = ()
    """parameters that change something, but cannot be told apart"""
    sentences: tuple[str, ...] = ()
    """all this in words"""


def identified(
    free: Mapping[str, Bounds],
    values: Mapping[str, float],
    gram: NDArray,
    slopes: NDArray,
    covariance: NDArray,
) -> Identifiability:
    """What the recording determines of the parameters `free`, found at `values`."""
    names = tuple(free)
    curvatures, vectors = np.linalg.eigh(gram * np.outer(slopes, slopes))
    idle = tuple(name for name, own in zip(names, np.diag(gram), strict=True) if own == 0)
    loose = ~np.isfinite(np.diag(covariance))
    tied = tuple(name for name, no in zip(names, loose, strict=True) if no and name not in idle)
    # Per cent of a value that cannot be zero, or of the range of one that can.
    sizes = [abs(values[name]) if b.low > 0 else b.high - b.low for name, b in free.items()]
    positive = np.array([b.low > 0 for b in free.values()])
    kept = np.flatnonzero(~loose)
    relative = (covariance / np.outer(sizes, sizes))[np.ix_(kept, kept)]
    sentences = [*_undetermined(idle, tied)]
    if len(kept):
        sentences += _combinations([names[i] for i in kept], positive[kept], relative)
    falling = slice(None, None, -1)
    return Identifiability(
        names, curvatures[falling], vectors[:, falling], idle, tied, tuple(sentences)
    )


def _undetermined(idle: tuple[str, ...], tied: tuple[str, ...]) -> Iterator[str]:
    if idle:
        each = "it has" if len(idle) == 1 else "they have"
        yield f"The recording says nothing about {_listed(idle)}: {each} no effect in it."
    if tied:
        yield f"The recording cannot tell {_listed(tied)} apart: hold one of them fixed."


def _combinations(names: list[str], positive: NDArray, relative: NDArray) -> Iterator[str]:
    """What is fixed best and worst, from the covariance of relative changes."""
    if len(names) == 1:
        error, note = _percent(float(np.sqrt(relative[0, 0]))), _of(positive)
        yield f"The recording fixes {names[0]} to {error}{note}."
        return
    _, vectors = np.linalg.eigh(relative)
    members, others = _largest(vectors[:, 0]), _largest(vectors[:, -1])
    stiff, sloppy = np.zeros((2, len(names)))
    # The best combination of these alone, without what the rest added to it.
    stiff[members] = np.linalg.eigh(relative[np.ix_(members, members)])[1][:, 0]
    sloppy[others] = vectors[others, -1]
    best, well = _told(names, positive, relative, stiff)
    worst, badly = _told(names, positive, relative, sloppy)
    note = _of(positive[np.union1d(members, others)])
    yield f"The recording fixes {best} best, to {well}, and {worst} worst, to {badly}{note}."


def _largest(weights: NDArray) -> NDArray:
    """The few parameters that a direction is mostly made of."""
    order = np.argsort(-np.abs(weights), kind="stable")[:_MOST_MEMBERS]
    return order[np.abs(weights[order]) >= _SMALLEST_MEMBER * abs(weights[order[0]])]


def _told(
    names: list[str], positive: NDArray, relative: NDArray, weights: NDArray
) -> tuple[str, str]:
    """A combination of parameters as it is printed, and its standard error."""
    powers = np.round(weights / weights[np.argmax(np.abs(weights))], 2)
    members = [i for i in np.argsort(-np.abs(powers), kind="stable") if powers[i] != 0]
    terms = [(names[i], float(powers[i])) for i in members]
    if positive[members].all():
        text = " * ".join(name if power == 1 else f"{name}^{power:g}" for name, power in terms)
    else:
        text = "".join(_term(name, power) for name, power in terms).removeprefix(" + ")
    return text, _percent(float(np.sqrt(max(powers @ relative @ powers, 0.0))))


def _term(name: str, weight: float) -> str:
    factor = "" if abs(weight) == 1 else f"{abs(weight):g} "
    return f" {'-' if weight < 0 else '+'} {factor}{name}"


def _of(positive: NDArray) -> str:
    """Of what the per cents are, where that is not the values."""
    if positive.all():
        return ""
    return " (of the value, or of the range where its lower bound is not positive)"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
