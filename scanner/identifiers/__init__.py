"""Identifiers one value at a time: slow, plain and exact; what the compiled kernels are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from scanner.identifiers import cnic, email, iban, iccid, imei, imsi, ip, landline, msisdn, passport
from scanner.identifiers.checksums import CHECKS

#: Validators that expressions of a rule pack may name.
VALIDATORS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "msisdn": msisdn.is_valid,
        "landline": landline.is_valid,
        "cnic": cnic.is_valid,
        "imsi": imsi.is_valid,
        "imei": imei.is_valid,
        "iccid": iccid.is_valid,
        "iban": iban.is_valid,
        "passport": passport.is_valid,
        "email": email.is_valid,
        "ip": ip.is_valid,
        **CHECKS,
    }
)
