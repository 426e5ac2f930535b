"""What a training has around it: a device, one thread, random numbers of its own, and Ctrl-C."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch


def chosen_device(device: str) -> torch.device:
    """What "auto" stands for, or the device of that name; ValueError if it is not there."""
    if device != "auto":
        try:
            return torch.empty(0, device=device).device
        except (RuntimeError, AssertionError, TypeError) as error:
            raise ValueError(
                f"device must be 'auto' or a device that torch has here, got {device!r}"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


#: torch has one state of its random numbers and one number of threads. Who changes them holds this,
#: so that threads of Python which train do so one after the other.
_torch = threading.RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch: a second one only gets in the way of a network this small, most on a
    busy machine."""
    with _torch:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers from ``seed``; afterwards torch's random state is what it was."""
    devices = [device] if device.type == "cuda" else []
    with _torch, torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


#: Who handles a signal that asks for an end, if nobody else does.
DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


@contextmanager
def interruptible(
    signals: Sequence[signal.Signals] = (signal.SIGINT,),
) -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that no step is left half done. A second Ctrl-C interrupts."""
    event = threading.Event()

    def ask(number: int, frame: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for s in signals:
                if signal.getsignal(s) is DEFAULTS[s]:
                    signal.signal(s, ask)
                    stack.callback(signal.signal, s, DEFAULTS[s])
        yield event
