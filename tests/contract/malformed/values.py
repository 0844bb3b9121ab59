"""What no well-behaved client sends, and a few things that one might."""

from __future__ import annotations

from typing import Any
from uuid import UUID

NOBODY = str(UUID(int=7))  # of no row


class Written(str):
    """Text that stands in a JSON document as it is, and not as a string."""


def nested(depth: int) -> Written:
    return Written("[" * depth + "]" * depth)


def nested_objects(depth: int) -> Written:
    return Written('{"a":' * depth + "1" + "}" * depth)


NUMBERS: list[Any] = [
    *(
        0,
        1,
        -1,
        0.5,
        -0.0,
        2**31 - 1,
        2**31,
        2**53,
        2**63 - 1,
        2**63,
        2**64,
        -(2**63) - 1,
        10**30,
        10**400,
        1e16,
        1e308,
    ),
    *(Written(number) for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E+2", "1e-400", "9" * 5_000)),
]
TIMES: list[Any] = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1582-10-04T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00",
    "2024-02-30T00:00:00Z",
    "2024-06-01T12:00:00",
    "2024-06-01T12:00:00+23:59",
    "2024-06-30T23:59:60Z",
    "2024-06-01",
    "now",
    -62135596800,
    253402300800,
    "P1DT1H",
    "P99999999999D",
    "-PT1S",
]
TEXTS: list[Any] = [
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\n",
        "\t",
        "\r\n",
        "'",
        '"',
        "\\",
        "%",
        "%s",
        "%%",
        "%00",
        "_",
        "..",
        "../..",
        "a/b",
        "&<>",
    ),
    *("é" * 300, "x" * 256, "x" * 2_001, "y" * 100_000, "\N{COLLISION SYMBOL}", "\u202e", "\ufeff", "\uffff", "İ", "ß"),
    *("\ud800", "\udfff\ud800", "a\ud800b", "NaN", "null", "true", "1", "1.0", "0x10", "1" * 5_000, "-", "+", "٣"),
    *("{{ x }}", "{{", "{% for a in range(999999999) %}x{% endfor %}", "{{ 10**10**10 }}", "{{ 'x' * 10**9 }}"),
    *("{{ ''.__class__.__mro__ }}", "(a+)+$", "(" * 200, "[", "*" * 50, "#/definitions/a", "file:///etc/passwd"),
    *("* * * * *", "0 0 30 2 *", "*/0 * * * *", "RRULE:FREQ=SECONDLY", "FREQ=YEARLY;INTERVAL=99999999", "Mars/Olympus"),
    *(NOBODY, NOBODY.upper(), "{" + NOBODY + "}", "urn:uuid:" + NOBODY, NOBODY[:-1], "0" * 32, "g" * 32),
]
LONG_LIST = [str(UUID(int=number)) for number in range(3_000)]
SHAPES: list[Any] = [
    *(None, True, False, [], {}, [[]], [None], [{}], {"": None}, {"a": 1}, [1, "1", None], ["x"] * 2_000, LONG_LIST),
    {f"key {number}": number for number in range(1_000)},
    {"\0": "\0", "\ud800": "\ud800", "a": Written("9" * 25)},
    {"$ref": "#"},
    {"__prefect_kind": "json", "value": "{"},
    {"__prefect_kind": "jinja", "template": "{{ 1 / 0 }}"},
    *(nested(20), nested(229), nested(300), nested(5_000), nested_objects(240)),
    Written('{"a":1,"a":[2],"a":null}'),
    Written("9" * 25 + ', "twice": "\\ud800"'),
]
ANY: list[Any] = [*NUMBERS, *TIMES, *TEXTS, *SHAPES]
KEYS: list[str] = ["", "\0", "\ud800", "__class__", "$ref", "operator", "id", "not_any_", "x" * 10_000, "a.b", "1"]

# Bodies that are no JSON documents, or not those of which the operation speaks.
BODIES: list[bytes] = [
    *(
        b"",
        b" ",
        b"\0",
        b"{",
        b"}",
        b"[",
        b"{]",
        b"[1,]",
        b'{"a"}',
        b"nul",
        b"null",
        b"true",
        b"7",
        b'""',
        b"[]",
        b"{}",
    ),
    *(b"NaN", b"[NaN]", b"Infinity", b"1e999", b"-", b"9" * 25, b"9" * 5_000, b"'a'", b"{} {}", b"[[[]]", b"a=b&c=d"),
    *(
        b"\xff",
        b'"\xff"',
        b'{"\xed\xa0\x80": 1}',
        b'{"a":"\xc0\x80"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\x1f\x8b",
    ),
    *(b"[" * 100_000, b"[" * 5_000 + b"]" * 5_000, b'{"a":' * 300 + b"1" + b"}" * 300, b'"' + b"x" * 300_000 + b'"'),
    *(b"[" + b"9" * 20 + b',"\xff"]', b"[" + b"9" * 20 + b',"\\ud800"]', b"[" * 300 + b"9" * 20 + b"]" * 300),
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
]
# As they stand in an address.
PARTS: list[str] = [
    *(
        "%00",
        "a%00b",
        "%20",
        "%0A",
        "%0D%0A",
        "%FF",
        "%C0%80",
        "%ED%A0%80",
        "%F0%9F%92%A5",
        "%2F",
        "..%2F..",
        "%25",
        "%25s",
    ),
    *(
        "%",
        "%zz",
        "-" * 36,
        "0" * 32,
        "0" * 36,
        "f" * 35,
        "{x}",
        "null",
        "None",
        "true",
        "-1",
        "0",
        "9" * 400,
        "x" * 3_000,
    ),
    *(
        "filter",
        "count",
        "name",
        ".",
        "~",
        "'",
        '"',
        "\\",
        "a;b",
        "a:b",
        "@",
        "*",
        "%C2%B2",
        "%D9%A3",
        NOBODY,
        NOBODY.upper(),
    ),
]
QUERIES: list[str] = [
    *(
        "",
        "=",
        "&",
        "?",
        "&&==",
        "a",
        "%",
        "%zz=1",
        "%00=%00",
        "%FF=%FF",
        "a[]=1&a[]=2",
        "limit=-1",
        "offset=x",
        "x=" + "y" * 9_000,
    ),
    "&".join(f"a{number}={number}" for number in range(2_000)),
]
HEADERS: dict[str, list[bytes]] = {
    "x-prefect-api-version": [
        b"",
        b"0.0.1",
        b"9.9.9",
        b"1.2",
        b"a.b.c",
        b"\xb2.\xb2.\xb2",
        b"9" * 5_000 + b".0.0",
        b"-1.0.0",
    ],
    "content-type": [
        *(
            b"",
            b"text/plain",
            b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=x",
            b"\xff/\xff",
            b"a",
        ),
        *(b"multipart/form-data", b"multipart/mixed; boundary=" + b"y" * 300, b"application/json; charset=utf-16"),
        *(b"application/json; charset=no-such", b"application/xml", b";;;=", b"application/json, text/html"),
    ],
    "authorization": [
        b"",
        b"Basic",
        b"Basic !!",
        b"Basic /w==",
        b"Bearer",
        b"Bearer \xff",
        b"Bearer " + b"x" * 5_000,
        b"?",
    ],
    "accept": [b"", b"text/html", b"*/*;q=x", b"\xff", b"application/xml;q=0"],
    "accept-encoding": [b"gzip", b"gzip;q=x", b"br;q=2", b"\xff", b"*;q=0", b",,,"],
    "origin": [
        b"null",
        b"http://[",
        b"http://a:b",
        b"\xff",
        b"http://testserver:99999",
        b"://",
        b"http://elsewhere.example",
    ],
    "cookie": [b"=", b"sessionid=\xff", b"sessionid=" + b"x" * 4_000, b"csrftoken=;;;", b"a=b; a"],
    "host": [b"", b"testserver:x", b"testserver:99999", b"[", b"\xff", b"elsewhere.example", b"a b"],
    "user-agent": [
        b"",
        b"prefect/9.9.9 (API 9.9.9)",
        b"prefect/x.y (API)",
        b"prefect/" + b"9" * 5_000 + b".0.0",
        b"prefect/3.0.0 (API 0.8.4)",
    ],
    "x-orchestrator-claim": [b"", b"x", NOBODY.encode(), b"\xff"],
    "x-prefect-ui": [b"", b"maybe", b"true"],
    "prefect-csrf-token": [b"\xff", b"x"],
    "prefect-csrf-client": [b"\xff", b"x"],
    "if-none-match": [b"\xff", b"*", b'"'],
    "range": [b"bytes=5-1", b"bytes=x", b"bytes=0-" + b"9" * 400],
    "x-forwarded-host": [b"\xff", b"["],
    "transfer-encoding": [b"chunked", b"x"],
    "content-length": [b"-1", b"x", b"99999999999999999999", b"1"],
}
