#!/usr/bin/env python3
"""grpcio, with code generated from our driver.proto and with none at all (server reflection), against lima-driver-example."""
import concurrent.futures
import importlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

import grpc
from google.protobuf import descriptor_pool, empty_pb2, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

from server import Server

SOURCE = pathlib.Path(os.environ["LIMA_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
from tap import Plan  # noqa: E402

EMPTY = empty_pb2.Empty()
LONGER_THAN_TWO_STRIKES = 31     # seconds: three keepalive pings of 10 s


def generate(folder):
    """Messages and stubs from the single source of the protocol."""
    paths = [f"-I{SOURCE / 'core' / 'rpc'}", f"-I{SOURCE / 'core' / 'rpc' / 'import'}"]
    if protoc.main(["protoc", *paths, f"--python_out={folder}", f"--grpc_python_out={folder}", "driver.proto"]):
        raise RuntimeError("protoc failed on driver.proto")
    sys.path.insert(0, folder)
    return importlib.import_module("driver_pb2"), importlib.import_module("driver_pb2_grpc")


class Client:
    def __init__(self, server, messages, stubs, **options):
        self.channel = grpc.insecure_channel("unix:" + server.socket, options=[
            ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", 16 << 20), *((f"grpc.{key}", value) for key, value in options.items())])
        self.messages = messages
        self.stub = stubs.DriverStub(self.channel)

    def configure(self, document):
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.stub.Configure(self.messages.SetConfigRequest(instance_config_json=text), timeout=20)

    def info(self):
        return json.loads(self.stub.Info(EMPTY, timeout=10).info_json)


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


class Cases:
    def __init__(self, server, messages, stubs):
        self.server = server
        self.make = lambda **options: Client(server, messages, stubs, **options)
        self.client = self.make()

    def info(self):
        assert self.client.info()["name"] == "example"

    def configure(self):
        answer = json.loads(self.client.configure(self.server.instance).instance_config_json)
        assert answer["config"]["mountType"]
        assert self.client.info()["instanceDir"] == str(self.server.folder)

    def start_and_cancel(self):
        stream = self.client.stub.Start(EMPTY)
        assert next(stream).success
        assert self.server.status() == "Running"
        stream.cancel()
        self.client.stub.Stop(EMPTY, timeout=60)
        assert self.server.status() != "Running"

    def start_and_stop(self):
        stream = self.client.stub.Start(EMPTY)
        assert next(stream).success
        assert self.client.info()["name"] == "example"
        self.client.stub.Stop(EMPTY, timeout=60)
        assert len(list(stream)) == 1     # the message that it has ended, then OK

    def large_message(self):
        script = "x" * (12 << 20)
        self.client.configure(dict(self.server.instance, config=dict(self.server.instance["config"], message=script)))
        self.client.configure(self.server.instance)

    def too_large_message(self):
        assert code_of(lambda: self.client.configure(b" " * (17 << 20))) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert self.client.info()

    def many_clients(self):
        clients = [self.make(use_local_subchannel_pool=1) for _ in range(32)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            names = list(pool.map(lambda client: [client.info()["name"] for _ in range(20)][-1], clients))
        assert names == ["example"] * 32
        for client in clients:
            client.channel.close()

    def unknown_method(self):
        call = self.client.channel.unary_unary("/Driver/NoSuchMethod")
        assert code_of(lambda: call(b"", timeout=10)) == grpc.StatusCode.UNIMPLEMENTED

    def refused_documents(self):
        for text in (b"", b"null", b"[]", b"{", b'{"config":"text"}', b"\xff"):
            assert code_of(lambda: self.client.configure(text)) == grpc.StatusCode.INVALID_ARGUMENT, text

    def deadline(self):
        stream = self.client.stub.Start(EMPTY, timeout=3)
        assert next(stream).success
        assert code_of(lambda: list(stream)) == grpc.StatusCode.DEADLINE_EXCEEDED
        self.client.stub.Stop(EMPTY, timeout=60)

    def health(self):
        stub = health_pb2_grpc.HealthStub(self.client.channel)
        for name in ("", "Driver", "grpc.health.v1.Health"):
            assert stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status == health_pb2.HealthCheckResponse.SERVING
        assert code_of(lambda: stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)) == grpc.StatusCode.NOT_FOUND
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()

    def reflection(self):
        database = ProtoReflectionDescriptorDatabase(self.client.channel)
        assert set(database.get_services()) >= {"Driver", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}
        pool = descriptor_pool.DescriptorPool(database)
        # By file: Python's database looks up services without a package under another name than it is asked for.
        file = pool.FindMessageTypeByName("InfoResponse").file
        method = file.services_by_name["Driver"].methods_by_name["Info"]
        reply = message_factory.GetMessageClass(method.output_type)
        call = self.client.channel.unary_unary("/Driver/Info", response_deserializer=reply.FromString)
        assert json.loads(call(b"", timeout=10).info_json)["name"] == "example"
        assert pool.FindMessageTypeByName("grpc.health.v1.HealthCheckRequest")

    def reflection_of_nothing(self):
        database = ProtoReflectionDescriptorDatabase(self.client.channel)
        for name in ("Driver.NoSuchMethod", "NoSuchThing", "Drive", "grpc"):
            try:
                database.FindFileContainingSymbol(name)
            except KeyError:
                continue
            raise AssertionError(f"{name} was found")


def idle_with_keepalive(cases, begun, failures):
    """Pings without calls, as often as Lima's server allows them, from the first case to the last."""
    client = cases.make(use_local_subchannel_pool=1, keepalive_time_ms=10000, keepalive_permit_without_calls=1,
                        **{"http2.max_pings_without_data": 0})
    states = []
    client.channel.subscribe(states.append)
    client.info()
    begun.set()
    time.sleep(LONGER_THAN_TWO_STRIKES)
    client.info()
    lost = [state for state in states if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE]
    if lost or states.count(grpc.ChannelConnectivity.READY) != 1:
        failures.append(f"the connection did not stay: {states}")


def main():
    plan = Plan()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        cases = Cases(server, *generate(folder))
        begun, failures = threading.Event(), []
        keepalive = threading.Thread(target=idle_with_keepalive, args=(cases, begun, failures))
        keepalive.start()
        begun.wait(20)
        for name in ("info", "configure", "start_and_cancel", "start_and_stop", "large_message", "too_large_message", "many_clients",
                     "unknown_method", "refused_documents", "deadline", "health", "reflection", "reflection_of_nothing"):
            plan.case(f"python {name.replace('_', ' ')}", getattr(cases, name))
        keepalive.join()

        def stayed():
            assert not failures and begun.is_set(), failures
        plan.case("python keepalive pings every 10 s", stayed)
    plan.end()


if __name__ == "__main__":
    main()
