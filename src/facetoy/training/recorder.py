"""Record what a function does to tensors once, to do it again without what it costs to find out."""

import operator
from collections.abc import Callable
from typing import Any

from torch import Tensor, fx
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode


class _Recorder(TorchDispatchMode):
    """Writes each operation into a graph: those that ``vmap`` and autograd come to, one by one.

    ``torch.fx``'s own tracers exchange methods of ``nn.Module`` meanwhile, under the feet of all
    other threads. Here nothing is exchanged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.known: dict[int, tuple[fx.Node, Tensor]] = {}  # kept, so that no id is used twice
        self.constants: dict[str, Tensor] = {}

    def name(self, value: Any, node: fx.Node) -> None:
        """Let ``node`` stand for ``value``: a tensor, or some of them."""
        if isinstance(value, Tensor):
            self.known[id(value)] = node, value
        elif isinstance(value, list | tuple):
            for k, part in enumerate(value):
                self.name(part, self.graph.call_function(operator.getitem, (node, k)))

    def node(self, value: Any) -> Any:
        """What stands for ``value``; what no operation made is a constant."""
        if not isinstance(value, Tensor):
            return value
        if id(value) not in self.known:
            name = f"constant_{len(self.constants)}"
            self.constants[name] = value.detach()
            self.known[id(value)] = self.graph.get_attr(name), value
        return self.known[id(value)][0]

    def __torch_dispatch__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        asked = map_aggregate((args, kwargs or {}), self.node)
        self.name(found, self.graph.call_function(func, *asked))
        return found


def recorded(function: Callable[..., Any], *given: Tensor) -> fx.GraphModule:
    """``function`` of tensors as a list of the operations that it took of these tensors.

    Called with others of the same shapes, it gives the same numbers, without gradients. What the
    function decides by values it decides as it did this time.
    """
    recorder = _Recorder()
    for k, value in enumerate(given):
        recorder.name(value, recorder.graph.placeholder(f"given_{k}"))
    with recorder:
        found = function(*given)
    recorder.graph.output(map_aggregate(found, recorder.node))
    return fx.GraphModule(recorder.constants, recorder.graph)
