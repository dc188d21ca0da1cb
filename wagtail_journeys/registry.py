"""A table of named kinds (steps, conditions, triggers) that a host site can add to."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from django.utils.module_loading import autodiscover_modules

from .exceptions import DuplicateKey, UnknownKey

T = TypeVar("T")


class Registry(Generic[T]):
    """Kinds by key, in the order in which they were registered.

    ``module`` is the name of the module that a host app may have (``journey_steps``); it is imported from every
    installed app the first time that somebody looks into the registry. ``package`` is the dotted path of our own kinds:
    every module in it is imported, so that adding a kind is adding a file.
    """

    def __init__(self, what: str, module: str, package: str) -> None:
        self.what = what
        self.module = module
        self.package = package
        self._kinds: dict[str, T] = {}
        self._discovered = False

    def register(self, kind: type[T]) -> type[T]:
        """Class decorator: add an instance of ``kind`` under its ``key``.

        Raises DuplicateKey where another class has the key already.
        """
        key: str = kind.key  # type: ignore[attr-defined]
        if not key:
            raise DuplicateKey(f"{kind.__module__}.{kind.__qualname__} has no key.")
        present = self._kinds.get(key)
        if present is not None:
            raise DuplicateKey(
                f"Two {self.what}s are called {key!r}: {type(present).__module__}.{type(present).__qualname__} and "
                f"{kind.__module__}.{kind.__qualname__}. Give one of them another key."
            )
        self._kinds[key] = kind()
        return kind

    def unregister(self, key: str) -> None:
        """Take a kind out again (tests, and sites that want to hide one of ours)."""
        self._kinds.pop(key, None)

    def discover(self) -> None:
        if not self._discovered:
            self._discovered = True
            package = importlib.import_module(self.package)
            for found in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{found.name}")
            autodiscover_modules(self.module)

    def __getitem__(self, key: str) -> T:
        """Raises UnknownKey with the keys there are."""
        self.discover()
        try:
            return self._kinds[key]
        except KeyError:
            known = ", ".join(sorted(self._kinds)) or "none"
            raise UnknownKey(f"No {self.what} is called {key!r}. Known: {known}.") from None

    def __contains__(self, key: object) -> bool:
        self.discover()
        return key in self._kinds

    def __iter__(self) -> Iterator[T]:
        self.discover()
        return iter(list(self._kinds.values()))

    def items(self) -> list[tuple[str, T]]:
        self.discover()
        return list(self._kinds.items())
