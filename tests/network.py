"""A network between the lab and a server that a test can break: connections end, fall silent, or never begin."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Address = str | tuple[str, int]
"""A socket's path, or host and port."""


class Proxy:
    """Listens on `port` of 127.0.0.1 and passes everything on to the target."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()
        self._listen(0)

    def silence(self) -> None:
        """Take connections and bytes as before, and pass none on."""
        self._flows.clear()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self._flows.set()
        for connection in (self._listener, *self._open):
            _end(connection)
        self._open.clear()

    def mend(self) -> None:
        """Pass everything on again."""
        if self._listener.fileno() == -1:
            self._listen(self.port)
        self._flows.set()

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._open.append(near)
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._flows.wait()
        try:
            far = _reach(self._target)
        except OSError:
            _end(near)
            return
        self._open.append(far)
        threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()
        self._pass_on(far, near)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                self._flows.wait()
                sink.sendall(chunk)
        _end(source)
        _end(sink)


@contextmanager
def between(target: Address) -> Iterator[Proxy]:
    """A proxy before that target for as long as the context lasts."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.cut()


@contextmanager
def listening(says: bytes | None = None) -> Iterator[int]:
    """The port of a program on 127.0.0.1 that is no server: it says that to everyone, or nothing ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer, args=(listener, says), daemon=True)
        if says is not None:
            answering.start()
        yield listener.getsockname()[1]
        _end(listener)


def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _answer(listener: socket.socket, says: bytes) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listener.accept()
            caller.sendall(says)
            _end(caller)


def _reach(target: Address) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target)
    far = socket.socket(socket.AF_UNIX)
    far.connect(target)
    return far


def _end(endpoint: socket.socket) -> None:
    with suppress(OSError):
        endpoint.shutdown(socket.SHUT_RDWR)
    endpoint.close()
