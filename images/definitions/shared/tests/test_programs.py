"""Whether the programs of others that masters and agents run do their work in the image: `dcos-installer image test`.

Of each program that the definition has; the commands are those that the runtime gives, on small inputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dcos_images.expected import Expected

FOLDER = "/var/tmp/dcos-image-test"

BUNDLE = """\
import json, os, subprocess, sys
runtime, folder = sys.argv[1:]
os.makedirs(f"{folder}/rootfs/usr")
os.makedirs(f"{folder}/exits")
for name in ("bin", "lib", "lib64"):
    os.symlink(f"usr/{name}", f"{folder}/rootfs/{name}")
subprocess.run([runtime, "spec"], cwd=folder, check=True)
with open(f"{folder}/config.json") as file:
    spec = json.load(file)
spec["process"]["terminal"] = False
spec["process"]["args"] = ["/bin/sh", "-c", "echo contained as $$; cat /proc/self/cgroup; exit 7"]
spec["mounts"].append({"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]})
spec["linux"].setdefault("resources", {})["memory"] = {"limit": 64 << 20}
with open(f"{folder}/config.json", "w") as file:
    json.dump(spec, file)
"""

CONTAINER = """\
set -e
cd {folder}
appears() {{
    waited=0
    until test -s "$1"; do
        test $waited -lt 600 || {{ echo "there is no $1" >&2; exit 1; }}
        waited=$((waited + 1))
        sleep 0.2
    done
}}
conmon --api-version 1 --cid image-test --cuuid image-test --name image-test --runtime "$(command -v {runtime})" \\
    --runtime-arg=--root={folder}/state --bundle {folder} --container-pidfile pid --conmon-pidfile conmon.pid \\
    --exit-dir exits --persist-dir {folder} --socket-dir-path {folder} --log-path k8s-file:{folder}/log \\
    --log-level error --no-new-keyring
appears pid
{runtime} --root {folder}/state start image-test
appears exits/image-test
{runtime} --root {folder}/state delete --force image-test
cat exits/image-test
echo
cat log
"""

IMAGE = """\
import hashlib, io, json, os, sys, tarfile
folder = sys.argv[1]
os.makedirs(f"{folder}/blobs/sha256")
def blob(content, kind):
    digest = hashlib.sha256(content).hexdigest()
    with open(f"{folder}/blobs/sha256/{digest}", "wb") as file:
        file.write(content)
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}
layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as archive:
    member = tarfile.TarInfo("hello")
    member.size = 6
    archive.addfile(member, io.BytesIO(b"hello\\n"))
told = blob(layer.getvalue(), "layer.v1.tar")
config = {"architecture": "amd64", "os": "linux", "config": {}}
config["rootfs"] = {"type": "layers", "diff_ids": [told["digest"]]}
manifest = {"schemaVersion": 2, "config": blob(json.dumps(config).encode(), "config.v1+json"), "layers": [told]}
index = blob(json.dumps(manifest).encode(), "manifest.v1+json")
index["annotations"] = {"org.opencontainers.image.ref.name": "one"}
with open(f"{folder}/index.json", "w") as file:
    json.dump({"schemaVersion": 2, "manifests": [index]}, file)
with open(f"{folder}/oci-layout", "w") as file:
    json.dump({"imageLayoutVersion": "1.0.0"}, file)
print(told["digest"])
"""

TABLE = """\
table inet dcos_image_test {
    map machines {
        type inet_service : ipv4_addr
        elements = { 80 : 198.18.251.10 }
    }
    chain out {
        type nat hook output priority -100;
        ip daddr 198.18.251.1 dnat ip to numgen inc mod 2 map { 0 : 198.18.251.10, 1 : 198.18.251.11 }
        ip daddr 198.18.251.2 dnat ip to tcp dport map @machines
    }
}
"""

NETWORK = {
    "cniVersion": "1.0.0",
    "name": "image-test",
    "type": "bridge",
    "bridge": "image-test",
    "isGateway": True,
    "ipam": {
        "type": "host-local",
        "dataDir": f"{FOLDER}/cni",
        "ranges": [[{"subnet": "198.18.251.0/24"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    },
}

PLUGIN = """\
set -e
export CNI_COMMAND={command} CNI_CONTAINERID=image-test CNI_NETNS=/run/netns/image-test CNI_IFNAME=eth0
export CNI_PATH=/usr/lib/cni
printf %s '{network}' | /usr/lib/cni/bridge
"""


@pytest.fixture
def undone(host: Any) -> Iterator[Callable[[str], None]]:
    """Takes commands that remove what a test has made. They are run after it, the last one first."""
    commands = [f"rm -rf {FOLDER}"]
    yield commands.append
    for command in reversed(commands):
        done = host.run(command)
        assert done.rc == 0, f"{command}: {done.stderr.strip()}"


def has(expected: Expected, *packages: str) -> bool:
    return all(package in expected.packages for package in packages)


def test_its_runtimes_run_containers(host: Any, expected: Expected, undone: Callable[[str], None]) -> None:
    for runtime in ("crun", "runc"):
        if not has(expected, runtime, "conmon"):
            continue
        folder = f"{FOLDER}/{runtime}"
        done = host.run("python3 -c %s %s %s", BUNDLE, runtime, folder)
        assert done.rc == 0, f"{runtime} makes no configuration: {done.stderr.strip()}"
        undone(f"{runtime} --root {folder}/state delete --force image-test >{folder}/deleted 2>&1 || true")
        done = host.run("sh -c %s", CONTAINER.format(folder=folder, runtime=runtime))
        assert done.rc == 0, f"conmon and {runtime} run no container: {done.stderr.strip()}"
        code, *said = done.stdout.splitlines()
        assert code == "7" and any(line.endswith("contained as 1") for line in said), f"{runtime}: {done.stdout!r}"


def test_its_skopeo_copies_an_image(host: Any, expected: Expected, undone: Callable[[str], None]) -> None:
    if not has(expected, "skopeo", "zstd"):
        return
    digest = host.check_output("python3 -c %s %s", IMAGE, f"{FOLDER}/in")
    source, copy = f"oci:{FOLDER}/in:one", f"{FOLDER}/out"
    done = host.run("skopeo inspect %s", source)
    assert done.rc == 0, f"skopeo reads no image: {done.stderr.strip()}"
    assert json.loads(done.stdout)["Layers"] == [digest], f"skopeo says {done.stdout}"
    compress = "--dest-compress --dest-compress-format zstd"
    done = host.run(f"skopeo --insecure-policy copy --quiet {compress} %s %s", source, f"dir:{copy}")
    assert done.rc == 0, f"skopeo copies no image: {done.stderr.strip()}"
    manifest = json.loads(host.check_output("cat %s", f"{copy}/manifest.json"))
    layer = manifest["layers"][0]["digest"].removeprefix("sha256:")
    packed = host.run("zstd --decompress --stdout %s | tar --extract --to-stdout hello", f"{copy}/{layer}")
    assert packed.rc == 0 and packed.stdout == "hello\n", f"its copy of a layer is wrong: {packed.stderr.strip()}"


def test_its_nft_takes_rules(host: Any, expected: Expected, undone: Callable[[str], None]) -> None:
    if not has(expected, "nftables"):
        return
    done = host.run("printf %%s %s | nft --file -", TABLE)
    assert done.rc == 0, f"nft takes no rules: {done.stderr.strip()}"
    undone("nft delete table inet dcos_image_test")
    shown = host.check_output("nft list table inet dcos_image_test")
    assert "numgen inc mod 2 map" in shown and "tcp dport map @machines" in shown, f"nft shows {shown!r}"


def test_its_plugins_give_a_container_a_network(host: Any, expected: Expected, undone: Callable[[str], None]) -> None:
    if not has(expected, "containernetworking-plugins"):
        return
    host.check_output("ip netns add image-test")
    undone("ip netns delete image-test")
    network = json.dumps(NETWORK)
    done = host.run("sh -c %s", PLUGIN.format(command="ADD", network=network))
    assert done.rc == 0, f"bridge and host-local make no network: {done.stdout.strip()} {done.stderr.strip()}"
    undone("ip link delete image-test")
    (address,) = (one["address"] for one in json.loads(done.stdout)["ips"])
    shown = host.check_output("ip netns exec image-test ip -o -4 address show eth0")
    assert address in shown, f"it has {shown!r}, and the plugin says {address}"
    done = host.run("sh -c %s", PLUGIN.format(command="DEL", network=network))
    assert done.rc == 0, f"the network is not removed: {done.stdout.strip()} {done.stderr.strip()}"
    assert "eth0" not in host.check_output("ip netns exec image-test ip -o link"), "its interface is still there"
