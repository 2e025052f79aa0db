"""Reads and writes the bytes of a volume on the test cloud's Ceph, as only its operator can.

device.py read VOLUME OFFSET LENGTH  > bytes
device.py write VOLUME OFFSET        < bytes
device.py size VOLUME                prints the number of bytes
device.py digest VOLUME [LENGTH]     prints the SHA-256, of the first LENGTH bytes
"""
import hashlib
import sys

import rados
import rbd

PIECE = 16 << 20


def main(action, volume, *numbers):
    with rados.Rados(conffile='/etc/ceph/ceph.conf', name='client.admin') as cluster, cluster.open_ioctx('volumes') as pool:
        with rbd.Image(pool, f'volume-{volume}', read_only=action != 'write') as image:
            if action == 'read':
                offset, length = map(int, numbers)
                sys.stdout.buffer.write(image.read(offset, min(length, image.size() - offset)))
            elif action == 'write':
                image.write(sys.stdin.buffer.read(), int(numbers[0]))
            elif action == 'size':
                print(image.size())
            else:
                print(digest(image, *map(int, numbers)))


def digest(image, size=None):
    """Holes are hashed as the zeros that they read as."""
    sha, zeros = hashlib.sha256(), bytes(PIECE)
    size, at, extents = size or image.size(), 0, []
    image.diff_iterate(0, size, None, lambda offset, length, exists: extents.append((offset, length)) if exists else None)
    for offset, length in extents + [(size, 0)]:
        while at < offset:
            step = min(PIECE, offset - at)
            sha.update(zeros[:step])
            at += step
        while at < offset + length:
            step = min(PIECE, offset + length - at)
            sha.update(image.read(at, step))
            at += step
    return sha.hexdigest()


main(*sys.argv[1:])
