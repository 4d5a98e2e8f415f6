"""Reads [microphone] and [camera]: how a page turns the bot's own devices on and off."""

from __future__ import annotations

from agents.platforms.base import Device
from agents.platforms.file_conditions import conditions, targets
from agents.platforms.file_steps import steps
from agents.platforms.file_table import Table
from agents.platforms.platform_file import Condition, DeviceControl, Step, Target


def device_control(top: Table, device: Device, variables: tuple[str, ...]) -> DeviceControl | None:
    """[microphone] or [camera]. `button` is short for two steps that click it; without `is_off`, it is off while that is there
    and `is_on` does not hold.
    """
    table = top.table(device)
    if table is None:
        return None
    button = targets(table, "button")
    control = DeviceControl(
        is_on=conditions(table, "is_on"),
        is_off=conditions(table, "is_off"),
        refused=conditions(table, "refused"),
        turn_on=steps(table, "turn_on", variables) or _press(button, device, "on", table.where),
        turn_off=steps(table, "turn_off", variables) or _press(button, device, "off", table.where),
    )
    if not control.is_on:
        table.problem("", f'is_on is missing: how to see that the {device} is on, as is_on = "#{device}[aria-pressed=true]"')
    if not (control.turn_on and control.turn_off):
        table.problem(
            "", f'say what turns it on and off: button = "#{device}", or [[{device}.turn_on]] and [[{device}.turn_off]]'
        )
    table.done()
    return control if control.is_off else _off_while_not_on(control, button, table)


def _press(button: tuple[Target, ...], device: Device, wanted: str, where: str) -> tuple[Step, ...]:
    return (Step(f"turn the {device} {wanted}", "click", targets=button, where=where),) if button else ()


def _off_while_not_on(control: DeviceControl, button: tuple[Target, ...], table: Table) -> DeviceControl:
    if not button and control.is_on:
        table.problem(
            "",
            "is_off is missing: how to see that it is off (with button: it is there, and is_on does not hold)",
        )
    off = tuple(Condition(element=target, none=control.is_on, where=table.where) for target in button)
    return DeviceControl(control.is_on, off, control.refused, control.turn_on, control.turn_off)
