"""`itable doctor`: a look at everything, and what to do about each."""

import typer

from itable.options import Json, Port
from itable.output import out, print_json


def doctor(port: Port = None, json: Json = False) -> None:
    """Look at cable, port, versions, calibration, clock, log, supply, switches, sensors and more.

    Says what to do about each that is not well. It moves nothing and changes nothing, and works
    with nothing plugged in, too. Ends with 0 when nothing is to be done.
    """
    from itable.care.doctor import examine
    from itable.care.findings import exit_code

    found = []
    for each in examine(port):
        found.append(each)
        if not json:
            from itable.screen.doctor import finding

            out().print(finding(each))
    code = exit_code(found)
    if json:
        print_json({"checks": [each.to_dict() for each in found], "exit_code": code})
    else:
        from itable.screen.doctor import summary

        out().print(summary(found))
    raise typer.Exit(code)
