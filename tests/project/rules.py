"""The project's rules about its own source: each takes the sources and returns what breaks it."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("firmware", "host_tools", "hil_tests", "tests")
FIRMWARE = "firmware/"
PACKAGE = "firmware/inversion_table/"

# Pure: the same bits on CPython and on MicroPython, and no way to the hardware or to the clock.
PURE_PACKAGES = ("safety", "session", "estimation", "contract")
PURE_LIBRARY = {"array", "binascii", "collections", "hashlib", "json", "struct"}
# What the firmware may use of MicroPython. Not in the list: what only CPython has (dataclasses,
# enum, typing, abc), floats (math), what a controller has no business with (network, _thread).
DEVICE_LIBRARY = PURE_LIBRARY | {
    *("chooser", "deflate", "errno", "gc", "io", "machine", "micropython", "os", "rp2"),
    *("select", "sys", "time", "uctypes", "vfs"),
}
# All that the host may take from the firmware: what both sides must compute alike.
SHARED_WITH_HOST = (
    "inversion_table.chooser",
    "inversion_table.contract",
    "inversion_table.session.plan",
    "inversion_table.session.profile",
    "inversion_table.safety.limits",
    "inversion_table.estimation.calibration",
    "inversion_table.estimation.rest",
    "inversion_table.estimation.table_calibration",
)
# Only the tick, and what builds it, hands decisions to the motor.
MAY_USE_ACTUATION = ("app.py", "board.py", "actuation/")

KERNEL = "firmware/inversion_table/safety/kernel.py"
KERNEL_MAX_LINES = 400


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the project's root, with slashes, and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The name that it is imported by."""
        parts = list(Path(self.path).with_suffix("").parts)
        if parts[0] in ("firmware", "host_tools", "hil_tests"):
            del parts[0]
        if parts[-1] == "__init__":
            del parts[-1]
        return ".".join(parts)

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        if self.path.endswith("__init__.py"):
            return self.module
        return self.module.rpartition(".")[0]

    def at(self, node: ast.AST, text: str) -> str:
        """A finding at a place in this file."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {text}"


def read_source(path: str, text: str) -> Source:
    """A source from its text; raises SyntaxError."""
    return Source(path, text, ast.parse(text, path))


def read_sources(root: Path) -> list[Source]:
    """Every Python file of the project under `root`."""
    return [
        read_source(file.relative_to(root).as_posix(), file.read_text("utf-8"))
        for folder in FOLDERS
        for file in sorted((root / folder).rglob("*.py"))
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
    ]


# --- reading imports and calls ---------------------------------------------------------------


def imports(source: Source) -> Iterator[tuple[ast.AST, str, str | None]]:
    """Every import, wherever it stands: the node, the module, and the name taken from it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = source.package.split(".")
                base = base[: len(base) - (node.level - 1)]
                module = ".".join([*base, module] if module else base)
            for alias in node.names:
                yield node, module, alias.name


def imported_modules(source: Source, modules: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Every imported module; `from a import b` is a.b where that is one of `modules`, else a."""
    for node, module, name in imports(source):
        inner = f"{module}.{name}"
        yield node, inner if name and inner in modules else module


def is_in(module: str, package: str) -> bool:
    """Whether `module` is `package` or lies in it."""
    return module == package or module.startswith(package + ".")


def parents(module: str) -> list[str]:
    """The packages that `module` lies in, innermost first."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def aliases(source: Source) -> dict[str, str]:
    """What a bare name stands for, after the file's imports: {"P": "machine.Pin"}."""
    found = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    """The full dotted name of an expression such as `machine.Pin`, or an empty string."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, known)
        return f"{base}.{node.attr}" if base else ""
    return ""


def root_name(node: ast.expr) -> str:
    """The bare name that an expression such as `numpy.random.rand` begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def in_folders(source: Source, *folders: str) -> bool:
    """Whether the file lies under one of the folders (or is one of the files)."""
    return source.path.startswith(folders)


def in_pure_package(source: Source) -> bool:
    """Whether the file lies in one of the firmware's pure packages."""
    return in_folders(source, *(f"{PACKAGE}{name}/" for name in PURE_PACKAGES))


# --- the rules -------------------------------------------------------------------------------


def safety_imports_only_itself(sources: list[Source]) -> list[str]:
    """The last gate before the motor depends on nothing that it does not own."""
    return [
        source.at(node, f"safety/ imports only itself, not {module}")
        for source in sources
        if in_folders(source, PACKAGE + "safety/")
        for node, module, name in imports(source)
        if not is_in(module, "inversion_table.safety")
        and (module, name) != ("inversion_table", "safety")
    ]


def pure_packages_stay_pure(sources: list[Source]) -> list[str]:
    """Nothing that a pure package reaches, by whatever way, touches hardware or clock."""
    firmware = {source.module: source for source in sources if in_folders(source, FIRMWARE)}
    modules = set(firmware)
    findings = []
    for start in firmware.values():
        if not in_pure_package(start):
            continue
        seen = {start.module}
        todo = [(start, start.module)]
        while todo:
            source, way = todo.pop()
            for node, module in imported_modules(source, modules):
                if is_in(module, "inversion_table"):
                    for name in [module, *parents(module)]:  # an import runs its parents as well
                        if name in firmware and name not in seen:
                            seen.add(name)
                            todo.append((firmware[name], f"{way} -> {name}"))
                elif module not in PURE_LIBRARY:
                    findings.append(source.at(node, f"{way} must be pure, but imports {module}"))
    return findings


def session_never_imports_actuation(sources: list[Source]) -> list[str]:
    """Who wishes, measures, talks or records has no hand on the motor."""
    return [
        source.at(node, "only app.py, board.py and actuation/ itself may import actuation/")
        for source in sources
        if in_folders(source, PACKAGE)
        and not in_folders(source, *(PACKAGE + allowed for allowed in MAY_USE_ACTUATION))
        for node, module, name in imports(source)
        if is_in(f"{module}.{name}" if name else module, "inversion_table.actuation")
    ]


def host_takes_only_what_is_shared(sources: list[Source]) -> list[str]:
    """The host tool knows the device by its contract, not by its inside."""
    modules = {source.module for source in sources}
    findings = []
    for source in sources:
        if not in_folders(source, "host_tools/"):
            continue
        for node, module, name in imports(source):
            if not is_in(module, "inversion_table"):
                continue
            full = f"{module}.{name}" if name and f"{module}.{name}" in modules else module
            inner = f"{module}.{name}" if name else module
            if any(is_in(full, shared) or inner == shared for shared in SHARED_WITH_HOST):
                continue
            if module == "inversion_table" and name in (None, "VERSION"):
                continue
            findings.append(source.at(node, f"the host may not take {inner} from the firmware"))
    return findings


def firmware_uses_only_what_the_chip_has(sources: list[Source]) -> list[str]:
    """An import that works on CPython alone would be found out on the chip, at boot."""
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE):
            continue
        for node, module, _ in imports(source):
            if not is_in(module, "inversion_table") and module not in DEVICE_LIBRARY:
                findings.append(source.at(node, f"{module} is not for the firmware"))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and node.id == "__import__":
                findings.append(source.at(node, "__import__ hides an import from these rules"))
    return findings


def firmware_counts_in_integers(sources: list[Source]) -> list[str]:
    """Floats allocate on the chip, and do not give the same bits everywhere."""
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
                findings.append(source.at(node, f"{node.value!r} is not an integer"))
            elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
                findings.append(source.at(node, "/ makes a float; // does not"))
            elif isinstance(node, ast.Name) and node.id in ("float", "complex"):
                findings.append(source.at(node, f"{node.id} in the firmware"))
            elif isinstance(node, ast.Attribute) and node.attr in ("truediv", "__truediv__"):
                findings.append(source.at(node, f"{node.attr} in the firmware"))
        for node, module, _ in imports(source):
            if module in ("math", "cmath", "umath", "ucmath"):
                findings.append(source.at(node, f"{module} computes in floats"))
    return findings


_MOTOR_OR_RELAY = re.compile(r"MOTOR|HEARTBEAT|RELAY(?!_MIRROR)", re.IGNORECASE)
_PERIPHERALS = {
    f"machine.{name}" for name in ("Pin", "PWM", "ADC", "I2C", "SoftI2C", "SPI", "UART")
}


def _pin_arguments(call: ast.Call) -> list[ast.expr]:
    wanted = {"id", "sda", "scl", "tx", "rx", "sck", "mosi", "miso", "pin", "dest"}
    named = [word.value for word in call.keywords if word.arg in wanted]
    return [*call.args[:1], *named]


def only_the_board_knows_pin_numbers(sources: list[Source]) -> list[str]:
    """A number of a pin or a bus stands in board.py alone: elsewhere not even under a name."""
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE) or source.path == PACKAGE + "board.py":
            continue
        known = aliases(source)
        numbers = {
            target.id
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, int | str)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            peripheral = dotted(node.func, known)
            if peripheral not in _PERIPHERALS:
                continue
            for argument in _pin_arguments(node):
                literal = isinstance(argument, ast.Constant) and argument.value is not None
                if literal or (isinstance(argument, ast.Name) and argument.id in numbers):
                    text = f"{peripheral}({ast.unparse(argument)}): only board.py knows pin numbers"
                    findings.append(source.at(node, text))
    return findings


def only_actuation_holds_motor_and_relay(sources: list[Source]) -> list[str]:
    """Outside actuation/ and board.py no motor, relay or heartbeat pin is made or written."""
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE):
            continue
        if in_folders(source, PACKAGE + "actuation/", PACKAGE + "board.py"):
            continue
        known = aliases(source)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func, known)
            if name in _PERIPHERALS:
                text = " ".join(ast.unparse(argument) for argument in node.args)
                if _MOTOR_OR_RELAY.search(text):
                    findings.append(source.at(node, f"{ast.unparse(node)} outside actuation/"))
            elif isinstance(node.func, ast.Attribute):
                pin = ast.unparse(node.func.value)
                writes = node.func.attr in (
                    "duty_u16",
                    "duty_ns",
                    "on",
                    "off",
                    "toggle",
                    "high",
                    "low",
                )
                writes = writes or (node.func.attr in ("value", "init") and bool(node.args))
                if writes and _MOTOR_OR_RELAY.search(pin):
                    findings.append(source.at(node, f"{ast.unparse(node)} outside actuation/"))
    return findings


def kernel_is_small(sources: list[Source]) -> list[str]:
    """What must be proved must be short enough to be read."""
    return [
        f"{source.path}:{KERNEL_MAX_LINES + 1}: {lines} lines, at most {KERNEL_MAX_LINES}"
        for source in sources
        if source.path == KERNEL and (lines := len(source.text.splitlines())) > KERNEL_MAX_LINES
    ]


_WALL_CLOCK = {
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.mktime", "time.ctime"),
    *("time.strftime", "machine.RTC", "datetime.datetime.now", "datetime.datetime.utcnow"),
    *("datetime.datetime.today", "datetime.date.today"),
}


# A session's log carries the date for people, where a host has set the clock.
# The board hands the real-time clock to what compares it with the other clocks, and may set it.
_MAY_KNOW_THE_DATE = (
    (PACKAGE + "board.py", "unix_time_s"),
    (PACKAGE + "board.py", "rtc_s"),
    (PACKAGE + "board.py", "set_clock"),
)


def nothing_depends_on_wall_time(sources: list[Source]) -> list[str]:
    """The date is wrong after a power cut, and jumps: firmware, benches and tests do without it."""
    findings = []
    for source in sources:
        if in_folders(source, "host_tools/", "tools/"):
            continue
        known = aliases(source)
        stamp = {
            inner
            for node in ast.walk(source.tree)
            if isinstance(node, ast.FunctionDef) and (source.path, node.name) in _MAY_KNOW_THE_DATE
            for inner in ast.walk(node)
        }
        for node in ast.walk(source.tree):
            if node in stamp:
                continue
            if not isinstance(node, ast.Name | ast.Attribute) or root_name(node) not in known:
                continue
            if dotted(node, known) in _WALL_CLOCK:
                findings.append(source.at(node, f"{dotted(node, known)} depends on the date"))
    return findings


def randomness_is_seeded(sources: list[Source]) -> list[str]:
    """The same run twice is the same run: a generator is made with a seed, never used bare."""
    findings = []
    makers = {"random.Random", "random.seed", "numpy.random.default_rng"}
    makers |= {
        f"numpy.random.{name}" for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
    }
    harmless = {"numpy.random.Generator", "numpy.random.SeedSequence"}
    bare = re.compile(r"(numpy\.)?random\.\w+|os\.urandom|secrets\.\w+|uuid\.uuid[14]")
    for source in sources:
        if not in_folders(source, "hil_tests/", "tests/"):
            continue
        known = aliases(source)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func, known)
            if name in makers:
                seeds = [*node.args, *(word.value for word in node.keywords)]
                if not seeds or (isinstance(seeds[0], ast.Constant) and seeds[0].value is None):
                    findings.append(source.at(node, f"{name}() without a seed"))
            elif name in harmless:
                continue
            elif bare.fullmatch(name) and root_name(node.func) in known:
                findings.append(source.at(node, f"{name} has no seed of its own"))
    return findings


def a_package_says_in_a_sentence_what_belongs_there(sources: list[Source]) -> list[str]:
    """The first question of a newcomer, answered where he looks."""
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE, "host_tools/", "hil_tests/"):
            continue
        if not source.path.endswith("/__init__.py"):
            continue
        sentence = ast.get_docstring(source.tree) or ""
        if not sentence.endswith(".") or len(sentence) < 20 or "\n\n" in sentence:
            findings.append(source.at(source.tree, "no sentence that says what belongs here"))
    return findings


Rule = Callable[[list[Source]], list[str]]


def machine_code_changes_no_variable_by_looking_at_it(sources: list[Source]) -> list[str]:
    """Viper functions apply `-` and `~` to no variable: MicroPython writes the result into it.

    Only `x = -x` does what it says.
    """
    findings = []
    for source in sources:
        if not in_folders(source, FIRMWARE):
            continue
        for function in ast.walk(source.tree):
            if not isinstance(function, ast.FunctionDef) or not any(
                ast.unparse(decorator) == "micropython.viper"
                for decorator in function.decorator_list
            ):
                continue
            meant = [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                and isinstance(node.value, ast.UnaryOp)
                and [ast.unparse(target) for target in node.targets]
                == [ast.unparse(node.value.operand)]
            ]
            findings += [
                source.at(node, f"{ast.unparse(node)} changes {ast.unparse(node.operand)} in viper")
                for node in ast.walk(function)
                if isinstance(node, ast.UnaryOp)
                and isinstance(node.op, (ast.Invert, ast.USub))
                and isinstance(node.operand, ast.Name)
                and not node.operand.id.isupper()
                and node not in meant
            ]
    return findings


RULES: tuple[Rule, ...] = (
    safety_imports_only_itself,
    pure_packages_stay_pure,
    session_never_imports_actuation,
    host_takes_only_what_is_shared,
    firmware_uses_only_what_the_chip_has,
    firmware_counts_in_integers,
    only_the_board_knows_pin_numbers,
    only_actuation_holds_motor_and_relay,
    kernel_is_small,
    machine_code_changes_no_variable_by_looking_at_it,
    nothing_depends_on_wall_time,
    randomness_is_seeded,
    a_package_says_in_a_sentence_what_belongs_there,
)
