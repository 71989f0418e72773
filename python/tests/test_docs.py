"""Every example in a docstring works, and every public thing has a docstring."""

import doctest
import inspect
import threading

import eventwire
import eventwire.testing
import pytest

PUBLIC = {
    name: getattr(module, name)
    for module in (eventwire, eventwire.testing)
    for name in module.__all__
}
GLOBALS = PUBLIC | {"threading": threading}
EXAMPLES = [
    test
    for name, public in PUBLIC.items()
    for test in doctest.DocTestFinder().find(public, name, module=False, globs=dict(GLOBALS))
    if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: doctest.DocTest):
    problems: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example, out=problems.append)
    assert not problems, "".join(problems)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "StreamItem"])
def test_docstrings(name: str):
    public = PUBLIC[name]
    members = vars(public).items() if inspect.isclass(public) else ()
    parts = [
        public,
        *(part for key, part in members if not key.startswith("_") and inspect.isroutine(part)),
    ]
    assert all(inspect.getdoc(part) for part in parts)


def test_there_are_examples():
    assert len(EXAMPLES) > 30
