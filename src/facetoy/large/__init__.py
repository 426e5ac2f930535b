"""Millions of people: a last layer spread over many machines, its training, and what it costs."""

from facetoy.large.clipping import clip_grad_norm_
from facetoy.large.costs import H100, Cost, Counts, Layer, Machine, cost, counts, memory
from facetoy.large.launching import torchrun
from facetoy.large.measuring import Measured, Off, calibrate, measure, off
from facetoy.large.process_memory import own_memory
from facetoy.large.sharded import ShardedMargin, connect, shard
from facetoy.large.training import Report, equal_error, train

__all__ = [
    "H100",
    "Cost",
    "Counts",
    "Layer",
    "Machine",
    "Measured",
    "Off",
    "Report",
    "ShardedMargin",
    "calibrate",
    "clip_grad_norm_",
    "connect",
    "cost",
    "counts",
    "equal_error",
    "measure",
    "memory",
    "off",
    "own_memory",
    "shard",
    "torchrun",
    "train",
]
