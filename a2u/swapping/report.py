"""What happened to each place of a network."""

from dataclasses import dataclass
from typing import NamedTuple


class Change(NamedTuple):
    """One place. Where it was left, `now` is empty and `why` says the reason."""

    place: str  #: the module, and for a function the number of its call
    was: str  #: what upsampled there
    now: str = ""  #: the operator that does it now, or nothing
    why: str = ""  #: why it was left, or what else was done
    ratio: int = 0
    channels: str = ""  #: of the map, or of the maps of several calls
    guide: str = ""  #: the value in the network that the operator is guided by
    parameters: int = 0  #: how many more than before
    multiply_adds: int = 0  #: of one run on the example: convolutions that make the kernel, and wᵀz


@dataclass(frozen=True)
class Report:
    """Every place of a network, replaced or left; print it."""

    operator: str
    changes: tuple[Change, ...]

    @property
    def replaced(self) -> list[Change]:
        """The places that the operator has now."""
        return [change for change in self.changes if change.now]

    @property
    def left(self) -> list[Change]:
        """The places that are as they were."""
        return [change for change in self.changes if not change.now]

    def __str__(self) -> str:
        lines = [f"{self.operator}: {len(self.replaced)} of {len(self.changes)} places replaced"]
        for change in self.changes:
            if change.now:
                guide = f", guided by {change.guide}" if change.guide else ""
                lines.append(
                    f"  {change.place}: {change.was} → {change.now}, ratio {change.ratio}, {change.channels} channels"
                    f"{guide}; {change.parameters:+,} parameters, {change.multiply_adds:,} multiply-adds"
                    + (f" ({change.why})" if change.why else "")
                )
            else:
                lines.append(f"  {change.place}: {change.was} left: {change.why}")
        return "\n".join(lines)
