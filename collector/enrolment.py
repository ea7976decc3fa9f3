"""How a pole gets its certificate: once with a token, then with the one it has."""

import logging

import grpc

from collector.devices import Devices, EvidenceClaim
from collector.peer import DEVICE, STATUS, authorise, certificate_of, one_line, refuse_oversized
from collector.trusted import Trusted
from edge.errors import VigieError
from edge.wire.v1 import enrolment_pb2, enrolment_pb2_grpc

_log = logging.getLogger("vigie.collector")

EnrolContext = grpc.aio.ServicerContext[enrolment_pb2.EnrolRequest, enrolment_pb2.EnrolResponse]
RenewContext = grpc.aio.ServicerContext[enrolment_pb2.RenewRequest, enrolment_pb2.RenewResponse]


class Enrolments(enrolment_pb2_grpc.EnrolmentServiceServicer):
    """EnrolmentService. Enrol is reached on a port that asks for no certificate."""

    def __init__(self, devices: Devices, trusted: Trusted, session_port: int) -> None:
        self._devices = devices
        self._trusted = trusted
        self._session_port = session_port

    async def Enrol(  # noqa: N802 - gRPC's name
        self, request: enrolment_pb2.EnrolRequest, context: EnrolContext
    ) -> enrolment_pb2.EnrolResponse:
        """Redeem a token for a certificate."""
        try:
            refuse_oversized(request)
            evidence = EvidenceClaim(request.evidence_key, request.evidence_proof)
            admitted = await self._devices.enrol(
                request.device,
                request.token,
                request.csr_pem.encode(),
                evidence if evidence.key else None,
            )
        except VigieError as refused:
            _log.warning("enrolment_refused peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        _log.info("device_enrolled device=%s serial=%s", request.device, admitted.issued.serial)
        return enrolment_pb2.EnrolResponse(
            certificate_pem=admitted.issued.certificate_pem.decode(),
            session_port=self._session_port,
            trust=self._trusted.text,
            data_share=admitted.share,
        )

    async def Renew(  # noqa: N802 - gRPC's name
        self, request: enrolment_pb2.RenewRequest, context: RenewContext
    ) -> enrolment_pb2.RenewResponse:
        """Certify the next key of the device that the connection proved."""
        try:
            peer = authorise(certificate_of(context.auth_context()), DEVICE)
            refuse_oversized(request)
            issued = await self._devices.renew(peer.name, peer.serial, request.csr_pem.encode())
        except VigieError as refused:
            _log.warning("renewal_refused peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        _log.info("certificate_renewed device=%s serial=%s", peer.name, issued.serial)
        return enrolment_pb2.RenewResponse(certificate_pem=issued.certificate_pem.decode())
