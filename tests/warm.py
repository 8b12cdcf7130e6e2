"""A `python` for the documents' commands that does not import the program anew for each: that would take a third of
the time of all of them.

One process has imported the program, has done nothing with it, and forks a child for each call of `python -m etl`. The
child has the caller's streams, folder and environment, and ends as the real one does. Any other call of `python` goes
to the real interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENT = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:3] != ["-m", "etl"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    call = json.dumps([sys.argv[3:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(call).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(call)
    sys.exit(int(server.recv(8) or b"70"))
"""


@contextmanager
def python(folder: Path) -> Iterator[Path]:
    """A folder for the front of PATH, in which `python` is the warm one."""
    address, client = folder / "warm.socket", folder / "warm" / "python"
    client.parent.mkdir()
    client.write_text(CLIENT.format(python=sys.executable, address=str(address)), encoding="utf-8")
    client.chmod(0o755)
    with subprocess.Popen([sys.executable, "-m", "tests.warm", address], cwd=ROOT) as server:
        try:
            while not address.exists():
                assert server.poll() is None, "the program can't be imported"
                time.sleep(0.01)
            yield client.parent
        finally:
            server.terminate()


def serve(address: str) -> None:
    """Imports the program, then forks for each call until it is told to end."""
    from etl.archive import editions
    from etl.audit import reproduce
    from etl.cli.app import run
    from etl.report import html, pdf

    assert all((editions, reproduce, html, pdf)), "most commands come to need them"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: they answer for themselves
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen()
        Path(f"{address}.new").rename(address)
        while True:
            caller, _ = listener.accept()
            if not os.fork():
                listener.close()
                answer(caller, run)
            caller.close()


def answer(caller: socket.socket, run: object) -> None:
    """Runs one call in this process, tells the caller its exit code, and ends."""
    length, streams, _, _ = socket.recv_fds(caller, 4, 3)
    with caller.makefile("rb") as call:
        arguments, folder, environment = json.loads(call.read(int.from_bytes(length, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    code: object = 0
    try:
        assert callable(run)
        run()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    caller.sendall(str(code if isinstance(code, int) else 1).encode())
    caller.close()
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
