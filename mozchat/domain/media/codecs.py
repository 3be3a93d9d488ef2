"""Names of codecs as browsers want them (RFC 6381 and the codecs' own ISO media bindings)."""

from __future__ import annotations


def opus_packet_seconds(packet: bytes) -> float:
    """How long an Opus packet sounds, from its first two bytes (RFC 6716, 3.1)."""
    if not packet:
        return 0.0
    config = packet[0] >> 3
    if config < 12:
        frame = (0.010, 0.020, 0.040, 0.060)[config & 3]
    elif config < 16:
        frame = (0.010, 0.020)[config & 1]
    else:
        frame = (0.0025, 0.005, 0.010, 0.020)[config & 3]
    code = packet[0] & 3
    if code == 3:
        return frame * (packet[1] & 0x3F) if len(packet) > 1 else frame
    return frame * (1, 2, 2)[code]


def avc(fourcc: str, config: bytes) -> str:
    """`avc1.42E01F`, from an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3)."""
    return f"{fourcc}.{config[1:4].hex().upper()}" if len(config) >= 4 else fourcc


def hevc(fourcc: str, config: bytes) -> str:
    """`hvc1.1.6.L93.B0`, from an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, annex E.3)."""
    if len(config) < 13:
        return fourcc
    space = ("", "A", "B", "C")[config[1] >> 6]
    flags = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if config[1] & 0x20 else "L"
    constraints = [f"{byte:X}" for byte in config[6:12].rstrip(b"\0")]
    return ".".join([fourcc, f"{space}{config[1] & 0x1F}", f"{flags:X}", f"{tier}{config[12]}", *constraints])


_LOWEST_LEVEL = 10
"""For the 0 that recorders write where they do not know the level: browsers refuse it."""


def vp(fourcc: str, config: bytes) -> str:
    """`vp09.00.10.08`, from a vpcC box's body (VP Codec ISO Media File Format Binding)."""
    if len(config) < 7:
        return fourcc
    return f"{fourcc}.{config[4]:02}.{config[5] or _LOWEST_LEVEL:02}.{config[6] >> 4:02}"


def av1(config: bytes) -> str:
    """`av01.0.04M.08`, from an AV1CodecConfigurationRecord (AV1 Codec ISO Media File Format Binding)."""
    if len(config) < 3:
        return "av01"
    tier = "H" if config[2] & 0x80 else "M"
    depth = 8 if not config[2] & 0x40 else 12 if config[2] & 0x20 else 10
    return f"av01.{config[1] >> 5}.{config[1] & 0x1F:02}{tier}.{depth:02}"


def mp4a(esds: bytes) -> str:
    """`mp4a.40.2`, from an esds box's body (ISO/IEC 14496-1, 7.2.6)."""
    decoder = _descriptor(esds[4:], 0x03)[3:]
    decoder = _descriptor(decoder, 0x04)
    if not decoder:
        return "mp4a"
    specific = _descriptor(decoder[13:], 0x05)
    if decoder[0] != 0x40 or not specific:
        return f"mp4a.{decoder[0]:02X}"
    return f"mp4a.40.{specific[0] >> 3}"


def _descriptor(data: bytes, tag: int) -> bytes:
    """The body of a descriptor that stands first in `data`; its size is up to four bytes of 7 bits."""
    if not data or data[0] != tag:
        return b""
    size = 0
    for at, byte in enumerate(data[1:5], 2):
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            return data[at : at + size]
    return b""
