"""Bytes in an event, and payloads in slices: the fixtures of all languages, and how files are sent and received."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eventwire
import pytest
from eventwire import Assembly, DataError, Event, EventwireError, SliceError, Transfer, slices

FOLDER = Path(__file__).resolve().parents[2] / "tests/fixtures/slices"


def cases(file: str) -> list[Any]:
    found = json.loads((FOLDER / file).read_text())["cases"]
    assert len(found) > 10
    return [pytest.param(case, id=case["name"]) for case in found]


def test_every_file_of_fixtures_is_run():
    files = {path.name for path in FOLDER.glob("*.json")}
    assert files == {"binary.json", "send.json", "receive.json", "schema.json"}


@pytest.mark.parametrize("case", cases("binary.json"))
def test_binary(case: dict[str, Any]):
    if "error" in case:
        with pytest.raises(DataError) as caught:
            Event(case["data"]).bytes()
        assert caught.value.position == case["error"]["position"]
    else:
        data = bytes.fromhex(case["bytes"])
        for kind in (bytes, bytearray, memoryview):
            assert Event.binary(kind(data)).data == case["data"]
        assert Event(case["data"]).bytes() == data


@pytest.mark.parametrize("case", cases("send.json"))
def test_send(case: dict[str, Any]):
    payload = bytes.fromhex(case["payload"])
    if "error" in case["expect"]:
        with pytest.raises(ValueError, match=r"slice_size|event type|name"):
            slices(payload, **case["options"])
        return
    made = [(event.event, event.id, event.data) for event in slices(payload, **case["options"])]
    assert made == [(e["event"], e["id"], e["data"]) for e in case["expect"]["events"]]


@pytest.mark.parametrize("case", cases("receive.json"))
def test_receive(case: dict[str, Any], tmp_path: Path):
    events = [
        Event(data if isinstance(data := e["data"], str) else json.dumps(data), event=e["event"])
        for e in case["events"]
    ]
    options = case.get("options", {})
    taken: list[str | None] = []
    outcome = assembled(events, options, taken)
    expect = case["expect"]
    assert taken == expect["taken"]
    target = tmp_path / "target"
    if "error" in expect:
        wanted = dict(expect["error"])
        assert isinstance(outcome, SliceError)
        assert wanted.pop("says", "") in str(outcome)
        told = {name: getattr(outcome, name) for name in ("index", "expected", "position")}
        told["kind"] = outcome.reason
        assert {name: value for name, value in told.items() if value is not None} == wanted
        with pytest.raises(SliceError):
            eventwire.receive_file(events, target, **options)
        assert list(tmp_path.iterdir()) == []
    else:
        assert outcome == Transfer(**expect["transfer"])
        assert eventwire.receive_file(events, target, **options) == outcome
        assert target.read_text() == "".join(filter(None, taken))


def assembled(
    events: list[Event], options: dict[str, Any], taken: list[str | None]
) -> Transfer | SliceError:
    assembly = Assembly(**options)
    try:
        for event in events:
            part = assembly.take(event)
            taken.append(None if part is None else part.decode())
        return assembly.finish()
    except SliceError as error:
        return error


def test_an_event_of_bytes_has_all_the_fields():
    event = Event.binary(b"\x00", event="chunk", id="7", retry=5)
    assert (event.event, event.data, event.id, event.retry) == ("chunk", "AA==", "7", 5)
    assert event == Event("AA==", event="chunk", id="7", retry=5)
    with pytest.raises(TypeError, match=r"binary\(\) takes bytes.*not str"):
        Event.binary("text")  # type: ignore[arg-type]
    with pytest.raises(EventwireError, match="line break"):
        Event("AAAA\nAAAA").bytes()


PAYLOAD = bytes(range(256)) * 1000


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "payload.bin"
    path.write_bytes(PAYLOAD)
    return path


def test_a_file_through_a_hub(server, hub, payload, tmp_path):
    url = f"{server.url}/events?topic=files&start=earliest"
    sent = eventwire.send_file(hub, "files", payload, slice_size=10_000)
    assert (sent.name, sent.size, sent.count) == ("payload.bin", 256_000, 26)
    target = tmp_path / "received"
    assert eventwire.receive_file(url, target) == sent
    assert target.read_bytes() == PAYLOAD
    # Sent again, it goes out again.
    eventwire.send_file(hub, ["files", "more"], payload, slice_size=10_000)
    assert hub.stats().events == 52
    assert eventwire.receive_file(hub.subscribe("more", start="earliest"), target) == sent


def test_a_file_by_a_publisher(server, hub, payload, tmp_path):
    with eventwire.Publisher(server.url) as publisher:
        sent = eventwire.send_file(publisher, "files", payload, slice_size=50_000)
    target = tmp_path / "received"
    assert eventwire.receive_file(hub.subscribe("files", start="earliest"), target) == sent
    assert target.read_bytes() == PAYLOAD


def test_a_file_asynchronously(run, payload, tmp_path):
    async def main():
        with eventwire.Hub() as hub, hub.serve("127.0.0.1:0") as server:
            url = f"{server.url}/events?topic=files&start=earliest"
            target = tmp_path / "received"
            receiving = asyncio.create_task(eventwire.areceive_file(url, target))
            sent = await eventwire.asend_file(hub, "files", payload, slice_size=10_000)
            assert await receiving == sent
            assert target.read_bytes() == PAYLOAD
            async with eventwire.APublisher(server.url) as publisher:
                await eventwire.asend_file(publisher, "other", b"abc", name="n", slice_size=2)
            source = hub.subscribe("other", start="earliest")
            assert (await eventwire.areceive_file(source, target)).name == "n"
            assert target.read_bytes() == b"abc"

    run(main())


def test_the_right_function_for_the_right_target(tmp_path):
    with pytest.raises(TypeError, match="asend_file"):
        eventwire.send_file(eventwire.APublisher("http://127.0.0.1:1"), "t", b"")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a Hub or a Publisher, not str"):
        eventwire.send_file("http://127.0.0.1:1", "t", b"")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not AsyncEventStream: areceive_file"):
        eventwire.receive_file(eventwire.aconnect("http://127.0.0.1:1"), tmp_path / "x")  # type: ignore[arg-type]

    async def main():
        with pytest.raises(TypeError, match="send_file"):
            await eventwire.asend_file(eventwire.Publisher("http://127.0.0.1:1"), "t", b"")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="takes a Hub or an APublisher, not NoneType"):
            await eventwire.asend_file(None, "t", b"")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not list: receive_file"):
            await eventwire.areceive_file([], tmp_path / "x")  # type: ignore[arg-type]

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


def test_slices_go_on_where_a_reader_was(payload):
    events = list(slices(payload, slice_size=100_000))
    assert [event.json()["index"] for event in events] == [0, 1, 2]
    assert list(slices(payload, slice_size=100_000, last_event_id=events[0].id)) == events[1:]
    assert list(slices(payload, slice_size=100_000, last_event_id=events[2].id)) == []


def test_slices_can_be_read_by_several(payload):
    made = slices(payload, slice_size=1000)
    found: list[int] = []

    def read():
        found.extend(event.json()["index"] for event in made)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(256))


def test_a_wait_for_a_slice_that_is_cancelled_loses_none(run, payload):
    async def main():
        made = slices(payload, slice_size=1000)
        found = []
        while len(found) < 256:
            waiting = asyncio.ensure_future(anext(made))
            await asyncio.sleep(0)
            if len(found) % 2 and not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])
                waiting = asyncio.ensure_future(anext(made))
            found.append((await waiting).json()["index"])
        assert found == list(range(256))

    run(main())


def test_a_file_that_changes_while_it_is_sent(payload, hub):
    made = slices(payload, slice_size=100_000)
    next(made)
    with payload.open("r+b") as file:
        file.truncate(150_000)
    with pytest.raises(SliceError, match=r"payload\.bin changed.*shorter") as caught:
        list(made)
    assert caught.value.reason == "changed"
    assert next(made, None) is None


def test_what_cannot_be_read(tmp_path, hub):
    with pytest.raises(FileNotFoundError) as caught:
        eventwire.send_file(hub, "files", tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        eventwire.send_file(hub, "files", tmp_path)
    with pytest.raises(ValueError, match="no regular file"):
        eventwire.send_file(hub, "files", "/dev/zero")
    assert hub.stats().events == 0


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        eventwire.receive_file([], tmp_path / "none" / "file")
    with pytest.raises(IsADirectoryError) as caught:
        eventwire.receive_file([], tmp_path)
    assert caught.value.filename == str(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        eventwire.receive_file([], tmp_path / "file" / "file")
    # A folder that nobody may write to, root neither.
    with pytest.raises(OSError, match="/proc/target") as refused:
        eventwire.receive_file([], "/proc/target")
    assert refused.value.errno is not None


def test_a_target_is_replaced_by_a_whole_file_only(tmp_path):
    target = tmp_path / "target"
    target.write_text("before")
    events = list(slices(b"what comes after", slice_size=5))
    with pytest.raises(SliceError) as caught:
        eventwire.receive_file(events[:2], target)
    assert (caught.value.reason, caught.value.expected) == ("missing", 2)
    assert target.read_text() == "before"
    seen = []

    def watched() -> Iterator[Event]:
        for event in events:
            seen.append((target.read_text(), len(list(tmp_path.iterdir()))))
            yield event

    eventwire.receive_file(watched(), target)
    assert seen == [("before", 2)] * len(events)
    assert target.read_text() == "what comes after"
    assert list(tmp_path.iterdir()) == [target]


def test_the_mode_of_a_received_file_is_that_of_any(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    eventwire.receive_file(slices(b"x"), tmp_path / "received")
    assert (tmp_path / "received").stat().st_mode == plain.stat().st_mode


def test_a_name_is_no_path(tmp_path):
    target = tmp_path / "target"
    events = slices(b"x", name="../../escaped")
    assert eventwire.receive_file(events, target).name == "../../escaped"
    assert list(tmp_path.iterdir()) == [target]


def test_a_reader_that_fails_leaves_nothing(tmp_path):
    def failing() -> Iterator[Event]:
        yield next(slices(b"abc", slice_size=1))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        eventwire.receive_file(failing(), tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_that_never_ends_can_be_cancelled(run, tmp_path):
    async def main():
        started = asyncio.Event()

        async def endless():
            yield next(slices(b"abc", slice_size=1))
            started.set()
            while True:
                await asyncio.sleep(0)
                yield Event("something else")

        task = asyncio.create_task(eventwire.areceive_file(endless(), tmp_path / "target"))
        await started.wait()
        assert len(list(tmp_path.iterdir())) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(tmp_path.iterdir()) == []

    run(main())


def test_a_send_that_is_cancelled_stops(run, payload):
    async def main():
        with eventwire.Hub() as hub:
            sending = asyncio.create_task(
                eventwire.asend_file(hub, "files", payload, slice_size=10)
            )
            await anext(hub.subscribe("files", start="earliest"))
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert 0 < hub.stats().events < 25_600

    run(main())


def test_a_log_that_is_too_short_is_said(tmp_path):
    with eventwire.Hub(max_bytes=100_000) as hub, hub.serve("127.0.0.1:0") as server:
        eventwire.send_file(hub, "files", PAYLOAD, name="x", slice_size=10_000)
        url = f"{server.url}/events?topic=files&start=earliest"
        with pytest.raises(SliceError, match="max_bytes") as caught:
            eventwire.receive_file(url, tmp_path / "target")
    assert (caught.value.reason, caught.value.expected) == ("missing", 0)
    assert list(tmp_path.iterdir()) == []
