#!/usr/bin/env python3
"""Networks and endpoints in the double (facts 5, 10.2)."""
import unittest
import uuid

from host import codes, dumps, main, may_have_port_22, refused

NEW = dumps({"SchemaVersion": {"Major": 2, "Minor": 0}, "Flags": 0})
DEFAULT_SWITCH = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444"


def create(pc, document, guid=None):
    pc.hcn.call("HcnCreateNetwork", guid=guid or str(uuid.uuid4()), document=dumps(document))


def filtered(pc, what, **wanted):
    query = dumps({"SchemaVersion": {"Major": 2, "Minor": 0}, "Flags": 0, "Filter": dumps(wanted)})
    return pc.hcn.call(f"HcnEnumerate{what}", query=query)


def both_dialects(pc):
    network = pc.network()
    end = pc.endpoint(network)
    new = pc.hcn.call("HcnQueryEndpointProperties", guid=end, query=NEW)
    assert new["IpConfigurations"] == [{"IpAddress": "172.29.64.2", "PrefixLength": 24}] and new["HostComputeNetwork"] == network, new
    old = pc.hcn.call("HcnQueryEndpointProperties", guid=end)
    assert old["IPAddress"] == "172.29.64.2" and old["GatewayAddress"] == "172.29.64.1" and old["VirtualNetwork"] == network, old
    assert "Ipams" in pc.hcn.call("HcnQueryNetworkProperties", guid=network, query=NEW)
    assert pc.hcn.call("HcnQueryNetworkProperties", guid=network, query="{}")["Subnets"][0]["AddressPrefix"] == "172.29.64.0/24"


def documents_that_are_refused(pc):
    with refused(codes.HCN_INVALID_JSON, "SchemaVersion"):
        create(pc, {"Type": "ICS"})
    with refused(codes.HCN_INVALID_JSON, "Nonsense"):
        create(pc, {"SchemaVersion": {"Major": 2, "Minor": 0}, "Type": "ICS", "Nonsense": 1})
    with refused(codes.HCN_INVALID_JSON):
        create(pc, {"SchemaVersion": {"Major": 2, "Minor": 0}, "Type": "ICS", "Flags": "43"})
    with refused(codes.HCN_INVALID_JSON):
        pc.hcn.call("HcnCreateNetwork", guid=str(uuid.uuid4()), document="{")
    with refused(codes.NOT_SUPPORTED):
        create(pc, {"SchemaVersion": {"Major": 2, "Minor": 0}, "Type": "Overlay"})
    with refused(codes.HCN_INVALID_IP):
        pc.network("172.29.64.7/24")


def what_is_taken(pc):
    network = pc.network()
    with refused(codes.HCN_NETWORK_ALREADY_EXISTS):
        pc.network("172.29.65.0/24", network)
    for subnet in ("172.29.64.0/24", "172.29.64.0/25", "172.29.0.0/16", "172.23.200.0/24"):
        with refused(codes.OBJECT_ALREADY_EXISTS):
            pc.network(subnet)
    end = pc.endpoint(network)
    with refused(codes.HCN_PORT_ALREADY_EXISTS):
        pc.endpoint(network, end, MacAddress="52-55-55-12-34-57")
    with refused(codes.HCN_PORT_ALREADY_EXISTS):
        pc.endpoint(network)
    with refused(codes.HCN_ENTITY_HAS_REFERENCES):
        pc.hcn.call("HcnDeleteNetwork", guid=network)
    pc.hcn.call("HcnDeleteEndpoint", guid=end)
    pc.hcn.call("HcnDeleteNetwork", guid=network)


def what_is_not_there(pc):
    guid = str(uuid.uuid4())
    for name in ("OpenNetwork", "DeleteNetwork", "QueryNetworkProperties"):
        with refused(codes.HCN_NETWORK_NOT_FOUND):
            pc.hcn.call("Hcn" + name, guid=guid)
    for name in ("OpenEndpoint", "DeleteEndpoint", "QueryEndpointProperties"):
        with refused(codes.HCN_ENDPOINT_NOT_FOUND):
            pc.hcn.call("Hcn" + name, guid=guid)
    with refused(codes.HCN_NETWORK_NOT_FOUND):
        pc.endpoint(guid)


def addresses(pc):
    network = pc.network()
    pc.endpoint(network, IpConfigurations=[{"IpAddress": "172.29.64.10", "PrefixLength": 24}])
    with refused(codes.HCN_INVALID_IP):
        pc.endpoint(network, MacAddress="52-55-55-12-34-57", IpConfigurations=[{"IpAddress": "172.29.65.10", "PrefixLength": 24}])
    for taken in ("172.29.64.10", "172.29.64.1", "172.29.64.255"):
        with refused(codes.HCN_ADDRESS_INVALID_OR_RESERVED):
            pc.endpoint(network, MacAddress="52-55-55-12-34-57", IpConfigurations=[{"IpAddress": taken, "PrefixLength": 24}])
    with refused(codes.HCN_INVALID_JSON):
        pc.endpoint(network, MacAddress="52:55:55:12:34:57")


def filters(pc):
    network = pc.network()
    end = pc.endpoint(network)
    assert filtered(pc, "Endpoints", Name="lima-ep") == [end] and filtered(pc, "Endpoints", Name="other") == []
    assert filtered(pc, "Endpoints", VirtualNetwork=network) == [end] and filtered(pc, "Networks", Name="lima-net") == [network]
    assert sorted(pc.hcn.call("HcnEnumerateNetworks")) == sorted([network, DEFAULT_SWITCH])
    with refused(codes.HCN_INVALID_JSON):
        filtered(pc, "Endpoints", Nonsense=1)
    with refused(codes.HCN_INVALID_JSON):
        pc.hcn.call("HcnEnumerateEndpoints", query=dumps({"Filter": {"Name": "x"}}))


def who_may(pc):
    network = pc.network()
    pc.settings(elevated="false")
    for call in ("HcnEnumerateNetworks", "HcnOpenNetwork", "HcnDeleteNetwork"):
        with refused(codes.E_ACCESSDENIED):
            pc.hcn.call(call, guid=network)
    pc.settings(hns="stopped")
    with refused(codes.SERVER_UNAVAILABLE):
        pc.hcn.call("HcnEnumerateNetworks")
    pc.settings(ics="off")
    with refused(codes.HCN_ICS_DISABLED):
        pc.network("172.29.65.0/24")


def networks_that_are_not_persistent_go_with_the_service(pc):
    pc.network()
    pc.tell("hns-restart")
    assert pc.hcn.call("HcnEnumerateNetworks") == [DEFAULT_SWITCH]


def an_adapter_needs_its_endpoint(pc):
    vm = str(uuid.uuid4())

    def text(end, mac):
        return pc.kernel_document(vm, Devices={"NetworkAdapters": {"a": {"EndpointId": end, "MacAddress": mac}}})
    with refused(codes.HCN_ENDPOINT_NOT_FOUND):
        pc.running(vm, text(str(uuid.uuid4()), "52-55-55-12-34-56"))
    end = pc.endpoint(pc.network())
    with refused(codes.E_INVALIDARG, "MacAddress"):
        pc.running(vm, text(end, "52-55-55-12-34-57"))
    _, handle = pc.running(vm, text(end, "52-55-55-12-34-56"))
    assert filtered(pc, "Endpoints", VirtualMachine=vm) == [end]
    other = str(uuid.uuid4())
    with refused(codes.HCN_ENDPOINT_ALREADY_ATTACHED):
        pc.running(other, pc.kernel_document(other, Devices={"NetworkAdapters": {"a": {"EndpointId": end}}}))
    pc.ended(handle)
    assert filtered(pc, "Endpoints", VirtualMachine=vm) == []


def addresses_that_qemu_can_offer(pc):
    if not may_have_port_22():
        raise unittest.SkipTest("only root may listen at port 22")
    pc.settings(addresses="loopback")
    end = pc.endpoint(pc.network())
    found = pc.hcn.call("HcnQueryEndpointProperties", guid=end, query=NEW)
    assert found["IpConfigurations"][0]["IpAddress"].startswith("127.29.64."), found
    told = found["IpConfigurations"]
    pc.hcn.call("HcnDeleteEndpoint", guid=end)
    end = pc.endpoint(found["HostComputeNetwork"], IpConfigurations=told)       # as a driver does that remembers it
    assert pc.hcn.call("HcnQueryEndpointProperties", guid=end, query=NEW)["IpConfigurations"] == told


if __name__ == "__main__":
    main(__name__)
