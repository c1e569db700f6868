"""Rule packs: what the scanner knows about identifiers, headers and structures, read from `patterns/`."""

from scanner.packs.load import load_pack

__all__ = ["load_pack"]
