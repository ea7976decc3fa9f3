"""Synchronous gRPC as a peer: the same stream over mutual TLS, a thread for each.

It welcomes, then waits for batches and acks what it is told without storing anything: the least
that such a server can be, with gRPC's own settings. Runs in the project's own environment.

Usage: .venv/bin/python -m tools.peers.sync_streams AUTHORITY STREAMS
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from collector.authority import Authority
from edge.clock import SystemClock
from edge.wire.v1 import session_pb2, session_pb2_grpc


class Sessions(session_pb2_grpc.SessionServiceServicer):
    """Each open stream holds one thread of the pool."""

    def Connect(  # noqa: N802 - gRPC's name
        self,
        request_iterator: Iterator[session_pb2.ConnectRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[session_pb2.ConnectResponse]:
        """Welcome, then ack."""
        next(request_iterator)
        welcome = session_pb2.Welcome(wire_version=1, window_batches=32)
        yield session_pb2.ConnectResponse(welcome=welcome)
        for request in request_iterator:
            seq = request.batch.first_seq + len(request.batch.events) - 1
            yield session_pb2.ConnectResponse(ack=session_pb2.Ack(stored_seq=seq))


def main() -> None:
    """Serve on a free port of loopback, whose address is printed, until stdin ends."""
    authority = Authority(Path(sys.argv[1]), SystemClock())
    pair = authority.make_server(["127.0.0.1"])
    server = grpc.server(ThreadPoolExecutor(int(sys.argv[2])))
    session_pb2_grpc.add_SessionServiceServicer_to_server(Sessions(), server)
    credentials = grpc.ssl_server_credentials(
        [(pair.key_pem, pair.certificate_pem)], authority.ca_pem, require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
