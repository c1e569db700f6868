"""Compiled digests of many short messages at once, and the search for those that a set holds.

A block is LANES messages that differ in their last digits. Words are kept word by word, `uint[16, LANES]`, so that
every step of a digest is one loop over a row, which compiles to vector instructions. `hashlib` is the oracle.

Sources: RFC 1321 (MD5), FIPS 180-4 (SHA-1, SHA-2).
"""

from __future__ import annotations

import math

import numpy as np

from scanner.compiled import kernel

LANES = 1000
MD5, SHA1, SHA224, SHA256, SHA384, SHA512 = range(6)
NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
#: What a message costs, in MD5s; measured.
COSTS = (1, 2, 4, 4, 12, 12)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _root(number: int, degree: int, bits: int) -> int:
    """The first bits of the fraction of a root."""
    low, high = 0, number << bits
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number << bits * degree else (low, middle)
    return low & (1 << bits) - 1


_MD5_K = np.array([int(abs(math.sin(i + 1)) * 2**32) for i in range(64)], np.uint32)
_MD5_TURN = np.array([[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]], np.uint32)
_MD5_WORD = np.array([[(a * i + b) % 16 for i in range(16)] for a, b in ((1, 0), (5, 1), (3, 5), (7, 0))], np.int64)
_SHA1_K = np.array([0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6], np.uint32)
_SHA2_K32 = np.array([_root(prime, 3, 32) for prime in _primes(64)], np.uint32)
_SHA2_K64 = np.array([_root(prime, 3, 64) for prime in _primes(80)], np.uint64)
_START32 = np.zeros((4, 8), np.uint32)
_START32[MD5, :4] = _START32[SHA1, :4] = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_START32[SHA1, 4] = 0xC3D2E1F0
_START32[SHA224] = [_root(prime, 2, 64) & 0xFFFFFFFF for prime in _primes(16)[8:]]
_START32[SHA256] = [_root(prime, 2, 32) for prime in _primes(8)]
_START64 = np.zeros((6, 8), np.uint64)
_START64[SHA384] = [_root(prime, 2, 64) for prime in _primes(16)[8:]]
_START64[SHA512] = [_root(prime, 2, 64) for prime in _primes(8)]
_LOW = np.uint64(0xFFFFFFFF)
_KEY = np.uint64(2**62 - 1)


@kernel
def left(x, n):
    """32 bits turned left."""
    return np.uint32(np.uint32(x << np.uint32(n)) | np.uint32(x >> np.uint32(32 - n)))


@kernel
def right(x, n):
    """32 bits turned right."""
    return np.uint32(np.uint32(x >> np.uint32(n)) | np.uint32(x << np.uint32(32 - n)))


@kernel
def right64(x, n):
    """64 bits turned right."""
    return (x >> np.uint64(n)) | (x << np.uint64(64 - n))


@kernel
def md5(words, state):
    """MD5 of a block: the state's first rows get the digest."""
    for r in range(64):
        a, b = state[(64 - r) % 4], state[(65 - r) % 4]
        c, d = state[(66 - r) % 4], state[(67 - r) % 4]
        part = r // 16
        w, k, turn = words[_MD5_WORD[part, r % 16]], _MD5_K[r], _MD5_TURN[part, r % 4]
        if part == 0:
            for i in range(LANES):
                a[i] = b[i] + left(np.uint32(a[i] + (d[i] ^ (b[i] & (c[i] ^ d[i]))) + w[i] + k), turn)
        elif part == 1:
            for i in range(LANES):
                a[i] = b[i] + left(np.uint32(a[i] + (c[i] ^ (d[i] & (b[i] ^ c[i]))) + w[i] + k), turn)
        elif part == 2:
            for i in range(LANES):
                a[i] = b[i] + left(np.uint32(a[i] + (b[i] ^ c[i] ^ d[i]) + w[i] + k), turn)
        else:
            for i in range(LANES):
                a[i] = b[i] + left(np.uint32(a[i] + (c[i] ^ (b[i] | ~d[i])) + w[i] + k), turn)


@kernel
def sha1(words, state):
    """SHA-1 of a block; the words are used up."""
    for r in range(80):
        a, b, c = state[(80 - r) % 5], state[(81 - r) % 5], state[(82 - r) % 5]
        d, e = state[(83 - r) % 5], state[(84 - r) % 5]
        w, k = words[r % 16], _SHA1_K[r // 20]
        if r >= 16:
            w3, w8, w14 = words[(r - 3) % 16], words[(r - 8) % 16], words[(r - 14) % 16]
            for i in range(LANES):
                w[i] = left(np.uint32(w3[i] ^ w8[i] ^ w14[i] ^ w[i]), 1)
        if r < 20:
            for i in range(LANES):
                e[i] += left(a[i], 5) + (d[i] ^ (b[i] & (c[i] ^ d[i]))) + w[i] + k
                b[i] = left(b[i], 30)
        elif r < 40 or r >= 60:
            for i in range(LANES):
                e[i] += left(a[i], 5) + (b[i] ^ c[i] ^ d[i]) + w[i] + k
                b[i] = left(b[i], 30)
        else:
            for i in range(LANES):
                e[i] += left(a[i], 5) + ((b[i] & c[i]) | (d[i] & (b[i] | c[i]))) + w[i] + k
                b[i] = left(b[i], 30)


@kernel
def sha256(words, state):
    """SHA-256 of a block (SHA-224 where the state began so); the words are used up."""
    for r in range(64):
        a, b, c, d = state[(64 - r) % 8], state[(65 - r) % 8], state[(66 - r) % 8], state[(67 - r) % 8]
        e, f, g, h = state[(68 - r) % 8], state[(69 - r) % 8], state[(70 - r) % 8], state[(71 - r) % 8]
        w, k = words[r % 16], _SHA2_K32[r]
        if r >= 16:
            w2, w7, w15 = words[(r - 2) % 16], words[(r - 7) % 16], words[(r - 15) % 16]
            for i in range(LANES):
                w[i] += (
                    (right(w2[i], 17) ^ right(w2[i], 19) ^ (w2[i] >> np.uint32(10)))
                    + w7[i]
                    + (right(w15[i], 7) ^ right(w15[i], 18) ^ (w15[i] >> np.uint32(3)))
                )
        for i in range(LANES):
            x = np.uint32(
                h[i] + (right(e[i], 6) ^ right(e[i], 11) ^ right(e[i], 25)) + (g[i] ^ (e[i] & (f[i] ^ g[i]))) + k + w[i]
            )
            d[i] += x
            turned = right(a[i], 2) ^ right(a[i], 13) ^ right(a[i], 22)
            h[i] = x + turned + ((a[i] & b[i]) | (c[i] & (a[i] | b[i])))


@kernel
def sha512(words, state):
    """SHA-512 of a block (SHA-384 where the state began so); the words are used up."""
    for r in range(80):
        a, b, c, d = state[(80 - r) % 8], state[(81 - r) % 8], state[(82 - r) % 8], state[(83 - r) % 8]
        e, f, g, h = state[(84 - r) % 8], state[(85 - r) % 8], state[(86 - r) % 8], state[(87 - r) % 8]
        w, k = words[r % 16], _SHA2_K64[r]
        if r >= 16:
            w2, w7, w15 = words[(r - 2) % 16], words[(r - 7) % 16], words[(r - 15) % 16]
            for i in range(LANES):
                w[i] += (
                    (right64(w2[i], 19) ^ right64(w2[i], 61) ^ (w2[i] >> np.uint64(6)))
                    + w7[i]
                    + (right64(w15[i], 1) ^ right64(w15[i], 8) ^ (w15[i] >> np.uint64(7)))
                )
        for i in range(LANES):
            x = (
                h[i]
                + (right64(e[i], 14) ^ right64(e[i], 18) ^ right64(e[i], 41))
                + (g[i] ^ (e[i] & (f[i] ^ g[i])))
                + k
                + w[i]
            )
            d[i] += x
            turned = right64(a[i], 28) ^ right64(a[i], 34) ^ right64(a[i], 39)
            h[i] = x + turned + ((a[i] & b[i]) | (c[i] & (a[i] | b[i])))


@kernel
def lay(head, tails, size, little, words):
    """Write the words of a block: `head` (uint8[n], without its last digits) and what `tails` adds to each lane."""
    for k in range(16):
        base = np.uint64(0)
        for byte in range(size):
            at = size * k + (size - 1 - byte if little else byte)
            base = (base << np.uint64(8)) | np.uint64(head[at])
        row, add = words[k], tails[k]
        for i in range(LANES):
            row[i] = add[i] | base


@kernel
def hit(keys, bits, wanted, found):
    """Mark those of `wanted` (sorted) that a block's keys hold; `bits` lets the few pass that could be among them."""
    mask = np.int64(len(bits) * 8 - 1)
    for i in range(LANES):
        key = keys[i]
        one, two = key & mask, (key >> 25) & mask
        if bits[one >> 3] >> (one & 7) & 1 and bits[two >> 3] >> (two & 7) & 1:
            low, high = 0, len(wanted)
            while low < high:
                middle = (low + high) // 2
                if wanted[middle] < key:
                    low = middle + 1
                else:
                    high = middle
            if low < len(wanted) and wanted[low] == key:
                found[low] = 1


@kernel
def number(value, places, head):
    """Write a number's digits to some places of a message, the last digit to the last place."""
    for j in range(len(places) - 1, -1, -1):
        head[places[j]] = 48 + value % 10
        value //= 10


@kernel
def place_block(block, codes, code_at, upper_at, head):
    """Write what is the same in all messages of a block; codes take turns, serials are spread."""
    number(codes[block % len(codes)], code_at, head)
    upper = np.int64(1)
    for _ in range(len(upper_at)):
        upper *= 10
    number((block // len(codes) * 7919 + 1234) % upper, upper_at, head)


@kernel
def search32(algorithm, first, stop, head, tails, codes, code_at, upper_at, bits, wanted, found):
    """Compute the digests of blocks first..stop and mark the wanted ones (MD5, SHA-1, SHA-224, SHA-256).

    head uint8[64], tails uint32[16, LANES], codes int64[c], places int64[...], bits uint8[2**n], wanted int64[m]
    sorted, found uint8[m].
    """
    words, state = np.empty((16, LANES), np.uint32), np.empty((8, LANES), np.uint32)
    keys = np.empty(LANES, np.int64)
    head = head.copy()
    start = _START32[algorithm]
    for block in range(first, stop):
        place_block(block, codes, code_at, upper_at, head)
        lay(head, tails, 4, algorithm == MD5, words)
        for k in range(8):
            state[k, :] = start[k]
        if algorithm == MD5:
            md5(words, state)
        elif algorithm == SHA1:
            sha1(words, state)
        else:
            sha256(words, state)
        one, two = state[0], state[1]
        for i in range(LANES):
            high, low = np.uint32(one[i] + start[0]), np.uint32(two[i] + start[1])
            if algorithm == MD5:
                high = (left(high, 8) & np.uint32(0x00FF00FF)) | (left(high, 24) & np.uint32(0xFF00FF00))
                low = (left(low, 8) & np.uint32(0x00FF00FF)) | (left(low, 24) & np.uint32(0xFF00FF00))
            keys[i] = np.int64(((np.uint64(high) << np.uint64(32)) | np.uint64(low)) & _KEY)
        hit(keys, bits, wanted, found)


@kernel
def search64(algorithm, first, stop, head, tails, codes, code_at, upper_at, bits, wanted, found):
    """The same for SHA-384 and SHA-512: head uint8[128], tails uint64[16, LANES]."""
    words, state = np.empty((16, LANES), np.uint64), np.empty((8, LANES), np.uint64)
    keys = np.empty(LANES, np.int64)
    head = head.copy()
    start = _START64[algorithm]
    for block in range(first, stop):
        place_block(block, codes, code_at, upper_at, head)
        lay(head, tails, 8, False, words)
        for k in range(8):
            state[k, :] = start[k]
        sha512(words, state)
        one = state[0]
        for i in range(LANES):
            keys[i] = np.int64((one[i] + start[0]) & _KEY)
        hit(keys, bits, wanted, found)
