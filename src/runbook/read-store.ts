/** The text of docs/read-store.py. Made by `npm run generate`. */
export const READ_STORE = `#!/usr/bin/env python3
"""Reads a disk from a store of openstack-backup, without openstack-backup: docs/store-format.md says how it is stored.

Needs zstd, and age for what is sealed. The store is a directory: copy S3 or Swift to one first, with any program.
"""
import argparse
import array
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

BLOCK = 65536
NAME = re.compile(r"[0-9a-z][0-9a-z._-]*(/[0-9a-zTZ][0-9a-zTZ._-]*)+")


def feed(pipe, data):
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(data)


def run(words, data, what, most=None):
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        threading.Thread(target=feed, args=(process.stdin, data), daemon=True).start()
        made = process.stdout.read() if most is None else process.stdout.read(most + 1)
        if most is not None and len(made) > most:
            process.kill()
            sys.exit(f"{what} is damaged: it is more than {most} bytes")
        if process.wait():
            errors.seek(0)
            sys.exit(f"{what}: {words[0]} says: {errors.read().decode(errors='replace').strip()}")
        return made


def stored(store, name, what, size=None, sha256=None):
    if not NAME.fullmatch(name):
        sys.exit(f"{name!r} is not a name in a store")
    try:
        with open(os.path.join(store, name), "rb") as file:
            data = file.read()
    except OSError as error:
        sys.exit(f"{what} {name} is missing: {error.strerror}")
    if size not in (None, len(data)):
        sys.exit(f"{what} {name} is damaged: it has {len(data)} of {size} bytes")
    if sha256 not in (None, hashlib.sha256(data).hexdigest()):
        sys.exit(f"{what} {name} is damaged: its SHA-256 differs")
    return data


def restore(given, disk):
    packed = stored(given.store, given.map, "map", sha256=given.sha256)
    lines = run(["zstd", "-dc"], packed, f"map {given.map}").decode().splitlines()
    header = json.loads(lines[0])
    if (header["format"], header["version"]) != ("openstack-backup map", 1) or header["disk"]["block"] != BLOCK:
        sys.exit(f"map {given.map} is of another version")
    size, digest = header["disk"]["size"], header["disk"]["digest"]
    of_objects, of_ids = header["objects"]["count"], header["ids"]["count"]
    objects = [json.loads(line) for line in lines[1 : 1 + of_objects]]
    extents = [array.array("Q") for _ in objects]
    for line in lines[1 + of_objects + of_ids :]:
        start, count, number, first = json.loads(line)
        extents[number].extend((start, count, first))
    disk.truncate(size)  # what no extent covers is zeros
    for entry, own in zip(objects, extents):
        name = entry["object"]
        if not 0 < entry["blocks"] <= 4096:
            sys.exit(f"object {name} is damaged: no object has {entry['blocks']} blocks")
        data = stored(given.store, name, "object", entry["size"], entry["sha256"])
        if entry["to"] is not None:
            data = run(["age", "-d", "-i", given.identity or os.devnull], data, f"object {name}")
        data = run(["zstd", "-dc"], data, f"object {name}", entry["blocks"] * BLOCK)
        for start, count, first in zip(own[0::3], own[1::3], own[2::3]):
            blocks = data[first * BLOCK : (first + count) * BLOCK]
            if len(blocks) != min((start + count) * BLOCK, size) - start * BLOCK:
                sys.exit(f"object {name} is damaged: it does not have the blocks that the map says")
            disk.seek(start * BLOCK)
            disk.write(blocks)
    disk.seek(0)
    found = hashlib.new(digest["algorithm"])
    while piece := disk.read(1 << 20):
        found.update(piece)
    if found.hexdigest() != digest["value"]:
        sys.exit(f"the {digest['algorithm']} of the disk differs from the one in map {given.map}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("store", help="the directory")
parser.add_argument("map", help="\`payload.name\` of the manifest, or the newest name in RESOURCE/maps")
parser.add_argument("-i", dest="identity", metavar="FILE", help="the age identity, for what is sealed")
parser.add_argument("-o", dest="output", metavar="FILE", help="a new, sparse file; default: standard output")
parser.add_argument("--sha256", help="of the map: \`payload.stored.sha256\` of the manifest")
given = parser.parse_args()
if given.output is None:
    with tempfile.TemporaryFile() as disk:
        restore(given, disk)
        disk.seek(0)
        shutil.copyfileobj(disk, sys.stdout.buffer, 1 << 20)
else:
    with open(os.open(given.output, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as disk:
        try:
            restore(given, disk)
        except BaseException:
            os.remove(given.output)
            raise
`;
