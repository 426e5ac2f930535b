"""Train on drawn faces over many processes: the program that torchrun starts.

torchrun --nproc-per-node 2 -m facetoy.large --identities 1000 --checkpoint run
"""

import argparse
import json

import torch.distributed as dist

from facetoy.data import load, open_split
from facetoy.large.sharded import connect
from facetoy.large.training import equal_error, strangers, train


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="torchrun … -m facetoy.large", description=train.__doc__)
    for name, value, words in (
        ("loss", "arcface", "a name of facetoy.losses.LOSSES"),
        ("identities", 1000, "drawn people"), ("images", 20, "of each"), ("size", 32, "pixels"),
        ("dim", 128, "length of a feature"), ("epochs", 10, ""),
        ("batch-size", 256, "of all ranks"),
        ("lr", 0.005, "at the start"), ("optimizer", "adam", "or sgd"),
        ("warmup", 0.3, "part of the steps in which the margin rises"),
        ("sample-rate", 1.0, "share of the classes used in a step"),
        ("seed", 0, ""), ("strangers", 200, "more people, to judge the network by"),
        ("every", 50, "steps between checkpoints"),
        ("timeout", 300.0, "seconds to wait for a rank"),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=type(value), default=value, help=words)
    for short, name in (("s", "scale"), ("m", "margin")):
        parser.add_argument(f"--{name}", type=float, dest=short, help=f"{short} of the loss")
    parser.add_argument("--checkpoint", help="a folder to write, and to go on from")
    args = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    people, more, images, size = (
        args.pop(name) for name in ("identities", "strangers", "images", "size")
    )
    with connect(args.pop("timeout")) as device:
        faces = load("toyfaces", identities=people + more, images=images, size=size)
        data = open_split(faces, people, strangers=more)
        strangers(data)  # too few would be noticed only after the training
        net, report = train(data, device=device, **args)
        if dist.get_rank() == 0:
            print(json.dumps({**report._asdict(), "eer": equal_error(net, data, device)}))


if __name__ == "__main__":
    main()
