"""Configurations set up as other programs are (`config.programs`)."""

from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.config.overrides import override
from w2vjax.config.programs import PRESETS, Fields
from w2vjax.config.schema import RunConfig, flatten
from w2vjax.errors import unknown


def fields_of(name: str, config: RunConfig) -> Fields:
    """What a preset sets in a configuration of this architecture and output layer.

    Raises `InputError` for an unknown name.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    preset = PRESETS[name]
    fields = preset.fields
    if fields.get("train.architecture", config.train.architecture) == "cbow":
        fields |= preset.cbow
    layer = fields.get("output.layer", config.output.layer)
    if layer in LAYERS and layer_class(layer).is_tree:
        fields |= preset.trees
    return fields


def apply(name: str, config: RunConfig, unless: RunConfig | None = None) -> RunConfig:
    """The configuration with a preset's fields; every other field stays as it is.

    So do fields in which the configuration differs from `unless`: what a user chose. Raises
    `InputError` for an unknown name.
    """
    fields = fields_of(name, config)
    if unless is not None:
        chosen, usual = flatten(config), flatten(unless)
        fields = {path: value for path, value in fields.items() if chosen[path] == usual[path]}
    return override(config, fields)
