"""A plan laid out for running: flat lists of integers, and how long is left from any point."""

from inversion_table.safety import limits
from inversion_table.session import profile


class Program:
    """A checked plan, ready for the sequencer; built in the background, never in the tick.

    It keeps what the plan says, but not the plan: session/plan.py is in memory only at times.
    """

    def __init__(self, plan, acceleration_mdeg_per_s2: int) -> None:
        self.plan_id = plan.plan_id()
        self.name = plan.name
        self.return_rate_mdeg_per_s = plan.return_rate_mdeg_per_s
        self.rest_ms = plan.rest_ms
        self.tilt_mdeg: list = []
        self.rate_mdeg_per_s: list = []
        self.hold_ms: list = []
        self.set_first: list = []
        self.set_count: list = []
        self.set_times: list = []
        self.step_line: list = []
        self.set_line: list = []
        self.step_total = 0
        for step_set in plan.sets:
            self.set_first.append(len(self.tilt_mdeg))
            self.set_count.append(len(step_set.steps))
            self.set_times.append(step_set.times)
            self.set_line.append(step_set.line)
            self.step_total += len(step_set.steps) * step_set.times
            for step in step_set.steps:
                self.tilt_mdeg.append(step.tilt_mdeg)
                self.rate_mdeg_per_s.append(step.rate_mdeg_per_s)
                self.hold_ms.append(step.hold_ms)
                self.step_line.append(step.line)
        self._acceleration = acceleration_mdeg_per_s2
        self._pass_ms = [self._pass_after(index, -1) for index in range(len(self.set_first))]
        self._later_ms = [0] * len(self.set_first)
        for index in range(len(self.set_first) - 1, 0, -1):
            self._later_ms[index - 1] = self._later_ms[index] + self._set_ms(index)
        return_ms = 0
        for segment in profile.return_segments(
            self.tilt_mdeg[-1], plan, acceleration_mdeg_per_s2, 0
        ):
            return_ms += segment.duration_ms
        self._return_ms = return_ms

    def step_ms(self, index: int, from_mdeg: int) -> int:
        """Time of a step (`index` in the lists above) that begins at `from_mdeg`."""
        distance_mdeg = abs(self.tilt_mdeg[index] - from_mdeg)
        rate = self.rate_mdeg_per_s[index]
        return profile.move_ms(distance_mdeg, rate, self._acceleration) + self.hold_ms[index]

    def _pass_after(self, set_index: int, step_index: int) -> int:
        """Time of the steps after `step_index` of one pass; a pass begins where the last ended."""
        first = self.set_first[set_index]
        total_ms = 0
        for offset in range(step_index + 1, self.set_count[set_index]):
            before = offset - 1 if offset else self.set_count[set_index] - 1
            total_ms += self.step_ms(first + offset, self.tilt_mdeg[first + before])
        return total_ms

    def _set_ms(self, set_index: int) -> int:
        """Time of a whole set, from where the set before it ends."""
        first = self.set_first[set_index]
        return (
            self.step_ms(first, self.tilt_mdeg[first - 1])
            + self._pass_after(set_index, 0)
            + (self.set_times[set_index] - 1) * self._pass_ms[set_index]
        )

    def return_left_ms(self, here_mdeg: int, rest_left_ms: int) -> int:
        """Time of the way home from `here_mdeg`, with what is left of the rest at horizontal."""
        down_mdeg = max(0, here_mdeg)
        up_mdeg = min(0, here_mdeg) - limits.HOME_TILT_MDEG
        rate = self.return_rate_mdeg_per_s
        return (
            profile.move_ms(down_mdeg, rate, self._acceleration)
            + rest_left_ms
            + profile.move_ms(up_mdeg, rate, self._acceleration)
        )

    def left_ms(
        self, set_index: int, pass_index: int, step_index: int, held_ms: int, here_mdeg: int
    ) -> int:
        """Time to home from inside a step: what is left of it, of the plan, and the return."""
        index = self.set_first[set_index] + step_index
        total_ms = self.step_ms(index, here_mdeg) - held_ms
        total_ms += self._pass_after(set_index, step_index)
        total_ms += (self.set_times[set_index] - pass_index - 1) * self._pass_ms[set_index]
        return max(0, total_ms) + self._later_ms[set_index] + self._return_ms
