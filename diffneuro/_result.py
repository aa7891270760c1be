"""What a fit leaves behind."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._bounds import Bounds
from ._curvature import curvature
from ._model import AbstractModel, AbstractSpikingModel, parameters, replace
from ._objective import Objective
from ._posterior import Optimum, Posterior as Posterior, posterior
from ._scores import (
    ScoreSummary,
    StepRates,
    SweepScore as SweepScore,
    span_scores,
    step_rates,
    summarised,
    sweep_scores,
)
from ._search import StageLoss
from ._storage import (
    model_from_data,
    model_to_data,
    pack,
    unpack,
    write_atomically,
)
from ._uncertainty import (
    Identifiability as Identifiability,
    Profile,
    effective_count,
    identified,
    sandwich,
    white_spread,
)
from .recordings import Recording, TimeSpan, restored

FORMAT_VERSION = 1
_AT_BOUND = 0.005


@dataclasses.dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted model, how it was found and how well it is determined.

    `model` is the best one; `free` the bounds; `starts` the parameters every start ended at;
    `losses` (starts,) what it reached, inf where it went non-finite; `history` (iterations,
    starts). `recording` holds all sweeps, those that were `held_out` and the `held_out_span` of
    each, if any, included; `fitted_response` is
    the free run of the best model in each (sweeps, n), in mV, or pA under voltage clamp, and
    `fitted_spikes` its spike times (ms).
    `gram` (P, P) is J^T J of the residuals in the parameters' own units, or a likelihood's
    Fisher information, `residual_count` the number of residuals that counted, and
    `score_covariance` (P, P) the covariance of J^T r from one recording to the next. Of a
    conductance cell compared by `losses.SpikeTimes` these are not of the free run but of windows
    from each recorded spike to the next one, whose loss is `window_loss`; else that is None.
    `stage_losses` compares the ends of a pipeline's stages by the free run.
    `about` says with what it was all done.
    """

    model: AbstractModel
    free: dict[str, Bounds]
    loss: float
    starts: dict[str, NDArray]
    losses: NDArray
    history: NDArray
    recording: Recording
    held_out: tuple[int, ...]
    fitted_response: NDArray
    fitted_spikes: tuple[NDArray, ...]
    gram: NDArray
    residual_count: int
    slopes: NDArray
    completed: bool
    about: dict[str, Any]
    score_covariance: NDArray | None = None
    window_loss: float | None = None
    held_out_span: TimeSpan | None = None
    stage_losses: tuple[StageLoss, ...] = ()

    @property
    def fitted_voltage(self) -> NDArray:
        """(sweeps, n) mV, that of the best model's free run; under voltage clamp the command."""
        clamped = self.recording.voltage_clamp
        return self.recording.voltage if clamped else self.fitted_response

    @property
    def parameters(self) -> dict[str, float]:
        """The fitted values, by dotted path, in the unit `units` gives."""
        known = parameters(self.model)
        return {name: float(known[name][0]) for name in self.free}

    @property
    def units(self) -> dict[str, str]:
        """The unit of each fitted parameter."""
        known = parameters(self.model)
        return {name: known[name][1] for name in self.free}

    def covariance(self) -> NDArray:
        r"""(P, P) covariance of the parameters, in their own units: $A^{-1} M A^{-1}$.

        $A$ is `gram`, $M$ the `score_covariance`: the residuals may remember and vary in size.
        In a fit that was saved without one, $M = s^2 A$ for independent residuals of equal
        variance $s^2$. Errors of the model that every recording would repeat are not allowed
        for, nor other minima; noise that remembers for more than about a thirtieth of a
        recording is allowed for in part. Parameters that change nothing, or whose effects
        cannot be told apart, have an infinite variance.

        Spikes of a conductance cell (`losses.SpikeTimes`) are taken one interval at a time, each
        from the state in which the recording leaves the cell at a spike: in a long free run
        shifts add up from spike to spike, and its Jacobian grows beyond use. Parts of a `Sum`
        vary each by itself.
        """
        return sandwich(self.gram, self.known_score_covariance)

    @property
    def known_score_covariance(self) -> NDArray:
        """`score_covariance`, or that of independent residuals where there is none."""
        if self.score_covariance is not None:
            return self.score_covariance
        return white_spread(self.gram, self._compared_loss, self.residual_count)

    @property
    def _compared_loss(self) -> float:
        """The loss whose curvature `gram` is."""
        return self.loss if self.window_loss is None else self.window_loss

    @property
    def effective_count(self) -> float:
        """How many independent residuals would fix the parameters as well as these do."""
        spread = self.known_score_covariance
        return effective_count(self.gram, spread, self._compared_loss, self.residual_count)

    @property
    def standard_errors(self) -> dict[str, float]:
        """The standard error of each parameter, from `covariance`."""
        variances = np.diag(self.covariance())
        return dict(zip(self.free, np.sqrt(np.maximum(variances, 0.0)).tolist(), strict=True))

    def identifiability(self) -> Identifiability:
        """Stiff and sloppy directions: eigenvectors of J^T J in free coordinates, and words."""
        return identified(self.free, self.parameters, self.gram, self.slopes, self.covariance())

    def profile(self, name: str, values: ArrayLike | None = None, **settings: Any) -> Profile:
        """The profile likelihood of one parameter: the others refitted at each of its values.

        `settings` are the `steps` of each refit and, where the fit was not made with the
        defaults, its `loss`, `solver` and `spikes`; more at `Profile` and its `interval`.

        **Raises:** `ValueError` for a name that was not free, values outside its bounds, or
        another loss than that of the fit.
        """
        from ._profile import profile

        return profile(self, name, values, **settings)

    def posterior(
        self, *, loss: Any = None, solver: Any = None, spikes: Any = None, **settings: Any
    ) -> Posterior:
        """Draws of all free parameters together, by NUTS from the likelihood of the fit.

        `loss`, `solver` and `spikes` are those given to `fit`, where they were not the
        defaults; `settings` are `draws`, `warmup`, `chains`, `key` and `progress`. The noise is
        that found at the optimum, fewer residuals counting where it remembers; the prior is
        uniform between the bounds, in their scale. Needs the extra `posterior`.

        **Raises:** `ImportError` without blackjax; `ValueError` for another loss than that of
        the fit, too few draws, or a fit without residuals.
        """
        from ._profile import objective_of

        objective = objective_of(self, loss, solver, spikes)
        return posterior(objective, optimum_of(self, objective), **settings)

    def at_bound(self) -> dict[str, str]:
        """The parameters that ended within 0.5 % of a bound: name -> "low" or "high"."""
        ends = {}
        for name, value in self.parameters.items():
            fraction = float(jax.nn.sigmoid(self.free[name].position(value)))
            if fraction < _AT_BOUND:
                ends[name] = "low"
            elif fraction > 1 - _AT_BOUND:
                ends[name] = "high"
        return ends

    def reached(self, floor: float) -> int:
        """How many starts ended with a loss of at most `floor`."""
        return int((self.losses <= floor).sum())

    def scores(self) -> list[SweepScore]:
        """How well each sweep is reproduced, held-out ones included.

        Where a span of time was held out, each sweep has two: of what came before it, and of it.
        """
        draws = not isinstance(self.model, AbstractSpikingModel)
        recorded, found, trains = self.recording, self.fitted_response, self.fitted_spikes
        span = self.held_out_span
        if span is None:
            return sweep_scores(recorded, found, trains, self.held_out, draws)
        before = TimeSpan(0.0, span.start)
        return [
            *span_scores(recorded, found, trains, before, held_out=False, draws_spikes=draws),
            *span_scores(recorded, found, trains, span, held_out=True, draws_spikes=draws),
        ]

    def summary(self, *, held_out: bool = True) -> ScoreSummary:
        """The mean scores of the held-out sweeps, or of the fitted ones.

        **Raises:** `ValueError` where there are no such sweeps.
        """
        chosen = [score for score in self.scores() if score.held_out == held_out]
        if not chosen:
            which = "held out" if held_out else "fitted"
            cure = "fit with holdout=, or pass held_out=False" if held_out else "fit one"
            raise ValueError(f"no sweep was {which}: {cure}.")
        return summarised(chosen)

    def step_rates(self) -> StepRates:
        """The cell's and the model's f-I curve, from the sweeps with a step of current."""
        return step_rates([score for score in self.scores() if not score.later])

    def report(
        self,
        path: str | os.PathLike,
        *,
        profiles: Sequence[Profile] = (),
        overwrite: bool = False,
    ) -> Path:
        """Write one self-contained HTML page, and its figures as PNG beside it.

        `profiles`, made by `profile`, are drawn, with their 95 % intervals in a table.

        **Raises:** `ValueError` when the page exists and `overwrite` is not given, or a profile
        is not of this fit.
        """
        from .report import write_report

        return write_report(self, path, profiles=profiles, overwrite=overwrite)

    def save(self, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
        """Write everything to one file: a zip of fit.json and NPY arrays, atomically.

        **Raises:** `ValueError` when the file exists and `overwrite` is not given.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists: pass overwrite=True or choose another name.")
        write_atomically(path, pack(self._document(), self._arrays(), "fit"))
        return path

    def _document(self) -> dict[str, Any]:
        recording = self.recording
        return {
            "kind": "fit",
            "format_version": FORMAT_VERSION,
            "model": model_to_data(self.model),
            "free": {name: dataclasses.asdict(bounds) for name, bounds in self.free.items()},
            "all_parameters": {
                name: np.asarray(value).tolist()
                for name, (value, _) in parameters(self.model).items()
            },
            "parameters": self.parameters,
            "standard_errors": self.standard_errors,
            "units": self.units,
            "loss": self.loss,
            "residual_count": self.residual_count,
            "window_loss": self.window_loss,
            "completed": self.completed,
            "held_out": list(self.held_out),
            "held_out_span": None if self.held_out_span is None else list(self.held_out_span),
            "recording": {
                "source": recording.source,
                "sha256": recording.sha256,
                "sweep_numbers": list(recording.sweep_numbers),
                "metadata": recording.metadata,
                "voltage_clamp": recording.voltage_clamp,
            },
            "stage_losses": [list(stage) for stage in self.stage_losses],
            "about": self.about,
        }

    def _arrays(self) -> dict[str, NDArray]:
        recording = self.recording
        spread = self.score_covariance
        known = {} if spread is None else {"score_covariance": spread}
        spikes = {f"spikes_{row}": times for row, times in enumerate(self.fitted_spikes)}
        return {
            "starts": np.stack([self.starts[name] for name in self.free], axis=1),
            "losses": self.losses,
            "history": self.history,
            "gram": self.gram,
            "slopes": self.slopes,
            **known,
            "time": recording.time,
            "current": recording.current,
            "voltage": recording.voltage,
            "fitted_voltage": self.fitted_response,
            **spikes,
        }

    @staticmethod
    def load(path: str | os.PathLike, *, like: AbstractModel | None = None) -> "FitResult":
        """Read a saved fit; nothing in the file is run.

        **Arguments:** `path`; `like`, a model of the same structure, needed when the fitted one
        is not made of diffneuro's own classes.

        **Raises:** `FileNotFoundError`; `ValueError` for a file that is no saved fit, is
        damaged or has another format version.
        """
        document, arrays = unpack(path, name="fit", kind="fit", version=FORMAT_VERSION)
        try:
            return _from_file(document, arrays, like)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} is damaged: {error!r} is missing or of a wrong kind."
            ) from None


def optimum_of(result: FitResult, objective: Objective) -> Optimum:
    """What is known of the free run's minimum, found out anew where that was not kept."""
    gram, count, slopes = result.gram, result.residual_count, result.slopes
    spread = result.known_score_covariance
    if result.window_loss is not None:
        best = objective.position_of(result.parameters)
        gram, spread, count, slopes, _ = curvature(objective, best)
    return Optimum(result.parameters, result.units, result.loss, gram, spread, count, slopes)


def _from_file(document: dict[str, Any], arrays: dict[str, NDArray], like: Any) -> FitResult:
    free = {name: Bounds(**bounds) for name, bounds in document["free"].items()}
    about = document["recording"]
    recording = restored(
        time=arrays["time"],
        current=arrays["current"],
        voltage=arrays["voltage"],
        sweep_numbers=tuple(about["sweep_numbers"]),
        metadata=about["metadata"],
        source=about["source"],
        sha256=about["sha256"],
        # Fits saved before there were any do not say.
        voltage_clamp=about.get("voltage_clamp", False),
    )
    return FitResult(
        model=_restored(document["model"], document["all_parameters"], like),
        free=free,
        loss=document["loss"],
        starts={name: arrays["starts"][:, i] for i, name in enumerate(free)},
        losses=arrays["losses"],
        history=arrays["history"],
        recording=recording,
        held_out=tuple(document["held_out"]),
        fitted_response=arrays["fitted_voltage"],
        fitted_spikes=tuple(arrays[f"spikes_{row}"] for row in range(recording.sweeps)),
        gram=arrays["gram"],
        residual_count=document["residual_count"],
        slopes=arrays["slopes"],
        completed=document["completed"],
        about=document["about"],
        # Fits saved before these were kept have none.
        score_covariance=arrays.get("score_covariance"),
        window_loss=document.get("window_loss"),
        stage_losses=tuple(StageLoss(*stage) for stage in document.get("stage_losses", ())),
        held_out_span=TimeSpan(*span) if (span := document.get("held_out_span")) else None,
    )


def _restored(data: Any, saved: dict[str, Any], like: AbstractModel | None) -> Any:
    """The saved model, by its own classes or, with `like`, by that model's."""
    if like is None:
        return model_from_data(data)
    wanted = parameters(like)
    if set(saved) != set(wanted):
        raise ValueError(
            f"like= has the parameters {', '.join(wanted)}; the saved model has "
            f"{', '.join(saved)}: pass a model made like the fitted one."
        )
    return replace(like, saved)
