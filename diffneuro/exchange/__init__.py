"""Models for other simulators."""

from ._neuroml import to_neuroml as to_neuroml
from ._neuron import to_neuron as to_neuron
