"""The child process of pgraph.bundled: `python -m pgraph.bundled_server MODEL.gguf NAME`.

Prints its base_url when it is ready, and ends when its standard input does.
"""

import os
import sys


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
    params.n_parallel = 4
    params.n_ctx = 4 * 2048
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
