"""Features are learnt from tiles with known settings, here such as are known in closed form."""

import numpy as np

from napari_3dmsl.matching.feature_model import FeatureModel, learn, terms


def test_terms_are_one_settings_squares_and_products() -> None:
    found = terms(np.array([[1.0, 0.0], [0.75, 0.5]]))
    assert found.tolist() == [[1, 1, -1, 1, -1, 1], [1, 0.5, 0, 0.25, 0, 0]]


def test_quadratic_features_are_found_and_what_is_left_is_as_large_as_the_noise() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((400, 3))
    x = 2 * shares - 1
    clean = np.stack([1 + 2 * x[:, 0] - x[:, 1] ** 2, 3 * x[:, 0] * x[:, 2]], axis=1)
    noisy = clean + rng.normal(0, 0.2, clean.shape)
    model = learn(shares, noisy, np.ones(400))
    nothing = np.zeros(1, dtype=np.intp)
    new = rng.random((200, 3))
    y = 2 * new - 1
    expected = np.stack([1 + 2 * y[:, 0] - y[:, 1] ** 2, 3 * y[:, 0] * y[:, 2]], axis=1)
    off = terms(new) @ model.coefficients - expected
    assert np.abs(off).max() < 0.15
    assert np.allclose(model.residuals.std(axis=0), 0.2, atol=0.02)
    assert (model.explained > 0.9).all()
    one = model.features(new[:1], nothing)
    assert np.allclose(one, terms(new[:1]) @ model.coefficients + model.residuals[:1])


def test_the_slope_by_settings_is_that_of_differences() -> None:
    rng = np.random.default_rng(5)
    coefficients = rng.normal(size=(terms(np.zeros((1, 3))).shape[1], 4))
    model = FeatureModel(coefficients, np.zeros((1, 4)), np.ones(4))
    shares, by_feature = rng.random((2, 3)), rng.normal(size=(2, 4))
    slope = model.slope(shares, by_feature)
    for tile, setting in np.ndindex(2, 3):
        moved = shares.copy()
        moved[tile, setting] += 1e-6
        rise = ((terms(moved) - terms(shares)) @ coefficients * by_feature).sum() / 1e-6
        assert np.isclose(slope[tile, setting], rise, rtol=1e-4)


def test_noise_alone_is_not_explained() -> None:
    rng = np.random.default_rng(1)
    model = learn(rng.random((60, 6)), rng.normal(size=(60, 4)), np.ones(60))
    assert (model.explained < 0.15).all()


def test_tiles_of_no_weight_do_not_count() -> None:
    rng = np.random.default_rng(2)
    shares = rng.random((80, 2))
    features = shares @ [[1.0], [2.0]]
    wrong = np.concatenate([features, features + 50.0])
    weights = np.concatenate([np.ones(80), np.full(80, 1e-12)])
    model = learn(np.concatenate([shares, shares]), wrong, weights)
    assert np.allclose(terms(shares) @ model.coefficients, features, atol=0.05)
