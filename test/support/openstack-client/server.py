"""The real `openstack` client, loaded once: a fork of this process runs each command.

server.py SOCKET: says "ready" when it listens, and ends with its standard input. A command comes as JSON (its words,
environment and directory) with the three standard files beside it, and its exit code goes back.
"""

import array
import json
import os
import select
import signal
import socket
import struct
import sys
from importlib.metadata import entry_points

SOCKET = sys.argv[1]
# What it calls itself in its messages, from when it is loaded on.
sys.argv[:] = ["openstack"]

from openstackclient import shell  # noqa: E402

GROUPS = (
    "openstack.cli",
    "openstack.cli.base",
    "openstack.cli.extension",
    "openstack.common",
    "openstack.compute.v2",
    "openstack.identity.v3",
    "openstack.image.v2",
    "openstack.key_manager.v1",
    "openstack.network.v2",
    "openstack.volume.v3",
)


def load():
    for group in GROUPS:
        for point in entry_points(group=group):
            try:
                point.load()
            except Exception:  # A command that cannot be loaded fails when it is asked for, as in the client itself.
                pass


def received(connection):
    fds = array.array("i")
    first, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * fds.itemsize))
    for _, _, data in ancillary:
        fds.frombytes(data[: 3 * fds.itemsize])
    (length,) = struct.unpack(">I", first)
    text = b""
    while len(text) < length:
        text += connection.recv(length - len(text))
    return json.loads(text), list(fds)


def run(connection):
    request, fds = received(connection)
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["words"]
    try:
        code = shell.main(request["words"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    connection.sendall(bytes([(code or 0) & 0xFF]))


def main():
    load()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    # A thread would do to wait for the end, and fork with the lock of standard input held.
    while 0 not in select.select([listener, 0], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                run(connection)
            finally:
                os._exit(0)
        connection.close()


main()
