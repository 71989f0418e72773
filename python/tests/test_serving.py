"""How a hub is served: the options of `serve`, and what it says of itself."""

import os
import socket
import sys
import urllib.request
from dataclasses import fields, replace

import pytest
from eventwire import Ended, Hub, StatusError, connect
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

IN_PEACE = Ended(gone=0, vanished=0, slow=0, stalled=0, failed=0, expired=0, drained=0, closed=0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"threads": 257}, "threads is 257: give 0 .* to 256"),
        ({"threads": -1}, "threads is -1"),
        ({"max_connections": 0}, "max_connections is 0: give at least 1"),
        ({"write_timeout": 0.0}, "write_timeout is 0: give seconds, more than zero"),
        ({"write_timeout": -1.0}, "write_timeout is -1"),
        ({"write_timeout": float("inf")}, "write_timeout is inf"),
        ({"write_timeout": 1e9}, "write_timeout is .*, up to 24 hours"),
        ({"peer_timeout": 3.0}, "peer_timeout is 3s: give 4 seconds to 24 hours"),
        ({"peer_timeout": float("nan")}, "peer_timeout is NaN"),
        ({"send_buffer": 100}, "send_buffer is 100: give 4096"),
        ({"send_buffer": sys.maxsize}, "send_buffer is"),
        ({"max_body": -1}, "max_body is -1"),
    ],
)
def test_an_option_beyond_its_bounds_is_a_value_error_that_names_it(hub, wrong, told):
    with pytest.raises(ValueError, match=told):
        hub.serve("127.0.0.1:0", **wrong)


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_threads_write_the_streams(hub, threads):
    hub.publish("news", "x")
    with hub.serve("127.0.0.1:0", threads=threads) as server:
        streams = [connect(f"{server.url}/events?topic=news&start=earliest") for _ in range(5)]
        assert [next(stream).data for stream in streams] == ["x"] * 5
        until(lambda: server.sharded == (5 if threads else 0))
        assert (server.connections, server.refused) == (5, 0)
        for stream in streams:
            stream.close()
        until(lambda: (server.connections, server.sharded) == (0, 0))


def test_one_connection_too_many_is_refused_and_counted(hub):
    with hub.serve("127.0.0.1:0", max_connections=1) as server:
        url = f"{server.url}/events?topic=news&start=earliest"
        hub.publish("news", "x")
        with connect(url) as stream:
            next(stream)
            with pytest.raises(StatusError) as caught:
                next(connect(url, retry=None))
        assert caught.value.status == 503
        assert server.refused == 1


def test_the_system_is_told_of_the_time_a_peer_has_and_of_the_buffer(hub):
    with hub.serve("127.0.0.1:0", peer_timeout=20, send_buffer=8192) as server:
        client = socket.create_connection(address(server))
        until(lambda: server.connections == 1)
        with client, other_end(client) as accepted:
            tcp_user_timeout = 18  # of Linux; this Python has no name for it yet
            assert accepted.getsockopt(socket.IPPROTO_TCP, tcp_user_timeout) == 20_000
            # Linux keeps its own books in the same room, and so doubles it.
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 8192


def test_who_takes_nothing_is_ended_and_counted(hub):
    with hub.serve("127.0.0.1:0", write_timeout=0.2, send_buffer=4096) as server:
        with socket.create_connection(address(server)) as client:
            client.sendall(b"GET /events?topic=news HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: hub.stats().subscribers == 1)
            # More than the system keeps for a reader that is slow.
            for _ in range(200):
                hub.publish("news", "x" * 65536)
            until(lambda: hub.stats().subscribers == 0)
        assert hub.stats().ended == replace(IN_PEACE, stalled=1)


@pytest.mark.parametrize("threads", [0, 1])
def test_the_lag_is_that_of_the_slowest_until_it_has_caught_up(hub, threads):
    with hub.serve("127.0.0.1:0", threads=threads) as server:
        with socket.create_connection(address(server)) as slow, hub.subscribe("news") as quick:
            slow.sendall(b"GET /events?topic=news HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: hub.stats().subscribers == 2)
            # Of which the system keeps some for who reads nothing, and not the half.
            for _ in range(400):
                hub.publish("news", "x" * 65536)
                next(quick)
            assert 200 < hub.stats().lag <= 400
            end = hub.publish("news", "the end")
            received = bytearray()
            while b"the end" not in received[-100:]:
                received += slow.recv(1 << 20)
            until(lambda: (hub.stats().lag, hub.stats().delivered) == (0, 2 * 401))
        stats = hub.stats()
    assert stats.last_event_id == end
    assert stats.delivered_bytes == 2 * stats.bytes


def test_what_is_retained_is_counted():
    with Hub(retained={"news": 1}) as hub:
        for data in "12":
            hub.publish("news", data)
        stats = hub.stats()
    assert (stats.retained, stats.events) == (1, 2)
    assert 0 < stats.retained_bytes < stats.bytes


def test_prometheus_reads_what_stats_say(hub, server, news):
    hub.publish("news", "x")
    with connect(news) as stream:
        next(stream)
        # What is sent is counted after it.
        until(lambda: (hub.stats().delivered, hub.stats().lag) == (1, 0))
        with urllib.request.urlopen(f"{server.url}/metrics") as response:
            assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
            text = response.read().decode()
        stats = hub.stats()
    metrics = {metric.name: metric for metric in text_string_to_metric_families(text)}
    assert all(metric.documentation for metric in metrics.values())
    assert {metric.type for metric in metrics.values()} == {"counter", "gauge"}
    value = {name: metric.samples[0].value for name, metric in metrics.items()}
    for name, expected in {
        "subscribers": 1,
        "topics": stats.topics,
        "published": 1,
        "delivered": 1,
        "delivered_bytes": stats.delivered_bytes,
        "lag_events": 0,
        "resets": 0,
        "log_events": 1,
        "log_bytes": stats.bytes,
        "retained_events": 0,
        "retained_bytes": 0,
        "connections": 2,
        "refused_connections": 0,
    }.items():
        assert value[f"eventwire_{name}"] == expected, name
    ended = {sample.labels["reason"]: sample.value for sample in metrics["eventwire_ended"].samples}
    assert ended == {field.name: 0 for field in fields(Ended)}


def address(server) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    return host, int(port)


def other_end(client: socket.socket) -> socket.socket:
    """The socket of this very process that a connection of its own came to."""
    for name in os.listdir("/proc/self/fd"):
        try:
            copy = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        try:
            if copy.getpeername() == client.getsockname():
                return copy
        except OSError:
            pass
        copy.close()
    raise AssertionError("the server has no such socket")
