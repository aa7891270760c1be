"""The network and the task of `networks.train` in snnTorch."""

import json
import math
import time

import numpy as np
import snntorch as snn  # pyright: ignore[reportMissingImports]
import torch  # pyright: ignore[reportMissingImports]
from snntorch import surrogate  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

from ..networks.task import (
    BATCH,
    DT,
    GROUPS,
    HIDDEN,
    INPUTS,
    RATE,
    STEPS,
    TEST_BATCHES,
    UPDATES,
    samples,
)

# As ours: a synapse of 5 ms and a membrane of 20 ms.
_ALPHA, _BETA = math.exp(-DT / 5.0), math.exp(-DT / 20.0)


class Net(nn.Module):
    """Inputs, a hidden layer and a readout that does not spike; none recurrent."""

    def __init__(self):
        super().__init__()
        slope = surrogate.fast_sigmoid(slope=4)
        self.into = nn.Linear(INPUTS, HIDDEN, bias=False)
        self.hidden = snn.Synaptic(
            alpha=_ALPHA, beta=_BETA, spike_grad=slope, reset_mechanism="zero"
        )
        self.out = nn.Linear(HIDDEN, GROUPS, bias=False)
        self.readout = snn.Synaptic(
            alpha=_ALPHA, beta=_BETA, spike_grad=slope, reset_mechanism="none"
        )

    def forward(self, rasters: "torch.Tensor") -> "torch.Tensor":
        """(batch, GROUPS) logits: the readout's mean voltages, of (STEPS, batch, INPUTS)."""
        current, voltage = self.hidden.reset_mem()
        other, shown = self.readout.reset_mem()
        # All steps at once, as ours.
        driven = self.into(rasters)
        kept = []
        for step in range(STEPS):
            spikes, current, voltage = self.hidden(driven[step], current, voltage)
            _, other, shown = self.readout(self.out(spikes), other, shown)
            kept.append(shown)
        return torch.stack(kept).mean(0)


def main() -> None:
    """Train on fresh samples, test on others, and print one JSON line."""
    torch.manual_seed(0)
    random, net = np.random.default_rng(1), Net()
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    judge = nn.CrossEntropyLoss()

    def batch():
        rasters, labels = samples(random, BATCH)
        return torch.from_numpy(rasters.transpose(1, 0, 2).copy()), torch.from_numpy(labels)

    times, processor, curve = [], [], []
    for _ in range(UPDATES):
        rasters, labels = batch()
        began, used = time.perf_counter(), time.process_time()
        logits = net(rasters)
        value = judge(logits, labels)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        times.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
        curve.append(float((logits.argmax(1) == labels).float().mean()))
    with torch.no_grad():
        tests = [batch() for _ in range(TEST_BATCHES)]
        right = [float((net(x).argmax(1) == y).float().mean()) for x, y in tests]
    found = {
        "accuracy": float(np.mean(right)),
        "updates": UPDATES,
        "per_update": min(times),
        "per_update_median": float(np.median(times)),
        "processor_per_update": min(processor),
        "versions": {"torch": torch.__version__, "snntorch": snn.__version__},
        "curve": curve[:: UPDATES // 10],
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
