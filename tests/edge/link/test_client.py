"""The link against a real gRPC server over real mutual TLS on loopback."""

import json

import grpc

from edge.link.transitions import State
from edge.wire.eye_status import ensure_eye_folder, eye_status_path
from edge.wire.v1 import session_pb2
from tests.fakes.authority import Authority
from tests.fakes.pole import Pole, Told
from tests.fakes.server import DEVICE, Script, Server


async def test_events_arrive_are_acknowledged_and_leave_the_spool(
    pole: Pole, authority: Authority
) -> None:
    last_seq = pole.append(50)
    async with Server(authority) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link():
            await server.wait_until(lambda: last_seq in server.script.stored, "all events")
            more = pole.append(1)
            await server.wait_until(lambda: more in server.script.stored, "the rung one")
    assert server.script.doubled == 0
    assert server.script.peers == [f"vigie://device/{DEVICE}"]
    assert pole.read_pending() == 0


async def test_the_dictionary_goes_before_the_batch_that_needs_it(
    pole: Pole, authority: Authority
) -> None:
    pole.append(1)
    async with Server(authority) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link():
            await server.wait_until(lambda: 1 in server.script.stored, "the event")
    contents = [message.WhichOneof("content") for message in server.script.seen]
    assert contents[0] == "hello"
    assert contents.index("dictionary") < contents.index("batch")
    assert server.script.get_seen("dictionary")[0].dictionary.rules[0].name == "gate"


async def test_no_more_than_the_window_is_under_way_without_an_ack(
    pole: Pole, authority: Authority
) -> None:
    pole.append(20)
    script = Script(window_batches=3, acks=False)
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link() as client:
            await server.wait_until(lambda: len(script.get_seen("batch")) == 3, "three batches")
            pole.append(1)
            await server.wait_until(lambda: len(script.get_seen("status")) >= 1, "a status")
            assert client.state is State.STREAMING
    assert len(script.get_seen("batch")) == 3


async def test_a_collector_that_was_away_gets_everything_once(
    pole: Pole, authority: Authority
) -> None:
    pole.append(5)
    async with Server(authority) as first:
        pole.put_identity(authority, first.sessions)
        async with pole.run_link():
            await first.wait_until(lambda: 5 in first.script.stored, "five events")
            await first.stop()
            last_seq = pole.append(5)
            async with Server(authority, script=first.script, port=first.port) as second:
                await second.wait_until(lambda: last_seq in second.script.stored, "the rest")
    assert sorted(first.script.stored) == list(range(1, 11))
    assert first.script.doubled == 0


async def test_a_status_goes_up_at_connect_with_the_eyes_word(
    pole: Pole, authority: Authority
) -> None:
    ensure_eye_folder(pole.data)
    cameras = [{"camera": "north", "is_open": True, "frames_captured": "12"}]
    eye_status_path(pole.data).write_text(json.dumps({"cameras": cameras, "of_later": 1}))
    async with Server(authority) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link():
            await server.wait_until(lambda: bool(server.script.get_seen("status")), "a status")
            status = server.script.get_seen("status")[0].status
            assert status.cameras[0].camera == "north"
            assert status.disk_free_bytes > 0
            cameras[0]["is_open"] = False
            eye_status_path(pole.data).write_text(json.dumps({"cameras": cameras}))
            await server.wait_until(
                lambda: len(server.script.get_seen("status")) == 2, "a status after the change"
            )


async def test_a_command_is_answered_once_done_and_again_when_repeated(
    pole: Pole, authority: Authority
) -> None:
    report = session_pb2.Command(id=7, report_status=session_pb2.ReportStatus())
    script = Script(commands=[report, report])
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link():
            await server.wait_until(lambda: len(script.get_seen("answer")) == 2, "two answers")
        async with pole.run_link():
            await server.wait_until(lambda: len(script.get_seen("answer")) == 4, "after a restart")
    answers = [message.answer for message in script.get_seen("answer")]
    assert {(answer.id, answer.code) for answer in answers} == {(7, session_pb2.ANSWER_CODE_DONE)}
    # One at each connect, one for the command, which is remembered over the restart.
    assert len(script.get_seen("status")) == 3


async def test_a_renewal_moves_the_stream_to_a_second_channel(
    pole: Pole, authority: Authority, told: Told
) -> None:
    renew = session_pb2.Command(id=1, renew_certificate=session_pb2.RenewCertificate())
    script = Script(commands=[renew])
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        before = pole.directory.read_identity()
        async with pole.run_link():
            await server.wait_until(lambda: len(script.get_seen("hello")) == 2, "a second hello")
            script.commands.clear()
            last_seq = pole.append(3)
            await server.wait_until(lambda: last_seq in script.stored, "events on the new stream")
            await server.wait_until(lambda: script.open_streams == 1, "the old stream's end")
    after = pole.directory.read_identity()
    assert after.certificate_pem != before.certificate_pem
    assert after.key_pem != before.key_pem
    assert not (pole.directory.path / "key.next.pem").exists()
    answers = [message.answer.code for message in script.get_seen("answer")]
    assert set(answers) == {session_pb2.ANSWER_CODE_DONE}
    assert len(script.keys) == 1
    assert "link_closing because=moved" in told.lines


async def test_a_refused_renewal_keeps_the_stream_and_says_so(
    pole: Pole, authority: Authority, told: Told
) -> None:
    renew = session_pb2.Command(id=1, renew_certificate=session_pb2.RenewCertificate())
    refused = (grpc.StatusCode.PERMISSION_DENIED, "device north-gate is revoked")
    script = Script(commands=[renew], refuse_enrolment=refused)
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link():
            await server.wait_until(lambda: bool(script.get_seen("answer")), "an answer")
    answer = script.get_seen("answer")[0].answer
    assert answer.code == session_pb2.ANSWER_CODE_FAILED
    assert answer.message == "the collector refused: device north-gate is revoked"
    assert len(script.get_seen("hello")) == 1
    assert any(line.startswith("certificate_not_renewed") for line in told.lines)
