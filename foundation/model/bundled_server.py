"""The child process of foundation.model.bundled: `python -m foundation.model.bundled_server MODEL.gguf NAME`.

Prints its base_url when it is ready, and ends when its standard input does.
"""

import os
import sys

from foundation.model.bundled import SLOTS

_CONTEXT = 2048  # tokens of prompt and reply of one call


def _threads() -> int:
    """One core is left to the graph server and to pgraph itself.

    The threads of llama.cpp wait for one another by spinning: with as many as there are cores, any other load makes
    them a hundred times slower (measured on two busy cores: 0.7 tokens a second with two threads, 25 with one).
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(8, cores - 1))


def main() -> None:
    # what llama.cpp prints belongs into the log; the address alone goes to the pipe
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import xllamacpp

    model, name = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * _CONTEXT
    params.cache_ram_mib = 0  # each slot keeps the prompt's fixed part; no further copies in memory
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = _threads()
    # A model this small goes round in circles: of 42 answers 31 were usable as it comes, 35 with these two.
    params.sampling.min_p = 0.1
    params.sampling.dry_multiplier = 0.8
    params.endpoint_slots = False
    params.ui = False
    server = xllamacpp.Server(params)
    answer.write(server.listening_address.rstrip("/") + "/v1\n")
    answer.flush()
    while os.read(0, 1000):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
