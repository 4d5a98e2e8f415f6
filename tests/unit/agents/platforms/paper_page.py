"""A page on paper: says which selectors and texts are there, and reports as the observer would."""

from __future__ import annotations

from typing import Any

from agents.platforms.base import Observation
from agents.platforms.classifier import Classifier
from agents.platforms.facts import Facts
from agents.platforms.file_reader import read_text
from agents.platforms.people_list import PeopleList
from agents.platforms.platform_file import People, PlatformFile
from agents.platforms.program import Program, compile_file

MATCH = '[match]\nurls = ["https://meet.example.org/*"]\n'


class PaperPage:
    """Evidence of a platform file, classified; the test moves the clock."""

    def __init__(self, evidence: str | PlatformFile) -> None:
        """By a whole file, or by what stands below [evidence] in one."""
        file = read_text(f"{MATCH}\n[evidence]\n{evidence}") if isinstance(evidence, str) else evidence
        self.program: Program = compile_file(file)
        self.facts = Facts(len(self.program.atoms))
        self.people = PeopleList(self.program.file.people or People())
        self.facts.others = self.people.others
        self.classifier = Classifier.of(self.program.evidence)
        self.now = 1000.0
        self.wake: float | None = None
        self.seen: list[Observation] = []

    def shows(
        self,
        *there: str,
        frame: str = "top1",
        ready: bool = True,
        texts: dict[str, str] | None = None,
        people: list[dict[str, str]] | None = None,
    ) -> list[str]:
        """What the page holds now: selectors, texts, titles, expressions, names of counters. The states that came of it."""
        atoms: list[Any] = [self._count(atom, there, texts or {}) for atom in self.program.atoms]
        report = {"frame": frame, "top": frame.startswith("top"), "ready": ready, "atoms": atoms, "people": people}
        assert self.facts.receive(report, self.now)
        return self._step()

    def after(self, seconds: float) -> list[str]:
        """Time goes by, and nothing is reported; as the engine does, the classifier is asked when it wished to be."""
        end = self.now + seconds
        states = []
        while self.wake is not None and self.wake <= end:
            self.now = self.wake
            states += self._step()
        self.now = end
        return states

    def _step(self) -> list[str]:
        observation, self.wake = self.classifier.step(self.facts, self.now)
        if observation is None:
            return []
        self.seen.append(observation)
        return [observation.state.value]

    def _count(self, atom: dict[str, Any], there: tuple[str, ...], texts: dict[str, str]) -> Any:
        said = (atom.get("css"), atom.get("name"), atom.get("id"), *atom.get("text", ()), *atom.get("any", ()))
        found = sum(there.count(one) for one in said if one)
        words = next((texts[one] for one in said if one in texts), "")
        return [found, words] if words else found
