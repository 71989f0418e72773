"""What a user does first with the installed package: decode, encode, publish, subscribe."""

import eventwire

decoder = eventwire.Decoder()
assert [event.data for event in decoder.feed(b"data: hel")] == []
assert [event.data for event in decoder.feed(b"lo\n\n")] == ["hello"]
assert eventwire.encode("hello", event="greeting") == b"event: greeting\ndata: hello\n\n"

hub = eventwire.Hub()
published = hub.publish("news", "over a socket")
with (
    hub.serve("127.0.0.1:0") as server,
    eventwire.connect(f"{server.url}/events?topic=news&start=earliest") as stream,
):
    event = next(stream)
    assert (event.data, event.id) == ("over a socket", published), event

print("ok")
