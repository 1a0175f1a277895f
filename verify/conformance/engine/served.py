"""The process of a kernel: it loads one, runs checks on demand, and answers on a pipe that only it knows.

Neighbours: `worker` starts it.
"""

import os
import pickle
import sys
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ....kernels.errors import InputError
from ....kernels.loading import attribute
from ..check import CheckError, finding_of
from .bench import about, resolved
from .protocols import protocol_of
from .trace import Trace


def serve() -> None:
    """Answer the requests on stdin until it ends: (SPEC, options, path), then "probe", ids or places of checks."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what the kernel prints, from C as well
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def answer(kind: str, value: Any) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    asked: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_listen, args=(requests, asked), daemon=True).start()
    spec, options, path = asked.get()
    try:
        subject = resolved(spec, options)
        answer("about", about(subject))
        trace = Trace(path)
        protocol = protocol_of(subject.kernel)
        kernel = protocol.traced(trace, subject.kernel)
        subject = replace(subject, kernel=kernel, found=lambda finding: answer("found", finding))
        by_id = {check.id: check for check in protocol.checks}
        while True:
            name = asked.get()
            trace.clear()
            if name == "probe":
                answer("probed", protocol.probe(subject.kernel))
            elif name == "eager":
                sys.modules["torch"].compiler.set_stance("force_eager")
            else:
                check = by_id[name] if name in by_id else attribute(name, what="a check")
                try:
                    answer("finding", finding_of(subject, check))
                except CheckError as error:
                    answer("no check", str(error))
    except InputError as error:
        answer("refused", str(error))


def _listen(requests: Any, asked: "SimpleQueue[Any]") -> None:
    """Hand on requests; without the one who asks there is nothing left to do."""
    try:
        while True:
            asked.put(pickle.load(requests))
    except (EOFError, OSError):
        os._exit(0)
