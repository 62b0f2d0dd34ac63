"""Options that several commands share; each sets a setting, and takes precedence over its other sources."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from pgraph.app.settings import Settings

_MODEL = ("base_url", "model", "at_once", "temperature", "max_tokens", "timeout")


class Number(click.FloatRange):
    """A number in a range. Refuses "nan", which every comparison would let through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  click's signature
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the model's options; their values go to the session's flags, not to the command."""
    specs = {spec.name: spec for spec in fields(Settings)}
    for name in reversed(_MODEL):
        flag = f"--{name.replace('_', '-')}"
        option = setting_option(flag, metavar=_METAVARS[name], help=specs[name].metadata["help"])
        command = option(command)
    return command


def setting_option(flag: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401  click's own
    """An option that sets the setting of its name: its value goes to the workspace's flags, not to the command."""
    return click.option(flag, expose_value=False, callback=_keep, **attributes)


def other_name(flag: str, setting: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A second flag for a setting that `model_options` has a flag for."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:  # noqa: ARG001  click's signature
        if value is not None:
            ctx.obj.workspace.flags[setting] = value

    text = f"The same as --{setting.replace('_', '-')}."
    return click.option(flag, expose_value=False, callback=keep, metavar=_METAVARS[setting], help=text)


_METAVARS = {
    "base_url": "URL",
    "model": "NAME",
    "at_once": "N",
    "temperature": "T",
    "max_tokens": "N",
    "timeout": "SECONDS",
}


def _keep(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None and parameter.name is not None:
        ctx.obj.workspace.flags[parameter.name] = value
