# SPDX-License-Identifier: MIT
"""Configuration files for tests: Python values written in libconfig's syntax."""

BROKER = "mq.tongxinmao.com"
PORT = 18830
CLIENT_ID = "01Studio-pyBoard"
OUT = "/public/01Studio/1"
IN = "/public/01Studio/2"


def value(item):
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (int, float)):
        return str(item)
    if isinstance(item, str):
        return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(item, dict):
        return "{ " + " ".join(f"{key} = {value(inner)};" for key, inner in item.items()) + " }"
    if item and isinstance(item[0], dict):
        return "( " + ", ".join(map(value, item)) + " )"
    return "[ " + ", ".join(map(value, item)) + " ]"


def text(**groups):
    """A configuration file of groups: text(mqtt={"host": "h"}, oled={"i2c": ""})."""
    return "".join(f"{name}: {value(group)};\n" if isinstance(group, dict)
                   else f"{name} = {value(group)};\n" for name, group in groups.items())


def lesson(mqtt=None, publish=None, subscribe=None, **groups):
    """The lesson's configuration with changes: further keys of mqtt, other lists, groups."""
    return text(**{**groups, "mqtt": {
        "host": BROKER, "port": PORT, "client_id": CLIENT_ID,
        "publish": publish or [{"topic": OUT, "text": "Hello 01Studio!", "interval": 1.0}],
        "subscribe": subscribe or [{"topic": IN}],
        **(mqtt or {})}})
