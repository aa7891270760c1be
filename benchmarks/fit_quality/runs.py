"""One fit, and what is kept of it."""

import math
import os
import time
from typing import Any

import jax
import numpy as np

import diffneuro as dn

from ..rows import machine, versions
from .contenders import Contender
from .problems import Problem
from .store import identity

FORMAT_VERSION = 1


def run(problem: Problem, contender: Contender, seed: int) -> dict[str, Any]:
    """Fit, and score what came out, as a document of plain values; NaN becomes None."""
    load = os.getloadavg()[0]
    began = time.perf_counter()
    result = dn.fit(
        problem.model,
        problem.recording,
        free=problem.free,
        loss=problem.loss,
        method=contender.method,
        starts=contender.lanes,
        key=jax.random.key(seed),
        holdout=problem.held_out or None,
        progress=False,
    )
    row = {
        "format_version": FORMAT_VERSION,
        "identity": identity(problem, contender, seed),
        "problem": problem.name,
        "cell": problem.cell,
        "seed": seed,
        "method_fields": repr(contender.method),
        "lanes": contender.lanes,
        "simulations": contender.simulations,
        "free": len(problem.free),
        **scored(result),
        "seconds": result.about["seconds"],
        "seconds_with_scores": time.perf_counter() - began,
        "completed": result.completed,
        "losses": np.sort(result.losses).tolist(),
        "parameters": result.parameters,
        "at_bound": result.at_bound(),
        "sampling": problem.recording.dt,
        "load": load,
        "machine": machine(),
        "versions": versions(),
        "written": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return plain(row)


def scored(result: dn.FitResult) -> dict[str, Any]:
    """The loss of the free run, and the scores of the fitted and of the held-out sweeps."""
    scores = result.scores()
    fitted = [score for score in scores if not score.held_out]
    found = {
        "loss": result.loss,
        "recorded_spikes": [score.recorded_spikes for score in fitted],
        "model_spikes": [score.model_spikes for score in fitted],
        "fitted": _summary(result, held_out=False),
    }
    return found | ({"held_out": _summary(result, held_out=True)} if result.held_out else {})


def _summary(result: dn.FitResult, held_out: bool) -> dict[str, Any]:
    summary = result.summary(held_out=held_out)
    rates = result.step_rates()
    chosen = rates.held_out == held_out
    errors = np.abs(rates.model_rate - rates.recorded_rate)[chosen]
    return {
        "sweeps": summary.sweeps,
        "coincidence": summary.coincidence,
        "rms_error": summary.rms_error,
        "explained_variance": summary.explained_variance,
        "rate_error": float(np.mean(errors)) if errors.size else math.nan,
        "relative_rate_error": summary.rate_error,
        "latency_error": summary.latency_error,
        "wrongly_silent": summary.wrongly_silent,
        "wrongly_firing": summary.wrongly_firing,
    }


def plain(value: Any) -> Any:
    """The same of dictionaries, lists and numbers that JSON knows; what is not finite is None."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
