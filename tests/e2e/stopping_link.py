"""A TCP link to a database that can go silent, without a word to either side: as where a cable is pulled."""

from __future__ import annotations

import selectors
import socket
import threading


class Link:
    """Carries bytes between clients of 127.0.0.1 and a Unix socket. `cut` leaves connections open and silent."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._carries = True
        self._over = False
        self.swallowed = 0  # bytes that nobody got
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """From now on nothing arrives, on connections that are there and on new ones."""
        self._carries = False

    def mend(self) -> None:
        """New connections are carried; those that were cut stay silent, as their packets are lost."""
        for one in list(self._peers):
            if self._known(one):
                self._selector.unregister(one)
        self._lost = list(self._peers)
        self._peers = {}
        self._carries = True

    def close(self) -> None:
        """End everything."""
        self._over = True
        self._thread.join(5)
        for one in [self._listener, *self._peers, *getattr(self, "_lost", [])]:
            one.close()

    def _known(self, one: socket.socket) -> bool:
        return one.fileno() >= 0 and one.fileno() in self._selector.get_map()

    def _run(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.1):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is self._listener:
                    self._join()
                else:
                    self._carry(one)

    def _join(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        for one, other in ((client, server), (server, client)):
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _carry(self, one: socket.socket) -> None:
        peer = self._peers.get(one)
        try:
            data = one.recv(1 << 16)
            if peer is None or not self._carries:
                self.swallowed += len(data)
                if not data and self._known(one):
                    self._selector.unregister(one)
                return
            if data:
                peer.sendall(data)
                return
        except OSError:
            pass
        for end in (one, peer):
            if end is not None and self._known(end):
                self._selector.unregister(end)
                self._peers.pop(end, None)
                end.close()
