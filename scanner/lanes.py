"""Many bytes at a time: loads and tests that Python has no word for, as numba intrinsics.

A word is the uint64 of eight bytes in memory order, the first byte lowest.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LANES = 32


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    base = context.make_array(array_type)(context, builder, array).data
    return (
        cgutils.gep_inbounds(builder, base, index) if hasattr(cgutils, "gep_inbounds") else builder.gep(base, [index])
    )


def _bits(builder: Any, at: Any, test: Any) -> Any:
    """For which of the 64 bytes from a pointer on a test of vectors holds, as bits, the first byte lowest."""
    byte, wide = ir.IntType(8), ir.IntType(64)
    vector = ir.VectorType(byte, _LANES)
    found = ir.Constant(wide, 0)
    for half in range(64 // _LANES):
        here = builder.gep(at, [ir.Constant(wide, half * _LANES)], source_etype=byte)
        lanes = builder.load(builder.bitcast(here, vector.as_pointer()), align=1, typ=vector)
        bits = builder.zext(builder.bitcast(test(lanes), ir.IntType(_LANES)), wide)
        found = builder.or_(found, builder.shl(bits, ir.Constant(wide, half * _LANES)))
    return found


def _each(value: int) -> Any:
    """A byte in every place of a vector."""
    return ir.Constant(ir.VectorType(ir.IntType(8), _LANES), [value] * _LANES)


@intrinsic
def word(typing_context, data, index):  # type: ignore[no-untyped-def]
    """The word at data[index:index + 8]; the caller knows that it lies within."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        at = _pointer(context, builder, signature.args[0], *arguments)
        wide = ir.IntType(64)
        return builder.load(builder.bitcast(at, wide.as_pointer()), align=1, typ=wide)

    return types.uint64(data, types.int64), make


@intrinsic
def put(typing_context, data, index, value):  # type: ignore[no-untyped-def]
    """Write a word to data[index:index + 8]; the caller knows that it lies within."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, index, value = arguments
        at = _pointer(context, builder, signature.args[0], array, index)
        builder.store(value, builder.bitcast(at, ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, types.uint64), make


@intrinsic
def marks(typing_context, data, index, one, two, three, four):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are one of four, as bits, the first byte lowest."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, index, *wanted = arguments
        at = _pointer(context, builder, signature.args[0], array, index)
        vector = ir.VectorType(ir.IntType(8), _LANES)
        splats = []
        for value in wanted:
            first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
            mask = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
            splats.append(builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), mask))

        def test(lanes):  # type: ignore[no-untyped-def]
            some = builder.icmp_unsigned("==", lanes, splats[0])
            for splat in splats[1:]:
                some = builder.or_(some, builder.icmp_unsigned("==", lanes, splat))
            return some

        return _bits(builder, at, test)

    return types.uint64(data, types.int64, types.uint8, types.uint8, types.uint8, types.uint8), make


@intrinsic
def digits_at(typing_context, data, index):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are ASCII digits, as bits, the first byte lowest."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        at = _pointer(context, builder, signature.args[0], *arguments)
        return _bits(builder, at, lambda lanes: builder.icmp_unsigned("<", builder.sub(lanes, _each(48)), _each(10)))

    return types.uint64(data, types.int64), make


def _odd(data: Any, least: int) -> Any:
    """The intrinsic that finds an @, a byte below `least` and one beyond ASCII."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        at = _pointer(context, builder, signature.args[0], *arguments)

        def test(lanes):  # type: ignore[no-untyped-def]
            beyond = builder.icmp_signed("<", lanes, _each(least))
            return builder.or_(beyond, builder.icmp_unsigned("==", lanes, _each(64)))

        return _bits(builder, at, test)

    return types.uint64(data, types.int64), make


@intrinsic
def odd_at(typing_context, data, index):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are an @ or beyond ASCII, as bits, the first byte lowest."""
    return _odd(data, 0)


@intrinsic
def odd_or_control_at(typing_context, data, index):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are an @, below a space or beyond ASCII, as bits, the first lowest."""
    return _odd(data, 32)


@intrinsic
def letters_at(typing_context, data, index):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are ASCII letters, as bits, the first byte lowest."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        at = _pointer(context, builder, signature.args[0], *arguments)

        def test(lanes):  # type: ignore[no-untyped-def]
            lower = builder.or_(lanes, _each(32))
            return builder.icmp_unsigned("<", builder.sub(lower, _each(97)), _each(26))

        return _bits(builder, at, test)

    return types.uint64(data, types.int64), make


@intrinsic
def unusual_at(typing_context, data, index):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from data[index] on are NUL or beyond ASCII, as bits, the first byte lowest."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        at = _pointer(context, builder, signature.args[0], *arguments)
        return _bits(builder, at, lambda lanes: builder.icmp_signed("<", lanes, _each(1)))

    return types.uint64(data, types.int64), make


@intrinsic
def first_bit(typing_context, bits):  # type: ignore[no-untyped-def]
    """Position of the lowest bit set in a word that is not 0."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), make


@intrinsic
def leading(typing_context, bits):  # type: ignore[no-untyped-def]
    """How many bits stand above the highest one set, in a word that is not 0."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), make


@intrinsic
def bits_set(typing_context, bits):  # type: ignore[no-untyped-def]
    """How many bits of a word are set."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), make


@intrinsic
def fetch(typing_context, array, index):  # type: ignore[no-untyped-def]
    """Have array[index] brought near to the processor, to be read or written soon."""

    def make(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        short, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        name, of = "llvm.prefetch.p0i8", ir.FunctionType(ir.VoidType(), [byte, short, short, short])
        function = cgutils.get_or_insert_function(builder.module, of, name)
        at = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments), byte)
        builder.call(function, [at, short(1), short(3), short(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), make
