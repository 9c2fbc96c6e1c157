"""Parameters and data are told apart by name, and what is wrong with the names is said."""

import pytest

from symgrad.errors import InputError
from symgrad.named import check_names

WRONG = [
    ({"a"}, {"a"}, (), "a stands in both data and start"),
    ((), {"a", "b"}, (), "start names no parameter to fit"),
    ({"c"}, {"b"}, (), "start has c, which is not an input of the formula"),
    ({"a"}, {"c"}, (), "data has c, which is not an input of the formula"),
    ({"a"}, (), (), "the input b is in neither data nor start"),
]


@pytest.mark.parametrize(("parameters", "data", "others", "message"), WRONG)
def test_wrong_names(parameters: set[str], data: set[str], others: set[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_names("a + b", ("a", "b"), parameters, data, others)
    assert str(caught.value).startswith(message)


def test_others_need_not_be_inputs() -> None:
    check_names("a + b", ("a", "b"), {"a"}, (), {"b", "t"})
