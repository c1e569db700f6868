"""E-mail: messages (RFC 5322), mailboxes (RFC 4155) and Outlook's message files, with their attachments.

Headers and bodies are an artifact of lines under the path of the message or mailbox; attachments are members, and a
message within a message is a container of its own.
"""

from __future__ import annotations

import contextlib
import email
import mimetypes
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message

from scanner.errors import LimitError, ReadError
from scanner.ingest.containers.documents import bytes_member, lines_stream
from scanner.ingest.containers.ledger import Ledger
from scanner.ingest.interface import Source, Stream
from scanner.ingest.sources import Meter
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

#: Bytes of one message held at a time; what is longer is cut there.
_MESSAGE = 256 << 20
_BLOCK = 1 << 20
#: Bytes within which the line between two messages and the field after it stand.
_LONGEST = 4096
_FIELD = re.compile(rb"([!-9;-~]+):")
_FROM = re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n")
_NEXT = re.compile(rb"(?<=\n)\r?\n(?=From [^\r\n]*\d{4}[^\r\n]*\r?\n[!-9;-~]+:)")
_ATTACHED = re.compile(rb"(?i)(file)?name\*?[0-9]*\*?=|message/rfc822|content-disposition:\s*attachment")
#: Fields that mail programs write and people do not, and fields that every message has (RFC 5322, RFC 2045).
_TRANSPORT = frozenset(
    b"message-id mime-version received return-path delivered-to dkim-signature content-transfer-encoding x-mailer "
    b"in-reply-to references x-gmail-labels user-agent thread-index x-originating-ip".split()
)
_ORDINARY = frozenset(b"from to cc bcc date subject reply-to sender content-type".split())


def is_message(head: bytes) -> bool:
    """Whether bytes begin with the header of a message: fields alone up to the empty line, enough of them mail's."""
    names: set[bytes] = set()
    lines = head[: 1 << 16].splitlines()
    for line in lines:
        if not line:
            break
        if line[:1] in b" \t" and names:
            continue
        field = _FIELD.match(line)
        if field is None:
            return False
        names.add(field[1].lower())
    ordinary = names & _ORDINARY
    if names & _TRANSPORT:
        return len(ordinary) >= 2
    return {b"from", b"date"} <= ordinary and len(ordinary) >= 4


def _header(value: object) -> str:
    text = str(value)
    if "=?" in text:
        with contextlib.suppress(Exception):  # words that are coded wrongly stand as they are
            text = str(make_header(decode_header(text)))
    return " ".join(text.split())


def _text(part: Message) -> str:
    data = _payload(part)
    for charset in (part.get_content_charset("utf-8"), "utf-8", "windows-1252"):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1")


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def page_text(text: str) -> str:
    """Text of an HTML body, a table row a line."""
    from lxml import etree
    from lxml import html as markup

    try:
        root = markup.document_fromstring(text.replace("\0", " "))
    except (etree.LxmlError, ValueError):
        return text
    for element in root.iter():
        if element.tag in ("script", "style"):
            element.text = None
        elif element.tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"):
            element.tail = "\n" + (element.tail or "")
        elif element.tag in ("td", "th"):
            element.tail = "\t" + (element.tail or "")
    links = [link for _, _, link, _ in root.iterlinks() if link.startswith(("mailto:", "tel:"))]
    return "\n".join([str(root.text_content()), *links])


def _leaves(message: Message, alternative: bool = False) -> Iterator[tuple[Message, bool]]:
    """Parts that are no multipart, and whether a part says what a plain one beside it says; a nested message is one."""
    kids = message.get_payload()
    if not message.is_multipart() or message.get_content_type() == "message/rfc822" or not isinstance(kids, list):
        yield message, alternative
        return
    plain = message.get_content_type() == "multipart/alternative" and any(
        kid.get_content_type() == "text/plain" for kid in kids if isinstance(kid, Message)
    )
    for kid in kids:
        if isinstance(kid, Message):
            yield from _leaves(kid, plain or alternative)


def _is_body(part: Message) -> bool:
    named = part.get_filename() or part.get_content_disposition() == "attachment"
    return part.get_content_type() in ("text/plain", "text/html") and not named


def lines_of(message: Message) -> Iterator[str]:
    """Headers, decoded, and bodies."""
    for name, value in message.items():
        yield f"{name}: {_header(value)}"
    for part, doubled in _leaves(message):
        if not _is_body(part):
            continue
        if part.get_content_type() == "text/plain":
            yield _text(part)
        elif not doubled:
            yield page_text(_text(part))


def attachments(message: Message) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of what is attached, messages within the message included."""
    for number, (part, _) in enumerate(_leaves(message), 1):
        if _is_body(part):
            continue
        kind = part.get_content_type()
        name = part.get_filename()
        if kind == "message/rfc822":
            kids = part.get_payload()
            if isinstance(kids, list) and kids and isinstance(kids[0], Message):
                yield _header(name) if name else f"message{number}.eml", kids[0].as_bytes()
            continue
        data = _payload(part)
        if part is message and not data:
            continue
        yield _header(name) if name else f"part{number}{mimetypes.guess_extension(kind) or ''}", data


class Mail:
    """Opens a message or a mailbox of messages."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the fields of the first message's header."""
        start = _FROM.match(head)
        return is_message(head[start.end() :] if start else head)

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Attachments as sources, then the text of all messages."""
        ledger = Ledger(source, options)
        box = _FROM.match(source.head()) is not None
        try:
            for number, raw in enumerate(_messages(source, box), 1):
                if not _ATTACHED.search(raw) and b"ontent-" not in raw:
                    continue
                step = f"!{number}!" if box else "!"
                for name, data in attachments(email.message_from_bytes(raw)):
                    ledger.member(step + name)
                    ledger.read += 1
                    yield bytes_member(f"{source.path}{step}{name}", data, options, ledger)
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "a message cannot be taken apart"))
        yield lines_stream(source, ledger, self._lines(source, box, ledger), "mailbox" if box else "message")

    def _lines(self, source: Source, box: bool, ledger: Ledger) -> Iterator[str]:
        for number, raw in enumerate(_messages(source, box), 1):
            if len(raw) >= _MESSAGE:
                ledger.fault(LimitError("a message of more than 256 MiB; the rest of it was left out", number))
            try:
                message = email.message_from_bytes(raw)
                yield from lines_of(message)
                defect = any(part.defects for part in message.walk())
            except ReadError:
                raise
            except Exception as error:
                ledger.fault(as_read_error(error, "a message is searched as it stands", number))
                yield raw.decode("utf-8", "replace")
                continue
            if defect:
                ledger.note(ProblemCode.CORRUPT, "a message breaks the rules of its format", number)


def _messages(source: Source, box: bool) -> Iterator[bytes]:
    """The bytes of each message; one that is too long is cut.

    Raises:
        ReadError: the source breaks off, after what precedes.
    """
    meter = Meter(source)
    try:
        if not box:
            yield meter.read(_MESSAGE)
        held, looked = b"", 0
        while box and (block := meter.read(_BLOCK)):
            held += block
            while cut := _NEXT.search(held, looked):
                yield _without_line(held[: cut.start()])
                held, looked = held[cut.end() :], 0
            looked = max(0, len(held) - _LONGEST)
            if len(held) > _MESSAGE:
                yield _without_line(held[:_MESSAGE])
                held, looked = b"", 0
        if held:
            yield _without_line(held)
    finally:
        meter.close()
    if meter.fault is not None:
        raise meter.fault


def _without_line(raw: bytes) -> bytes:
    start = _FROM.match(raw)
    return raw[start.end() :] if start else raw
