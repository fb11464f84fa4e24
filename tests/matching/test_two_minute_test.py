"""The test shows what it should in an order that tells nothing; its numbers are the known ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, t

from napari_3dmsl.matching.two_minute_test import Answer, Quiz, make_quiz, results_of

RNG = np.random.default_rng(0)
SETS = {
    "real": RNG.integers(0, 255, (12, 96, 96)).astype(np.uint8),
    "simulated": RNG.integers(100, 4000, (9, 96, 96)).astype(np.uint16),
    "others": RNG.random((14, 64, 64)),
}


def shown(quiz: Quiz) -> list[str]:
    return [crop.set_name for crop in quiz.questions]


def test_each_set_is_shown_as_often_and_examples_are_not_asked_for() -> None:
    quiz = make_quiz(SETS, each=5, size=48)
    assert {name: shown(quiz).count(name) for name in SETS} == dict.fromkeys(SETS, 5)
    assert [crop.is_real for crop in quiz.examples] == [True, True, False, False]
    assert {crop.set_name for crop in quiz.examples} == set(SETS)
    asked = {(crop.set_name, crop.name) for crop in quiz.questions}
    assert len(asked) == 15
    assert not asked & {(crop.set_name, crop.name) for crop in quiz.examples}


def test_nothing_but_grey_values_of_one_size_and_kind_is_seen() -> None:
    quiz = make_quiz(SETS, each=5, size=48)
    assert {(crop.grey.shape, crop.grey.dtype.name) for crop in quiz.questions} == {
        ((48, 48), "uint8")
    }


def test_a_seed_gives_the_same_test_and_another_another() -> None:
    first, again, other = (make_quiz(SETS, each=8, size=40, seed=seed) for seed in (1, 1, 2))
    assert all(
        np.array_equal(a.grey, b.grey)
        for a, b in zip(first.questions, again.questions, strict=True)
    )
    assert shown(first) != shown(other)


def test_crops_show_something_as_long_as_there_is_something_to_show() -> None:
    tiles = np.zeros((12, 64, 64))
    tiles[::2, 20:30] = 1
    crops = make_quiz({"real": tiles, "simulated": tiles}, each=4, size=48).questions
    assert all(crop.grey.max() == 255 for crop in crops)
    most = make_quiz({"real": tiles, "simulated": tiles}, each=10, size=48).questions
    assert len(most) == 20


def test_the_order_tells_nothing() -> None:
    first = [make_quiz(SETS, each=3, size=40, seed=seed).questions[0] for seed in range(60)]
    counts = [sum(crop.set_name == name for crop in first) for name in SETS]
    assert all(9 <= count <= 33 for count in counts)  # 20 each, 4 standard deviations at most


@pytest.mark.parametrize(
    ("sets", "options", "message"),
    [
        ({"simulated": SETS["simulated"]}, {}, "needs real images and at least one set"),
        ({"real": SETS["real"]}, {}, "needs real images and at least one set"),
        (SETS, {"size": 128}, "size = 128: expected 32 to 64 pixels"),
        (SETS, {"size": 64, "each": 20}, "12 tiles for 22 crops of 64 × 64 pixels; add images"),
        (SETS, {"size": 64, "each": 0}, "each = 0: expected 1 or more"),
    ],
)
def test_what_makes_no_test_is_refused(sets: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_quiz(sets, **options)


def answer(person: str, number: int, set_name: str, said_real: bool) -> Answer:
    return Answer(person, 0, number, set_name, str(number), said_real, 3.0 + number % 3)


def answers(real: str, simulated: str, person: str = "a") -> list[Answer]:
    """Of letters: r for what was called real, s for simulated."""
    told = [answer(person, n, "real", letter == "r") for n, letter in enumerate(real)]
    return told + [answer(person, n, "simulated", x == "r") for n, x in enumerate(simulated, 50)]


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    found = results_of(answers("rrrrrrrrss", "rrssssssss"))
    right, of = 16, 20
    assert (found.right.count, found.right.of) == (right, of)
    assert np.isclose(found.right.low, beta.ppf(0.025, right, of - right + 1))
    assert np.isclose(found.right.high, beta.ppf(0.975, right + 1, of - right))
    assert str(found.called_real["real"]) == "8 of 10, 80 % [44, 97]"


def test_twenty_right_answers_are_not_by_chance_and_ten_of_twenty_are() -> None:
    assert np.isclose(results_of(answers("r" * 10, "s" * 10)).p_coin, 2 * 0.5**20)
    assert results_of(answers("rs" * 5, "rs" * 5)).p_coin == 1
    nothing = results_of(answers("r" * 10, "s" * 10)).sets_apart[0]
    assert np.isnan(nothing.p)  # nobody was in doubt: no spread to compare with


def test_sets_are_compared_by_welch_on_the_share_of_people_for_each_crop() -> None:
    people = [
        *answers("rrrrs", "rssss", "a"),
        *answers("rrrss", "srsss", "b"),
        *answers("rrsrs", "ssrrs", "c"),
    ]
    found = results_of(people)
    real, simulated = np.array([3, 3, 2, 2, 0]) / 3, np.array([1, 1, 1, 1, 0]) / 3
    parts = [real.var(ddof=1) / 5, simulated.var(ddof=1) / 5]
    statistic = (real.mean() - simulated.mean()) / np.sqrt(sum(parts))
    freedom = sum(parts) ** 2 / sum(part**2 / 4 for part in parts)
    (pair,) = found.sets_apart
    assert (pair.first, pair.second) == ("real", "simulated")
    assert np.isclose(pair.t, statistic)
    assert np.isclose(pair.freedom, freedom)
    assert np.isclose(pair.p, 2 * t.sf(statistic, freedom))
    assert found.people == 3
    assert any(line.startswith("real against simulated: t = ") for line in found.lines())


def test_the_paper_used_the_same_test() -> None:
    """Both of its t-values have their p-value at 11.4 to 11.5 degrees of freedom: Welch's."""
    assert np.isclose(2 * t.sf(2.60, 11.44), 0.0240061769, rtol=1e-3)
    assert np.isclose(2 * t.sf(15.51, 11.5), 4.6e-9, rtol=0.02)


def test_what_programs_read_has_no_nan() -> None:
    told = results_of(answers("r" * 10, "s" * 10)).to_json()
    assert told["t_tests"][0]["p"] is None
    assert told["right"]["share"] == 1


def test_no_answers_tell_nothing() -> None:
    with pytest.raises(ValueError, match="no answers"):
        results_of([])
