# SPDX-License-Identifier: MIT
"""check_docs.py — example and manuals against the code

Every key of the code stands in conf/mqttnode.conf and mqttnode.conf(5) with its
default, and nothing else does; every example that they give is accepted; every
option, command, counter, journal field, signal, cause, exit status, environment
variable and member of a JSON answer of the code stands in mqttnode(8).

Usage: check_docs.py SETTINGS_KEYS ROOT
"""
import functools
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

# What an example needs beside it to be accepted.
COMPANIONS = {
    'network.method': 'address = "192.168.1.50/24"; dns = "system";',
    'network.address': 'method = "static"; dns = "system";',
    'network.gateway': 'method = "static"; address = "192.168.1.50/24"; dns = "system";',
    'mqtt.password_file': 'username = "u";',
    'mqtt.password_credential': 'username = "u";',
    'mqtt.clean_session': 'client_id = "n";',
    'mqtt.publish.store': 'qos = 1; text = "x";',
    'mqtt.publish.dead_band': 'file = "/f"; trigger = [ "change" ];',
    'mqtt.subscribe.gpio': 'actions = [ "gpio" ];',
    'mqtt.subscribe.file': 'actions = [ "file" ];',
    'mqtt.subscribe.command': 'actions = [ "command" ];',
    'mqtt.subscribe.timeout': 'actions = [ "command" ]; command = [ "c" ];',
    **{f'mqtt.subscribe.{name}': 'actions = [ "gpio" ]; gpio = "GPIO27";'
       for name in ('active_low', 'safe', 'pulse')},
    'mqtt.publish.unit': 'text = "x"; json = true;',
    'mqtt.publish.device_class': 'text = "x"; name = "n";',
    'mqtt.publish.state_class': 'text = "x"; name = "n";',
    'mqtt.publish.timeout': 'command = [ "c" ];',
    **{f'mqtt.publish.{name}': 'gpio = "GPIO17";'
       for name in ('bias', 'active_low', 'debounce')},
    **{f'mqtt.publish.{name}': 'file = "/f";'
       for name in ('whole', 'max_size', 'scale', 'offset', 'decimals')},
    'mqtt.tls.cert_file': 'key_file = "/k";',
    'mqtt.tls.key_file': 'cert_file = "/c";',
    'mqtt.tls.key_credential': 'cert_file = "/c";',
    **{f'oled.pages.items.{name}': 'show = "bar"; topic = "t";' for name in ('min', 'max')},
    **{f'oled.pages.items.{name}': 'topic = "t";' for name in ('show', 'label')},
}

# What an example in a list needs in the group around it.
AROUND = {
    'mqtt.publish.expiry': 'protocol = "5";',
}

# Other groups that an example needs.
OTHER_GROUPS = {
    'ethernet.promiscuous': 'network: { method = "none"; };',
}

# A publication has one of these.
SOURCES = ('text', 'file', 'command', 'gpio')

SECTIONS = {
    'GENERAL': '', 'ETHERNET': 'ethernet', 'NETWORK': 'network', 'MQTT': 'mqtt', 'TLS': 'mqtt.tls',
    'SPOOL': 'mqtt.spool',
    'PUBLICATIONS': 'mqtt.publish', 'SUBSCRIPTIONS': 'mqtt.subscribe', 'OLED': 'oled',
    'OLED PAGES': 'oled.pages', 'OLED ITEMS': 'oled.pages.items',
}


def join(group, name):
    return f'{group}.{name}' if group else name


def code_keys(program):
    """(keys that can be set with their defaults, all keys), groups left out."""
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    rows = dict(line.split('\t') for line in lines.splitlines())
    groups = {path.rpartition('.')[0] for path in rows}
    now = {path: default for path, default in rows.items()
           if default != '(refused)' and path not in groups}
    return now, set(rows)


def conf_keys(text):
    """(path, value, enabled line) of each key that an example sets or shows."""
    stack = []
    for line in text.splitlines():
        line = re.sub(r'^(\s*)//', r'\1', line)
        opened = re.match(r'\s*(\w+): [{(]$', line)
        if opened:
            stack.append(opened[1])
        elif re.match(r'\s*[})];$', line) and stack:
            stack.pop()
        found = re.match(r'\s*(\w+) = (.*?);', line)
        if found:
            yield join('.'.join(stack), found[1]), found[2], line.split(' //')[0]


def manual_keys(text):
    """(path, description) of each key in mqttnode.conf(5)."""
    for section, body in re.findall(r'^\.Sh ([\w ]+)\n(.*?)(?=^\.Sh )', text, re.M | re.S):
        if section in SECTIONS:
            for name, item in re.findall(r'^\.It Ic (\w+)\n(.*?)(?=^\.It |^\.El)', body,
                                         re.M | re.S):
                yield join(SECTIONS[section], name), item


def plain(mdoc):
    """The text of a piece of mdoc that holds values."""
    return mdoc.replace(r'\(dq', '"').replace(r'\&', '')


@functools.lru_cache(None) # selftest.py asks for nearly the same a dozen times
def accepted(program, path, line):
    """What the code says against a key set as in line."""
    group, _, name = path.rpartition('.')
    companion = COMPANIONS.get(path, '') if line.strip() != 'method = "dhcp";' else ''
    inner = f'{line} {companion}'
    if group in ('mqtt.publish', 'mqtt.subscribe'):
        if name != 'topic':
            inner += ' topic = "t";'
        if group == 'mqtt.publish' and name not in SOURCES and path not in COMPANIONS:
            inner += ' text = "x";'
        inner = f'{group[5:]}: ( {{ {inner} }} );'
        group = 'mqtt'
    elif group.startswith('mqtt.'):
        inner = f'{group[5:]}: {{ {inner} }};'
        group = 'mqtt'
    if group == 'oled.pages.items':
        inner = f'items: ( {{ {inner} }} );'
        group = 'oled.pages'
    elif group == 'oled.pages' and (name != 'show' or '"items"' in line):
        inner += ' items: ( { text = "x"; } );'
    if group == 'oled.pages':
        inner = f'pages: ( {{ {inner} }} );'
        group = 'oled'
    host = '' if path == 'mqtt.host' else 'host = "h";' + AROUND.get(path, '')
    if group == 'mqtt':
        text = f'mqtt: {{ {host} {inner} }};'
    else:
        text = f'mqtt: {{ {host} }}; ' + (f'{group}: {{ {inner} }};' if group else inner)
        text += OTHER_GROUPS.get(path, '') if 'true' in line else ''
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(text + '\n')
        file.flush()
        result = subprocess.run([program, file.name], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return [f'{text}\n{result.stdout.replace(file.name, path)}']


def compare(keys, found, what):
    """Keys that are missing, shown twice, or not of this version."""
    paths = [path for path, *_ in found]
    return ([f'{path} is not in {what}' for path in keys if path not in paths] +
            [f'{path} is in {what} but not in the code' for path in paths if path not in keys] +
            [f'{path} is in {what} twice' for path in set(paths) if paths.count(path) > 1])


def check_keys(program, conf, manual, report):
    keys, _ = code_keys(program)
    shown = list(conf_keys(conf))
    described = list(manual_keys(manual))
    lists = {'mqtt.publish', 'mqtt.subscribe', 'mqtt.tls', 'oled.pages', 'oled.pages.items'}

    report.case('the code has keys', [] if len(keys) > 20 else [f'only {len(keys)}'])
    report.case('the example shows every key once', compare(keys, shown, 'the example'))
    report.case('the example shows the defaults',
                [f'{path} is shown as {value}, the default is {keys[path]}'
                 for path, value, _ in shown if keys.get(path) and value != keys[path]])
    report.case('every line of the example is accepted',
                [p for path, _, line in shown for p in accepted(program, path, line)])
    described = [(path, item) for path, item in described if path not in lists]
    report.case('the manual describes every key once', compare(keys, described, 'the manual'))

    defaults, examples = [], []
    for path, item in described:
        default = re.search(r'^Default: (.*)\.$', item, re.M)
        if keys.get(path):
            if not default or plain(default[1]) != keys[path]:
                defaults.append(f'{path}: "Default: {keys[path]}." is not there')
        elif not re.search(r'^No default[.:;]', item, re.M):
            defaults.append(f'{path}: "No default." is not there')
        example = re.search(r'^Example:\n\.Dl (.*)$', item, re.M)
        if example:
            examples += accepted(program, path, plain(example[1]))
        else:
            examples.append(f'{path}: no example')
    report.case('the manual names the defaults', defaults)
    report.case('every example of the manual is accepted', examples)

    blocks = re.findall(r'^\.Bd -literal\n(.*?)^\.Ed', manual, re.M | re.S)
    problems = [] if len(blocks) >= 2 else ['fewer than two complete examples']
    for block in blocks:
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(block)
            file.flush()
            result = subprocess.run([program, file.name], capture_output=True, text=True,
                                    check=False)
            problems += [result.stdout] if result.returncode else []
    report.case('the complete examples of the manual are accepted', problems)


def check_variables(root, conf, manual, report):
    template = (root / 'src/base/template.c').read_text(encoding='utf-8')
    names = re.findall(r'\[TEMPLATE_\w+\] = "(\w+)"', template)
    report.case('example and manual name every variable',
                [f'{{{name}}} is not in {where}' for name in names
                 for where, text in (('the example', conf), ('the manual', manual))
                 if f'{{{name}}}' not in text] if names else ['no variable found in the code'])


def check_interface(root, manual, report):
    sources = {path: path.read_text(encoding='utf-8') for path in tap.files(root / 'src', '*.c')}
    everything = '\n'.join(sources.values())
    main = sources.get(root / 'src' / 'main.c', '')
    # log_event(), or a function around it: the event follows the level
    calls = re.findall(r'\bLOG_[A-Z]+,\s*([^,;]*)[,;]', everything)
    what = {
        'option': (r'^\.It (?:.*, )?Fl (?:. , Fl )?-%s\b',
                   re.findall(r'\{ "([a-z-]+)", (?:no|required|optional)_argument', main)),
        'command': (r'^\.It Cm %s\b', re.findall(r'\{ "([a-z]+)", cli_', main)),
        'counter': (r'^\.(?:It )?Ic (?:.* , )?%s\b', re.findall(r'^\tCOUNTER\((\w+)\);',
                                                          everything, re.M)),
        'journal field': (r'^\.It Dv (?:.*, )?(?:Dv )?%s\b',
                          re.findall(r'LOG_FIELD_STR\("([A-Z_]+)"', everything)),
        'event': (r'^\.Sq %s\b',
                  re.findall(r'"MQTTNODE_EVENT", "([a-z-]+)"', everything) +
                  re.findall(r'"([a-z-]+)"', ' '.join(calls))),
    }
    what['signal'] = (r'^\.It (?:.*, )?Dv (?:.*, Dv )?%s\b',
                      re.findall(r'add_signal\([^;]*?\b(SIG[A-Z0-9]+)', everything))
    statuses = (root / 'include/mqttnode/cli.h').read_text(encoding='utf-8')
    what['exit status'] = (r'^\.It %s$', re.findall(r'^\tCLI_\w+ = (\d+),', statuses, re.M))
    for name, (pattern, found) in what.items():
        problems = [f'{word} is not there' for word in sorted(set(found))
                    if not re.search(pattern % re.escape(word), manual, re.M)]
        report.case(f'the manual describes every {name}',
                    problems if found else [f'no {name} found in the code'])


def bodies(source):
    """(name, body) of each function of a C source."""
    return re.findall(r'^[a-z][^;={}]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}', source, re.M | re.S)


def reported(source):
    """The members of the status in report.c: {(group, name)}, its own with the group ""."""
    found = set()
    for function, body in bodies(source):
        if function in ('report_info', 'report_message', 'report_screen') or \
                not function.startswith(('report_', 'add_node')) and not function.endswith('_json'):
            continue
        group = re.sub('^report_status$|^report_|^add_|_json$', '', function)
        # Of two objects in a function the second is below the first.
        inner = dict(re.findall(r'json_object_object_add\(o, "(\w+)", (\w+)\);', body))
        inner = {variable: f'{group}.{name}' for name, variable in inner.items()}
        if group == '':
            inner['log'] = 'log'
        elif group == 'messages':
            inner['answer'] = ''
        for variable, name in re.findall(r'\badd_\w+\((\w+), "(\w+)"|$', body):
            found |= {(inner.get(variable, group), name)} if name else set()
        found |= {(inner.get(variable, group), name) for variable, name in re.findall(
            r'json_object_object_add\((\w+), "(\w+)"', body)}
        for variable, counters in re.findall(r'#define COUNTER\(name\) add_number\((\w+),.*?\n'
                                             r'(.*?)#undef COUNTER', body, re.S):
            found |= {(inner.get(variable, group), name)
                      for name in re.findall(r'COUNTER\((\w+)\)', counters)}
    return found - {('chip', 'counters'), ('mqtt', 'spool')}  # groups themselves


def check_answers(root, manual, report):
    """What "status --json" and "doctor --json" print stands in the part that is about it."""
    section = re.search(r'^\.Sh COUNTERS\n(.*?)^\.Sh ', manual, re.M | re.S)
    head, *rest = re.split(r'^In\n\.Ic ([\w.]+).*\n', section[1] if section else '', flags=re.M)
    parts = {'': head, **dict(zip(rest[::2], rest[1::2]))}
    members = reported((root / 'src/app/report.c').read_text(encoding='utf-8'))
    report.case('the manual describes every member of the status', [
        f'{group}.{name} is not there' for group, name in sorted(members)
        if not re.search(rf'^\.(?:It )?Ic (?:.*[ ,])?{name}\b', parts.get(group, ''), re.M)
    ] if len(members) > 60 else [f'only {len(members)} members found in the code'])

    doctor = (root / 'src/cli/cli_doctor.c').read_text(encoding='utf-8')
    section = re.search(r'^\.Sh DOCTOR\n(.*?)^\.Sh ', manual, re.M | re.S)
    names = {name for function, body in bodies(doctor) if function == 'print_json'
             for name in re.findall(r'_add\w*\(\w+, "(\w+)"|add_string\(\w+, "(\w+)"', body)
             for name in name if name}
    report.case('the manual describes every member of what doctor prints', [
        f'{name} is not there' for name in sorted(names)
        if not section or not re.search(rf'^\.Sq {name}\b', section[1], re.M)
    ] if len(names) > 8 else [f'only {sorted(names)} found in the code'])

    places = re.findall(r'^\t\{ "(\w+)", (\w+) \},', (root / 'src/app/diagnosis.c').read_text(
        encoding='utf-8'), re.M)
    report.case('the manual describes every exit status of doctor', [
        f'{where}: {status} is not there' for where, status in places
        if not section or f'.It {status.replace("EXIT_CONFIGURATION", "78")}\n' not in section[1]
    ] if len(places) > 10 else ['no places found in the code'])


def check_environment(root, manual, report):
    """Every variable of the environment that the code asks for, but its own between processes."""
    sources = '\n'.join(path.read_text(encoding='utf-8')
                        for path in tap.files(root / 'src', '*.c'))
    names = set(re.findall(r'(?:getenv|identity_directory)\("([A-Z_]+)"', sources)) - {'PATH'}
    report.case('the manual describes every environment variable', [
        f'{name} is not there' for name in sorted(names)
        if not re.search(rf'^\.It (?:.*, )?Ev (?:.*, Ev )?{name}\b', manual, re.M)
    ] if len(names) > 4 else [f'only {sorted(names)} found in the code'])


def check_causes(root, manual, report):
    """Every cause is found somewhere, and stands once in the manual, in the same order."""
    header = (root / 'include/mqttnode/cause.h').read_text(encoding='utf-8')
    causes = re.findall(r'X\((\w+),\s*"([a-z0-9-]+)"\)', header)
    section = re.search(r'^\.Sh CAUSES\n(.*?)(?=^\.Sh )', manual, re.M | re.S)
    described = re.findall(r'^\.It Sy ([a-z0-9-]+)$', section[1], re.M) if section else []
    names = [name for _, name in causes]
    report.case('the manual describes every cause once',
                [f'{name} is not in CAUSES' for name in names if name not in described] +
                [f'{name} is in CAUSES but not in the code' for name in described
                 if name not in names] +
                ([] if names == described or set(names) != set(described) else
                 ['not in the order of the code']) if causes else ['no cause in the code'])
    sources = ' '.join(path.read_text(encoding='utf-8') for path in tap.files(root / 'src', '*.c')
                       if path.name != 'findings.c')
    report.case('every cause is found somewhere',
                [f'CAUSE_{cause} is nowhere found' for cause, _ in causes
                 if not re.search(rf'\bCAUSE_{cause}\b', sources)])


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    report = tap.Tap()

    def read(name):
        return (root / name).read_text(encoding='utf-8')

    conf, manual = read('conf/mqttnode.conf'), read('man/mqttnode.conf.5')
    check_keys(program, conf, manual, report)
    check_variables(root, conf, manual, report)
    check_causes(root, read('man/mqttnode.8'), report)
    check_interface(root, read('man/mqttnode.8'), report)
    check_answers(root, read('man/mqttnode.8'), report)
    check_environment(root, read('man/mqttnode.8'), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
