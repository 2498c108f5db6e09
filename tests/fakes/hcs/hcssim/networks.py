"""computenetwork.dll: networks and endpoints (facts 5). Documents in the new dialect only (with SchemaVersion); a query without
one is answered in the old dialect, as Windows does."""
import ipaddress
import json
import socket
import threading
import time
import uuid

from . import codes, schema
from .codes import Failure
from .schema import of

DEFAULT_SWITCH = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444"
NON_PERSISTENT = 8
HCN_VERSIONS = [(1, 0)] + [(2, minor) for minor in range(17)]
MAC = schema.Pattern(r"([0-9A-F]{2}-){5}[0-9A-F]{2}")
SUBNET = {"IpAddressPrefix": of(str, needed=True), "Policies": of([schema.ANY]), "IpSubnets": of([schema.ANY]),
          "Routes": of([{"NextHop": of(str), "DestinationPrefix": of(str), "Metric": of(schema.U16)}])}
DNS = {"Suffix": of(str), "Search": of([str]), "ServerList": of([str]), "Domain": of(str), "Options": of([str])}
TYPES = {"NAT", "ICS", "Transparent", "L2Bridge", "L2Tunnel", "Overlay", "Private", "Internal", "Mirrored", "ConstrainedICS"}
NETWORK = {"SchemaVersion": of(schema.VERSION, needed=True), "Name": of(str), "Type": of(TYPES, needed=True), "Flags": of(schema.U32),
           "Ipams": of([{"Type": of({"Static", "Dhcp"}), "Subnets": of([SUBNET])}]), "Policies": of([schema.ANY]), "Dns": of(DNS),
           "MacPool": of(schema.ANY), "ID": of(str)}
ENDPOINT = {"SchemaVersion": of(schema.VERSION, needed=True), "HostComputeNetwork": of(schema.Pattern(schema.GUID)), "Name": of(str),
            "MacAddress": of(MAC), "IpConfigurations": of([{"IpAddress": of(str), "PrefixLength": of(schema.Number(0, 128))}]),
            "Routes": of([schema.ANY]), "Dns": of(DNS), "Policies": of([{"Type": of(str, needed=True), "Settings": of(schema.ANY)}]),
            "Flags": of(schema.U32), "HostComputeNamespace": of(str), "ID": of(str)}
QUERY = {"SchemaVersion": of(schema.VERSION), "Flags": of(schema.U32), "Filter": of(str)}
MODIFY = {"ResourceType": of({"Port", "Policy"}), "RequestType": of({"Add", "Remove", "Update", "Refresh"}), "Settings": of(schema.ANY)}
SUPPORTED = {"NAT", "ICS", "Private", "Internal", "Transparent"}


def read(text, kind):
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Failure(codes.HCN_INVALID_JSON, f"no JSON: {error}") from error
    schema.check(value, kind, (9, 9), code=codes.HCN_INVALID_JSON)
    version = value.get("SchemaVersion")
    if version and (version["Major"], version["Minor"]) not in HCN_VERSIONS:
        raise Failure(codes.HCN_INVALID_JSON, f"SchemaVersion {version['Major']}.{version['Minor']} is not supported")
    return value


def address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise Failure(codes.HCN_INVALID_IP, str(error)) from error


class Network:
    def __init__(self, guid, document):
        self.guid = guid
        self.document = document
        self.subnet = self.gateway = None
        subnets = [subnet for ipam in document.get("Ipams", []) for subnet in ipam.get("Subnets", [])]
        if subnets:
            try:
                self.subnet = ipaddress.ip_network(subnets[0]["IpAddressPrefix"])
            except ValueError as error:
                raise Failure(codes.HCN_INVALID_IP, str(error)) from error
            routes = subnets[0].get("Routes", [])
            self.gateway = address(routes[0]["NextHop"]) if routes and "NextHop" in routes[0] else next(self.subnet.hosts())
            if self.gateway not in self.subnet:
                raise Failure(codes.HCN_INVALID_IP, f"{self.gateway} is not in {self.subnet}")

    def new_form(self):
        return {"ID": self.guid, **self.document}

    def old_form(self):
        subnets = [{"AddressPrefix": str(self.subnet), "GatewayAddress": str(self.gateway)}] if self.subnet else []
        return {"ID": self.guid, "Name": self.document.get("Name", ""), "Type": self.document["Type"], "Subnets": subnets,
                "IsolateSwitch": bool(self.document.get("Flags", 0) & 32)}


class Endpoint:
    def __init__(self, guid, network, document, mac, ip):
        self.guid, self.network, self.document, self.mac, self.ip = guid, network, document, mac, ip
        self.vm = None              # runtime id of the VM it is attached to

    @property
    def told(self):
        """The address by which the host reaches the guest."""
        return self.reachable or self.ip

    reachable = None

    def new_form(self):
        prefix = self.network.subnet.prefixlen if self.network.subnet else 0
        addresses = [{"IpAddress": str(self.told), "PrefixLength": prefix}] if self.ip else []
        routes = [{"NextHop": str(self.network.gateway), "DestinationPrefix": "0.0.0.0/0"}] if self.network.gateway else []
        return {**self.document, "ID": self.guid, "HostComputeNetwork": self.network.guid, "MacAddress": self.mac, "IpConfigurations": addresses,
                "Routes": self.document.get("Routes") or routes, "VirtualMachine": self.vm or ""}

    def old_form(self):
        found = {"ID": self.guid, "Name": self.document.get("Name", ""), "VirtualNetwork": self.network.guid, "MacAddress": self.mac,
                 "VirtualMachine": self.vm or "", "Type": self.network.document["Type"]}
        if self.ip:
            found.update(IPAddress=str(self.told), PrefixLength=self.network.subnet.prefixlen, GatewayAddress=str(self.network.gateway))
        return found


class Networks:
    def __init__(self, state):
        self.state = state
        self.lock = threading.RLock()
        self.networks, self.endpoints = {}, {}
        self.calls = {
            "HcnEnumerateNetworks": lambda fields: self.enumerate(self.networks, fields), "HcnCreateNetwork": self.create_network,
            "HcnOpenNetwork": lambda fields: self.network(fields["guid"]) and {}, "HcnDeleteNetwork": self.delete_network,
            "HcnQueryNetworkProperties": lambda fields: self.query(self.network(fields["guid"]), fields),
            "HcnEnumerateEndpoints": lambda fields: self.enumerate(self.endpoints, fields), "HcnCreateEndpoint": self.create_endpoint,
            "HcnOpenEndpoint": lambda fields: self.endpoint(fields["guid"]) and {}, "HcnDeleteEndpoint": self.delete_endpoint,
            "HcnQueryEndpointProperties": lambda fields: self.query(self.endpoint(fields["guid"]), fields), "HcnModifyEndpoint": self.modify_endpoint}
        self.begin()

    def begin(self):
        """What there is after a boot."""
        self.networks.clear(), self.endpoints.clear()
        if self.state.is_on("default-switch"):
            self.add(Network(DEFAULT_SWITCH, {
                "SchemaVersion": {"Major": 2, "Minor": 14}, "Name": "Default Switch", "Type": "ICS", "Flags": 3,
                "Ipams": [{"Type": "Static", "Subnets": [{"IpAddressPrefix": "172.23.192.0/20",
                                                          "Routes": [{"NextHop": "172.23.192.1", "DestinationPrefix": "0.0.0.0/0"}]}]}]}))

    def restart(self):
        """Of the service: what is not persistent has gone."""
        with self.lock:
            for guid in list(self.endpoints):
                self.drop(self.endpoints, "endpoints", guid)
            for guid, network in list(self.networks.items()):
                if network.document.get("Flags", 0) & NON_PERSISTENT:
                    self.drop(self.networks, "networks", guid)

    def add(self, network):
        self.networks[network.guid] = network
        self.state.show("networks", network.guid, network.new_form())

    def drop(self, table, kind, guid):
        del table[guid]
        self.state.show(kind, guid, None)

    def network(self, guid):
        if guid.lower() not in self.networks:
            raise Failure(codes.HCN_NETWORK_NOT_FOUND, f"The network {guid} was not found.")
        return self.networks[guid.lower()]

    def endpoint(self, guid):
        if guid.lower() not in self.endpoints:
            raise Failure(codes.HCN_ENDPOINT_NOT_FOUND, f"The endpoint {guid} was not found.")
        return self.endpoints[guid.lower()]

    # Calls.

    def enumerate(self, table, fields):
        query = read(fields.get("query") or "{}", QUERY)
        wanted = read(query.get("Filter") or "{}", schema.ANY)
        if not isinstance(wanted, dict):
            raise Failure(codes.HCN_INVALID_JSON, "Filter: a string with a JSON object")
        with self.lock:
            found = [guid for guid, one in table.items() if all(fits(one, name, value) for name, value in wanted.items())]
        return {"result": json.dumps(found)}

    @staticmethod
    def query(one, fields):
        query = read(fields.get("query") or "{}", QUERY)
        return {"result": json.dumps(one.new_form() if "SchemaVersion" in query else one.old_form())}

    def create_network(self, fields):
        guid, document = fields["guid"].lower(), read(fields["document"], NETWORK)
        if document["Type"] not in SUPPORTED:
            raise Failure(codes.NOT_SUPPORTED, f"Type {document['Type']}: The request is not supported.")
        if document["Type"] == "ICS" and not self.state.is_on("ics"):
            raise Failure(codes.HCN_ICS_DISABLED, "Internet Connection Sharing is disabled on this computer.")
        network = Network(guid, document)
        if document["Type"] in ("ICS", "NAT") and not network.subnet:
            raise Failure(codes.HCN_INVALID_JSON, "Ipams: this type needs a static subnet")
        time.sleep(self.state.seconds("network-delay"))
        with self.lock:
            if guid in self.networks:
                raise Failure(codes.HCN_NETWORK_ALREADY_EXISTS, f"The network {guid} already exists.")
            for other in self.networks.values():
                if network.subnet and other.subnet and network.subnet.overlaps(other.subnet):
                    raise Failure(codes.OBJECT_ALREADY_EXISTS, f"{network.subnet} overlaps {other.subnet} of network {other.guid}")
            self.add(network)
        return {}

    def delete_network(self, fields):
        with self.lock:
            network = self.network(fields["guid"])
            if any(one.network is network for one in self.endpoints.values()):
                raise Failure(codes.HCN_ENTITY_HAS_REFERENCES, "The network still has endpoints.")
            self.drop(self.networks, "networks", network.guid)
        return {}

    def create_endpoint(self, fields):
        guid, document = fields["guid"].lower(), read(fields["document"], ENDPOINT)
        with self.lock:
            network = self.network(fields["network"])
            if document.get("HostComputeNetwork", network.guid).lower() != network.guid:
                raise Failure(codes.E_INVALIDARG, "HostComputeNetwork is not the network of the handle")
            if guid in self.endpoints:
                raise Failure(codes.HCN_PORT_ALREADY_EXISTS, f"The endpoint {guid} already exists.")
            mac = document.get("MacAddress") or new_mac()
            if any(one.mac == mac for one in self.endpoints.values()):
                raise Failure(codes.HCN_PORT_ALREADY_EXISTS, f"{mac} is taken")
            endpoint = Endpoint(guid, network, document, mac, self.allocate(network, document))
            if endpoint.ip and self.state.setting("addresses") == "loopback":
                endpoint.reachable = ipaddress.ip_address("127." + str(endpoint.ip).partition(".")[2])
            self.endpoints[guid] = endpoint
            self.state.show("endpoints", guid, endpoint.new_form())
        return {}

    def allocate(self, network, document):
        if not network.subnet:
            return None
        taken = {one.ip for one in self.endpoints.values() if one.network is network} | {network.gateway}
        wanted = document.get("IpConfigurations") or []
        if wanted:
            given = self.real(address(wanted[0].get("IpAddress", "")), network)
            if given not in network.subnet:
                raise Failure(codes.HCN_INVALID_IP, f"{given} is not in {network.subnet}")
            if given in taken or given in (network.subnet.network_address, network.subnet.broadcast_address):
                raise Failure(codes.HCN_ADDRESS_INVALID_OR_RESERVED, f"{given} is taken or reserved")
            return given
        loopback = self.state.setting("addresses") == "loopback"
        for one in network.subnet.hosts():
            if one not in taken and (not loopback or is_free("127." + str(one).partition(".")[2])):
                return one
        raise Failure(codes.HCN_ADDRESS_INVALID_OR_RESERVED, f"{network.subnet} has no address left")

    def real(self, given, network):
        """What was told as 127.b.c.d before may be asked for again."""
        if self.state.setting("addresses") == "loopback" and given.is_loopback:
            return address(str(network.subnet[0]).partition(".")[0] + "." + str(given).partition(".")[2])
        return given

    def modify_endpoint(self, fields):
        document = read(fields["document"], MODIFY)
        with self.lock:
            endpoint = self.endpoint(fields["guid"])
            policies = (document.get("Settings") or {}).get("Policies", [])
            if document.get("ResourceType") == "Policy":
                kept = [one for one in endpoint.document.get("Policies", []) if one not in policies]
                endpoint.document["Policies"] = kept + (policies if document.get("RequestType") != "Remove" else [])
                self.state.show("endpoints", endpoint.guid, endpoint.new_form())
        return {}

    def delete_endpoint(self, fields):
        with self.lock:
            self.drop(self.endpoints, "endpoints", self.endpoint(fields["guid"]).guid)
        return {}

    # What VMs do.

    def attach(self, guid, mac, runtime_id):
        with self.lock:
            endpoint = self.endpoint(guid)
            if endpoint.vm and endpoint.vm != runtime_id:
                raise Failure(codes.HCN_ENDPOINT_ALREADY_ATTACHED, f"The endpoint {guid} is attached to {endpoint.vm}.")
            if mac and mac != endpoint.mac:
                raise Failure(codes.E_INVALIDARG, f"MacAddress {mac} is not that of the endpoint, {endpoint.mac}")
            endpoint.vm = runtime_id
            self.state.show("endpoints", endpoint.guid, endpoint.new_form())
            return endpoint

    def detach(self, runtime_id, guid=None):
        with self.lock:
            for endpoint in self.endpoints.values():
                if endpoint.vm == runtime_id and guid in (None, endpoint.guid):
                    endpoint.vm = None
                    self.state.show("endpoints", endpoint.guid, endpoint.new_form())


def fits(one, name, value):
    """A key of a filter."""
    form = {**one.old_form(), **one.new_form()}
    keys = {"virtualmachine": "VirtualMachine", "virtualnetwork": "HostComputeNetwork", "type": "Type", "name": "Name", "id": "ID",
            "hostcomputenetwork": "HostComputeNetwork", "macaddress": "MacAddress"}
    key = keys.get(name.lower())
    if not key:
        raise Failure(codes.HCN_INVALID_JSON, f"Filter: unknown key '{name}'")
    if isinstance(one, Endpoint) and key == "Type":
        return one.network.document["Type"].lower() == str(value).lower()
    return str(form.get(key, "")).lower() == str(value).lower()


def new_mac():
    return "00-15-5D-" + "-".join(f"{byte:02X}" for byte in uuid.uuid4().bytes[:3])


def is_free(host):
    """Nobody of this computer has the port of ssh there: not another state folder's VM."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, 22))
            return True
        except PermissionError as error:
            raise codes.Mistake("addresses=loopback needs the right to listen at port 22: root's") from error
        except OSError:
            return False
